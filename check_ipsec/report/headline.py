"""The first line: what is wrong, where, and why, in the words of the contract."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Optional

from check_ipsec.configuration.expectation import SHUNT_TYPES
from check_ipsec.model.unread import UnreadLine
from check_ipsec.report.severity import BAD, Counts, Severity, not_understood
from check_ipsec.truth.observe import Observation
from check_ipsec.truth.verdict import State, Verdict
from check_ipsec.untrusted import plain

NAMES = 10
# from so many on, what they have in common is looked for
MANY = 5
LONG_AGES = ((86400, "d"), (3600, "h"), (60, "min"))
# bytes of a reason on the first line; -v shows it whole
REASON = 120


def headline(observation: Observation, counts: Counts, severity: Severity, room: int) -> str:
    """One line of at most ``room`` bytes; names stay whole, fewer are shown instead."""
    if observation.daemon_error:
        silent = f"{observation.daemon_error}: {none_of(counts.judged)} established"
        return ", ".join((silent, *beside(observation, counts)))
    if not counts_anything(observation):
        return nothing_configured(observation, counts)
    total = ", ".join((*totals(counts, severity, observation), *beside(observation, counts)))
    tail = "".join(remarks(observation, counts))
    listed = sorted_by_severity(observation.verdicts)
    if severity is not Severity.OK and len(listed) >= MANY:
        return shortened(*of_many(total, listed, observation), tail, room)
    return shortened(total, list(map(named, listed)), tail, room)


def of_many(total: str, listed: list[Verdict], observation: Observation) -> tuple[str, list[str]]:
    """What all of many have in common before their names; else groups in place of names."""
    from check_ipsec.truth.common import Group, groups

    def told(group: Group) -> str:
        traits = "".join(f" {plain(trait)}" for trait in group.traits)
        return f"{len(group.verdicts)}{traits} ({shortest(plain(group.reason))})"

    found = groups(observation.verdicts, observation.labels)
    if len(found) == 1 and len(found[0].verdicts) == len(listed):
        names = [plain(verdict.connection.name) for verdict in listed]
        return f"{total}: all {told(found[0])}", names
    large = [group for group in found if group.traits and len(group.verdicts) >= MANY]
    grouped = {verdict.connection.name for group in large for verdict in group.verdicts}
    rest = [verdict for verdict in listed if verdict.connection.name not in grouped]
    return total, [*map(told, large), *map(named, rest)]


def shortest(text: str) -> str:
    """A text as it has place on the first line."""
    return f"{text[:REASON]}..." if len(text) > REASON else text


def shortened(total: str, names: list[str], tail: str, room: int) -> str:
    """Those names between the two that fit into so many bytes, and how many more there are."""
    for shown in range(min(NAMES, len(names)), -1, -1):
        text = f"{total}{listed(names, shown)}{tail}"
        if len(text.encode(errors="replace")) <= room:
            break
    return text


def none_of(number: int) -> str:
    """Who is not established where nobody is."""
    if number > 1:
        return f"none of {connections(number)} is"
    return f"{number or 'no'} connection is{' not' * number}"


def counts_anything(observation: Observation) -> bool:
    """Whether any connection is to be judged at all."""
    return any(verdict.state is not State.IGNORED for verdict in observation.verdicts)


def nothing_configured(observation: Observation, counts: Counts) -> str:
    """Nothing configured is not healthy."""
    path = plain(observation.configuration.path)
    if counts.ignored:
        return f"no connection in {path} is switched on ({counts.ignored} ignored)"
    return f"no connection in {path}"


def totals(counts: Counts, severity: Severity, observation: Observation) -> Iterator[str]:
    """What there is, or how much of it is not as it should be."""
    if not counts.not_established:
        yield from healthy(observation, counts)
    elif severity is Severity.OK:
        well = counts.judged - counts.not_established
        yield f"{well} of {connections(counts.judged)} established"
        yield f"{counts.not_established} allowed not to be"
    else:
        yield f"{counts.not_established} of {connections(counts.judged)} not established"


def beside(observation: Observation, counts: Counts) -> Iterator[str]:
    """What is to be said whatever the states are."""
    if counts.cleartext:
        yield f"traffic of {counts.cleartext} in clear text"
    if counts.stale:
        yield f"{counts.stale} unlike {observation.configuration.called}"


def healthy(observation: Observation, counts: Counts) -> Iterator[str]:
    """What there is."""
    yield f"{connections(counts.established)} established"
    quiet = [one for one in observation.verdicts if one.state in (State.SHUNT, State.LOADED)]
    shunts = sum(map(is_shunt, quiet))
    loaded = len(quiet) - shunts
    if counts.on_demand:
        yield f"{counts.on_demand} on demand"
    if counts.clients:
        yield f"{counts.clients} for clients"
    if shunts:
        yield f"{shunts} shunt{'s' * (shunts != 1)}"
    if loaded:
        yield f"{loaded} loaded"


def is_shunt(verdict: Verdict) -> bool:
    """Whether a healthy one without SAs is a shunt, in place or only loaded."""
    return verdict.state is State.SHUNT or verdict.connection.setting("type") in SHUNT_TYPES


def listed(names: list[str], shown: int) -> str:
    """The first of some names, and how many more there are."""
    more = f" + {len(names) - shown} more" if shown < len(names) else ""
    return f": {', '.join(names[:shown])}{more}" if names else ""


def sorted_by_severity(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those not established: not connected, unverified, connecting; those in clear text;
    those unlike ipsec.conf. By name in each.
    """
    bad = (
        verdict
        for verdict in verdicts
        if verdict.state in BAD or verdict.cleartext or verdict.stale
    )
    return sorted(bad, key=lambda verdict: (rank(verdict), verdict.connection.name))


def rank(verdict: Verdict) -> int:
    """Its place among those that are not as they should be."""
    if verdict.state in BAD:
        return BAD.index(verdict.state)
    return len(BAD) + (not verdict.cleartext)


def named(verdict: Verdict) -> str:
    """A connection with its reason."""
    reason = plain(verdict.reason_text) or "traffic leaves in clear text"
    return f"{plain(verdict.connection.name)} ({shortest(reason)}{because(verdict)})"


def because(verdict: Verdict) -> str:
    """The cause behind the reason, and how long ago charon has said so."""
    if verdict.why is None:
        return ""
    return f": {shortest(plain(verdict.why.words))}{ago(verdict.why.age)}"


def ago(seconds: Optional[int]) -> str:
    """A time before now behind a comma; nothing where it is not known."""
    if seconds is None:
        return ""
    for unit, name in LONG_AGES:
        if seconds >= unit:
            return f", {seconds // unit} {name} ago"
    return ", just now"


def remarks(observation: Observation, counts: Counts) -> Iterator[str]:
    """What charon holds beyond the file, and what stands in the way of a full answer."""
    if counts.unlisted:
        yield f" + {counts.unlisted} not in {observation.configuration.called}"
    if observation.kernel_error:
        yield f"; {plain(str(observation.kernel_error))}"
    if observation.partial:
        yield "; charon's answer is partial"
    for whose, lines in groupby(not_understood(observation), is_of_kernel):
        number = len(list(lines))
        whom = "the kernel's" if whose else "charon's"
        yield f"; {number} line{'s' * (number != 1)} of {whom} answer not understood"


def is_of_kernel(line: UnreadLine) -> bool:
    """Whether a line is from a text of ``ip``."""
    return line.section.startswith("ip ")


def connections(number: int) -> str:
    """``1 connection``, ``2 connections``."""
    return f"{number} connection{'s' * (number != 1)}"
