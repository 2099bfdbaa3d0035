"""How bad it is: states mapped to the statuses of the Monitoring Plugins guidelines."""

from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple, Optional

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.errors import ParseError
from check_ipsec.model.unread import ADDITIONS, UnreadLine
from check_ipsec.truth.observe import Observation
from check_ipsec.truth.verdict import State, Verdict

HARMLESS = ("Status", ADDITIONS)
JUDGED = (Expectation.REQUIRED, Expectation.ON_DEMAND)
BAD = (State.NOT_CONNECTED, State.UNVERIFIED, State.CONNECTING)


class Severity(IntEnum):
    """The exit statuses of a plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class Mapping(NamedTuple):
    """Which severity a state has.

    ``cleartext`` is that of a connection whose traffic leaves in clear text, whatever its
    state, ``stale`` that of one that charon has loaded or negotiated otherwise than
    ipsec.conf has it. While charon is younger than ``grace`` seconds, nothing that charon
    says of a connection is worse than a warning.
    """

    connecting: Severity = Severity.WARNING
    not_connected: Severity = Severity.CRITICAL
    cleartext: Severity = Severity.CRITICAL
    stale: Severity = Severity.WARNING
    grace: float = 0.0


class Counts(NamedTuple):
    """How many connections are in each state.

    ``judged`` are those required and on demand, and any other that is not as it
    should be. ``cleartext`` is None where the kernel is not known. ``unlisted`` are those
    that charon holds and ipsec.conf does not name.
    """

    judged: int
    established: int
    connecting: int
    not_connected: int
    unverified: int
    on_demand: int
    clients: int
    ignored: int
    stale: int
    unlisted: int
    cleartext: Optional[int]

    @property
    def not_established(self) -> int:
        """The number that thresholds are compared with."""
        return self.connecting + self.not_connected + self.unverified


def count(observation: Observation) -> Counts:
    """The counts over all connections that were asked for."""
    verdicts = observation.verdicts
    by_state = Counter(verdict.state for verdict in verdicts)
    kernel_known = observation.kernel_asked and not observation.kernel_error
    return Counts(
        judged=sum(is_judged(verdict) for verdict in verdicts),
        established=by_state[State.ESTABLISHED],
        connecting=by_state[State.CONNECTING],
        not_connected=by_state[State.NOT_CONNECTED],
        unverified=by_state[State.UNVERIFIED],
        on_demand=by_state[State.ON_DEMAND],
        clients=by_state[State.CLIENTS],
        ignored=by_state[State.IGNORED],
        stale=sum(verdict.stale for verdict in verdicts),
        unlisted=observation.unlisted.number(),
        cleartext=sum(verdict.cleartext is True for verdict in verdicts) if kernel_known else None,
    )


def is_judged(verdict: Verdict) -> bool:
    """Whether the connection is one of those that the counts are a part of."""
    return verdict.expectation in JUDGED or verdict.state in BAD


def beyond_thresholds(observation: Observation) -> bool:
    """Whether it is CRITICAL by itself: no charon, or nothing that could be healthy."""
    judged = any(verdict.state is not State.IGNORED for verdict in observation.verdicts)
    return observation.daemon_error is not None or not judged


def worst(observation: Observation, mapping: Mapping) -> Severity:
    """The severity of the worst state, thresholds aside."""
    if beyond_thresholds(observation):
        return Severity.CRITICAL
    return max(severity_of(verdict.state, observation, mapping) for verdict in observation.verdicts)


def severity_of(state: State, observation: Observation, mapping: Mapping) -> Severity:
    """The severity of one state."""
    if state is State.CONNECTING:
        return mapping.connecting
    if state is State.UNVERIFIED:
        return Severity.WARNING
    if state is not State.NOT_CONNECTED:
        return Severity.OK
    return graced(mapping.not_connected, observation, mapping)


def graced(severity: Severity, observation: Observation, mapping: Mapping) -> Severity:
    """At most a warning while charon is young."""
    uptime = observation.status and observation.status.daemon.uptime
    young = uptime is not None and uptime < mapping.grace
    return min(severity, Severity.WARNING) if young else severity


def least(observation: Observation, mapping: Mapping) -> Severity:
    """What no threshold and no mapping of states may go below.

    Traffic in clear text, and what differs from ipsec.conf, have a status of their own. A
    line that may hold a state was not understood: a warning. The kernel's text was cut:
    nothing good can be said.
    """
    if observation.daemon_error:
        return Severity.CRITICAL
    found = [Severity.OK]
    if isinstance(observation.kernel_error, ParseError):
        found.append(Severity.UNKNOWN)
    if any(verdict.cleartext for verdict in observation.verdicts):
        found.append(graced(mapping.cleartext, observation, mapping))
    if any(verdict.stale for verdict in observation.verdicts):
        found.append(mapping.stale)
    if any(not_understood(observation)):
        found.append(Severity.WARNING)
    return Severity.CRITICAL if Severity.CRITICAL in found else max(found)


def not_understood(observation: Observation) -> Iterator[UnreadLine]:
    """The lines of charon and of the kernel that no grammar knows, but those of the head."""
    if observation.status:
        yield from (line for line in observation.status.unread if line.section not in HARMLESS)
    if observation.kernel:
        yield from observation.kernel.lines


def overall(severity: Severity, floor: Severity) -> Severity:
    """The worse of the two; what is CRITICAL for certain stays so beside UNKNOWN."""
    return Severity.CRITICAL if Severity.CRITICAL in (severity, floor) else max(severity, floor)
