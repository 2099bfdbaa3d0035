"""The host as a table, for a tired person at a terminal of 80 columns or more.

One row per connection says how it is; below it, or behind it where the terminal is
wide enough, stand why, the peer and the SAs. What needs attention comes first.
"""

from collections.abc import Iterable, Iterator, Mapping

from check_ipsec.configuration.labels import Labels
from check_ipsec.model.daemon import Traffic
from check_ipsec.report.headline import MANY, ago
from check_ipsec.report.layout import LEAST_WIDTH, Marked, age, columns, folded, row, size
from check_ipsec.report.remarks import remarks
from check_ipsec.report.sas import child_tag, ike_tag, sa_details
from check_ipsec.report.severity import BAD, JUDGED
from check_ipsec.truth.observe import Observation
from check_ipsec.truth.verdict import State, Verdict
from check_ipsec.untrusted import plain

HEADINGS = ("connection", "state", "since", "bytes in/out", "used in/out", "clear text")
WIDTHS = (20, 13, 6, 13, 11, 10)
LEGEND = "since: age of the IKE_SA; used: last packet; clear text: leaves unencrypted now"
NOTHING = "-"
# so much of a message at the end of the words for it, and it need not be said again
TAIL = 20
WARNING, CRITICAL = 1, 2
RUNBOOK = "/usr/share/doc/monitoring-plugins-ipsec/runbook.md"
ORDER = (
    *BAD,
    State.ESTABLISHED,
    State.ON_DEMAND,
    State.CLIENTS,
    State.SHUNT,
    State.LOADED,
    State.IGNORED,
)
# a shunt needs no SA; one of the same peer settings is another connection's
UNPROTECTED = (State.SHUNT, State.LOADED, State.IGNORED)


def table(observation: Observation, width: int, details: bool) -> Iterator[str]:
    """The lines of the table, ``width`` columns wide.

    ``details`` adds SPIs, proposals, traffic selectors and timers.
    """
    width = max(width, LEAST_WIDTH)
    ordered = by_urgency(observation.verdicts)
    for text in in_common(ordered, observation.labels):
        yield from folded(text, width, 0)
    yield row(HEADINGS, WIDTHS).rstrip()
    for verdict in ordered:
        yield from connection_lines(verdict, width)
        if details:
            for text in sa_details(verdict):
                yield from folded(text, width, 4)
    yield from folded(LEGEND, width, 0)
    for text in (*remarks(observation), *runbook(observation.verdicts)):
        yield from folded(text, width, 0)
    yield from next_steps(ordered)


