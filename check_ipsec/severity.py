"""How bad it is: states mapped to the statuses of the Monitoring Plugins guidelines."""

from collections import Counter
from enum import IntEnum
from typing import NamedTuple

from check_ipsec.errors import ParseError
from check_ipsec.expectation import Expectation
from check_ipsec.observe import Observation
from check_ipsec.verdict import State, Verdict

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

    While charon is younger than ``grace`` seconds, nothing that charon says of a
    connection is worse than a warning.
    """

    connecting: Severity = Severity.WARNING
    not_connected: Severity = Severity.CRITICAL
    grace: float = 0.0


class Counts(NamedTuple):
    """How many connections are in each state.

    ``judged`` are those required and on demand, and any other that is not as it
    should be. ``cleartext`` is None where the kernel is not known.
    """

    judged: int
    established: int
    connecting: int
    not_connected: int
    unverified: int
    on_demand: int
    clients: int
    ignored: int
    cleartext: int | None

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
    daemon = observation.status and observation.status.daemon
    young = daemon is not None and daemon.uptime < mapping.grace
    return min(severity, Severity.WARNING) if young else severity


def least(observation: Observation) -> Severity:
    """What no threshold and no mapping may go below.

    A line that may hold a state was not understood: a warning. The kernel's text
    was not understood: nothing good can be said.
    """
    if observation.daemon_error:
        return Severity.CRITICAL
    if isinstance(observation.kernel_error, ParseError):
        return Severity.UNKNOWN
    if observation.status and any(line.section != "Status" for line in observation.status.unread):
        return Severity.WARNING
    return Severity.OK


def overall(severity: Severity, floor: Severity) -> Severity:
    """The worse of the two; what is CRITICAL for certain stays so beside UNKNOWN."""
    return severity if severity is Severity.CRITICAL else max(severity, floor)
