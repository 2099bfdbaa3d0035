"""The first line: what is wrong, where, and why, in the words of the contract."""

from collections.abc import Iterable, Iterator

from check_ipsec.observe import Observation
from check_ipsec.severity import BAD, Counts
from check_ipsec.untrusted import plain
from check_ipsec.verdict import State, Verdict

NAMES = 10
# bytes of a reason on the first line; -v shows it whole
REASON = 120


def headline(observation: Observation, counts: Counts, room: int) -> str:
    """One line of at most ``room`` bytes; names stay whole, fewer are shown instead."""
    if observation.daemon_error:
        return f"{observation.daemon_error}: none of {connections(counts.judged)} is established"
    if not counts_anything(observation):
        return nothing_configured(observation, counts)
    if counts.not_established:
        return problem(observation, counts, room)
    return healthy(observation, counts)


def counts_anything(observation: Observation) -> bool:
    """Whether any connection is to be judged at all."""
    return any(verdict.state is not State.IGNORED for verdict in observation.verdicts)


def nothing_configured(observation: Observation, counts: Counts) -> str:
    """Nothing configured is not healthy."""
    path = plain(observation.configuration.path)
    if counts.ignored:
        return f"no connection in {path} is switched on ({counts.ignored} ignored)"
    return f"no connection in {path}"


def healthy(observation: Observation, counts: Counts) -> str:
    """What there is, and what could not be understood."""
    parts = [f"{connections(counts.established)} established"]
    loaded = sum(verdict.state in (State.SHUNT, State.LOADED) for verdict in observation.verdicts)
    if counts.on_demand:
        parts.append(f"{counts.on_demand} on demand")
    if counts.clients:
        parts.append(f"{counts.clients} for clients")
    if loaded:
        parts.append(f"{loaded} shunt{'s' * (loaded != 1)}")
    return ", ".join(parts) + "".join(remarks(observation))


def problem(observation: Observation, counts: Counts, room: int) -> str:
    """The connections that are not established, worst first."""
    bad = sorted_by_severity(observation.verdicts)
    total = f"{counts.not_established} of {connections(counts.judged)} not established"
    tail = "".join(remarks(observation))
    for shown in range(min(NAMES, len(bad)), -1, -1):
        names = ", ".join(map(named, bad[:shown]))
        more = f" + {len(bad) - shown} more" if shown < len(bad) else ""
        text = f"{total}: {names}{more}{tail}"
        if len(text.encode(errors="replace")) <= room:
            break
    return text


def sorted_by_severity(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those not established: not connected, unverified, connecting; by name in each."""
    bad = (verdict for verdict in verdicts if verdict.state in BAD)
    return sorted(bad, key=lambda verdict: (BAD.index(verdict.state), verdict.connection.name))


def named(verdict: Verdict) -> str:
    """A connection with its reason."""
    reason = plain(verdict.reason_text)
    if len(reason) > REASON:
        reason = f"{reason[:REASON]}..."
    return f"{plain(verdict.connection.name)} ({reason})"


def remarks(observation: Observation) -> Iterator[str]:
    """What stands in the way of a full answer."""
    if observation.kernel_error:
        yield f"; {plain(str(observation.kernel_error))}"
    if observation.partial:
        yield "; charon's answer is partial"
    if observation.status:
        unread = sum(line.section != "Status" for line in observation.status.unread)
        if unread:
            yield f"; {unread} line{'s' * (unread != 1)} of charon not understood"


def connections(number: int) -> str:
    """``1 connection``, ``2 connections``."""
    return f"{number} connection{'s' * (number != 1)}"