def by_urgency(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What is wrong first, then by name."""
    return sorted(verdicts, key=lambda one: (urgency(one), one.connection.name))


def urgency(verdict: Verdict) -> tuple[int, int]:
    """Its place: bad states, what is in clear text, what is unlike ipsec.conf, the rest."""
    if verdict.state in BAD:
        return 0, BAD.index(verdict.state)
    if verdict.cleartext or verdict.stale:
        return 1, int(not verdict.cleartext)
    return 2, ORDER.index(verdict.state)


def connection_lines(verdict: Verdict, width: int) -> Iterator[str]:
    """One connection."""
    name = plain(verdict.connection.name)
    if columns(name) > WIDTHS[0]:
        yield name
        name = ""
    first = row(
        (name, verdict.state.value, *since_and_traffic(verdict), clear_text(verdict)), WIDTHS
    )
    below = list(explanation(verdict))
    if columns(first) + 2 + columns("; ".join(below)) <= width:
        yield marked(f"{first}  {'; '.join(below)}".rstrip(), verdict)
    else:
        yield marked(first.rstrip(), verdict)
        for text in below:
            yield from folded(text, width, 2)


def marked(text: str, verdict: Verdict) -> str:
    """A line about a connection that stands out where it is not as it should be."""
    if verdict.state is State.NOT_CONNECTED or verdict.cleartext:
        return Marked(text, CRITICAL)
    return Marked(text, WARNING) if is_bad(verdict) else text


def is_bad(verdict: Verdict) -> bool:
    """Whether a connection is not as it should be."""
    return verdict.state in BAD or bool(verdict.cleartext) or verdict.stale


def in_common(verdicts: Iterable[Verdict], labels: Mapping[str, Labels]) -> Iterator[str]:
    """What those that are down have in common, where they are many; costlier to import."""
    bad = [verdict for verdict in verdicts if is_bad(verdict)]
    if len(bad) < MANY:
        return
    from check_ipsec.truth.common import groups

    for group in groups(verdicts, labels):
        traits = "".join(f"; {trait}" for trait in group.traits)
        number = len(group.verdicts)
        yield plain(f"{number} connection{'s' * (number != 1)}: {group.reason}{traits}")


def next_steps(verdicts: list[Verdict]) -> Iterator[str]:
    """What to type next, not folded: a line is copied as a whole."""
    bad = [verdict for verdict in verdicts if is_bad(verdict)]
    if not bad:
        return
    from check_ipsec.report.next_step import commands

    found = list(commands(bad, verdicts))
    if found:
        yield "to type next:"
        yield from (f"  {command}" for command in found)


def explanation(verdict: Verdict) -> Iterator[str]:
    """Why, between whom and through what."""
    if verdict.reason:
        yield plain(verdict.reason_text)
    if verdict.why:
        why = verdict.why
        said = "" if why.message[-TAIL:] == why.words[-TAIL:] else f" ({why.message})"
        yield plain(f"charon: {why.words}{ago(why.age)}{said}")
    yield from map(plain, verdict.notes)
    if verdict.state not in UNPROTECTED:
        ends = [peer_of(verdict), *map(ike_tag, verdict.ike_sas)]
        ends += [child_tag(child) for _, child in verdict.sas]
        yield plain(", ".join(filter(None, ends)))


def peer_of(verdict: Verdict) -> str:
    """The remote end, as it is now, as loaded, or as configured."""
    for ike in verdict.ike_sas:
        return f"peer {ike.remote_host}"
    for peer in verdict.peers:
        return f"peer {peer.remote}"
    right = verdict.connection.setting("right")
    return f"peer {right}" if right else ""


def since_and_traffic(verdict: Verdict) -> tuple[str, str, str]:
    """Age of the oldest IKE_SA; octets and last use of all CHILD_SAs, in and out."""
    ages = [ike.age for ike in verdict.ike_sas if ike.age is not None]
    if verdict.state in UNPROTECTED:
        return NOTHING, NOTHING, NOTHING
    since = age(max(ages)) if ages else NOTHING
    inbound = [child.inbound for _, child in verdict.sas if child.inbound]
    outbound = [child.outbound for _, child in verdict.sas if child.outbound]
    if not inbound or not outbound:
        return since, NOTHING, NOTHING
    return (
        since,
        f"{size(octets(inbound))}/{size(octets(outbound))}",
        f"{last_use(inbound)}/{last_use(outbound)}",
    )


def clear_text(verdict: Verdict) -> str:
    """Whether traffic leaves unencrypted."""
    if verdict.cleartext is None:
        return "unknown" if verdict.expectation in JUDGED else NOTHING
    return "YES" if verdict.cleartext else "no"


def octets(traffic: Iterable[Traffic]) -> int:
    """All octets together."""
    return sum(one.octets for one in traffic)


def last_use(traffic: Iterable[Traffic]) -> str:
    """The most recent use."""
    uses = [one.last_use for one in traffic if one.last_use is not None]
    return age(min(uses)) if uses else NOTHING


def runbook(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Where it is written what to do about the reasons that are there."""
    bad = filter(is_bad, by_urgency(verdicts))
    anchors = dict.fromkeys(f"#{verdict.reason.anchor}" for verdict in bad if verdict.reason)
    if anchors:
        yield f"see {RUNBOOK} {' '.join(anchors)}"
