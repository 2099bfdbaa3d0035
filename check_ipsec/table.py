"""The host as a table, for a tired person at a terminal of 80 columns or more.

One row per connection says how it is; below it, or behind it where the terminal is
wide enough, stand why, the peer and the SAs. What needs attention comes first.
"""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from check_ipsec.model import (
    ChildSa,
    ChildState,
    IkeSa,
    IkeState,
    Status,
    Traffic,
    UnreadLine,
)
from check_ipsec.observe import Observation
from check_ipsec.severity import BAD, JUDGED
from check_ipsec.unlisted import Unlisted
from check_ipsec.untrusted import plain
from check_ipsec.verdict import State, Verdict

HEADINGS = ("connection", "state", "since", "bytes in/out", "used in/out", "clear text")
WIDTHS = (20, 13, 6, 13, 11, 10)
LEAST_WIDTH = 40
AGES = ((86400, "d"), (3600, "h"), (60, "m"))
SIZES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
NOTHING = "-"
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
    yield row(HEADINGS).rstrip()
    for verdict in by_urgency(observation.verdicts):
        yield from connection_lines(verdict, width)
        if details:
            for text in sa_details(verdict):
                yield from folded(text, width, 4)
    for text in (*remarks(observation), *runbook(observation.verdicts)):
        yield from folded(text, width, 0)


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


def row(cells: Iterable[str]) -> str:
    """Cells in columns; one that is too long pushes the others to the right."""
    return " ".join(
        cell + " " * (width - columns(cell)) for cell, width in zip(cells, WIDTHS, strict=True)
    )


def columns(text: str) -> int:
    """The columns that a terminal shows a text in: wide characters take two, marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    shown = (character for character in text if category(character) not in ("Mn", "Me", "Cf"))
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in shown)


def folded(text: str, width: int, indent: int) -> list[str]:
    """``text`` in lines of ``width`` columns; words stay whole."""
    return wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def connection_lines(verdict: Verdict, width: int) -> Iterator[str]:
    """One connection."""
    name = plain(verdict.connection.name)
    if columns(name) > WIDTHS[0]:
        yield name
        name = ""
    first = row((name, verdict.state.value, *since_and_traffic(verdict), clear_text(verdict)))
    below = list(explanation(verdict))
    if columns(first) + 2 + columns("; ".join(below)) <= width:
        yield f"{first}  {'; '.join(below)}".rstrip()
    else:
        yield first.rstrip()
        for text in below:
            yield from folded(text, width, 2)


def explanation(verdict: Verdict) -> Iterator[str]:
    """Why, between whom and through what."""
    if verdict.reason:
        yield plain(verdict.reason_text)
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


def ike_tag(ike: IkeSa) -> str:
    """``bob[2]``, with its state where that is not the usual one."""
    state = "" if ike.state is IkeState.ESTABLISHED else f" {ike.state.value}"
    return f"{ike.name}[{ike.unique_id}]{state}"


def child_tag(child: ChildSa) -> str:
    """``bob{5}``, with its state where that is not the usual one."""
    state = "" if child.state is ChildState.INSTALLED else f" {child.state.value}"
    return f"{child.name}{{{child.unique_id}}}{state}"


# --- columns --------------------------------------------------------------------


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


def age(seconds: int) -> str:
    """Seconds in the largest unit that charon would name too."""
    for unit, letter in AGES:
        if seconds >= 2 * unit:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def size(number: int) -> str:
    """Octets with three digits at most and a decimal prefix."""
    for unit, letter in SIZES:
        if number >= unit:
            return (
                f"{number / unit:.1f}{letter}"
                if number < 10 * unit
                else f"{number // unit}{letter}"
            )
    return str(number)


# --- details --------------------------------------------------------------------


def sa_details(verdict: Verdict) -> Iterator[str]:
    """IKE_SAs and CHILD_SAs of a connection, in full."""
    for ike in verdict.ike_sas:
        facts = ", ".join(filter(None, ike_facts(ike)))
        yield plain(f"{ike.name}[{ike.unique_id}]: {facts}")
        yield plain(f"{ike.local_host} [{ike.local_id}] ... {ike.remote_host} [{ike.remote_id}]")
    for _, child in verdict.sas:
        yield plain(
            f"{child.name}{{{child.unique_id}}}: {', '.join(filter(None, child_facts(child)))}"
        )
        yield plain(f"{' '.join(child.local_ts)} === {' '.join(child.remote_ts)}")


def ike_facts(ike: IkeSa) -> Iterator[str | None]:
    """State, role, SPIs, proposal, timers and tasks."""
    yield ike.state.value
    yield ike.version
    yield "initiator" if ike.initiator else "responder"
    yield f"SPIs {ike.initiator_spi}_i {ike.responder_spi}_r"
    yield ike.proposal
    yield f"rekeying in {age(ike.rekey_in)}" if ike.rekey_in is not None else None
    yield f"reauthentication in {age(ike.reauth_in)}" if ike.reauth_in is not None else None
    yield f"EAP or XAuth identity {ike.remote_eap_id}" if ike.remote_eap_id else None
    for queue in ("active", "queued", "passive"):
        tasks = getattr(ike, f"tasks_{queue}")
        yield f"tasks {queue} {' '.join(tasks)}" if tasks else None


def child_facts(child: ChildSa) -> Iterator[str | None]:
    """State, mode, SPIs, proposal and timers."""
    yield f"{child.state.value} {child.mode}"
    yield f"reqid {child.reqid}"
    if child.spi_in is not None and child.spi_out is not None:
        udp = " in UDP" if child.udp_encapsulation else ""
        yield f"{child.protocol}{udp} SPIs {child.spi_in:08x}_i {child.spi_out:08x}_o"
    if child.cpi_in is not None and child.cpi_out is not None:
        yield f"IPCOMP CPIs {child.cpi_in:04x}_i {child.cpi_out:04x}_o"
    yield child.proposal
    yield "rekeying active" if child.rekeying_due else None
    yield f"rekeying in {age(child.rekey_in)}" if child.rekey_in is not None else None
    yield f"expires in {age(child.expires_in)}" if child.expires_in is not None else None


# --- remarks --------------------------------------------------------------------


def remarks(observation: Observation) -> Iterator[str]:
    """What is to be known of the host as a whole."""
    if observation.daemon_error:
        yield plain(str(observation.daemon_error))
    if observation.status:
        yield from daemon_remarks(observation.status)
        yield from unread_remarks(observation.status.unread)
        yield from unlisted_remarks(observation.unlisted)
    if observation.partial:
        yield "charon's answer is partial: it lists fewer IKE_SAs than it counts"
    if observation.kernel_error:
        yield f"kernel not known: {plain(str(observation.kernel_error))}"
    elif observation.kernel:
        yield from unread_remarks(observation.kernel.lines)
    elif not observation.kernel_asked:
        yield "kernel not asked: neither states nor policies are verified"


def daemon_remarks(status: Status) -> Iterator[str]:
    """charon itself, and what it said that nobody understood."""
    daemon, threads = status.daemon, status.daemon.threads
    facts = [f"charon {daemon.version or 'of an unknown release'}"]
    if daemon.uptime is not None:
        facts.append(f"up {age(daemon.uptime)}")
    if threads:
        facts.append(f"{threads.idle} of {threads.total} threads idle")
        facts.append(f"{sum(threads.queued)} jobs queued")
    yield plain(", ".join(facts))
    if "kernel-libipsec" in daemon.plugins:
        yield "kernel-libipsec: charon does ESP itself, the kernel holds nothing of it"


def unread_remarks(lines: Iterable[UnreadLine]) -> Iterator[str]:
    """What nobody understood."""
    for unread in lines:
        yield f"not understood, {unread.section}, line {unread.line}: {plain(unread.text)}"


def unlisted_remarks(unlisted: Unlisted) -> Iterator[str]:
    """What charon holds although ipsec.conf does not name it."""
    tags = [*unlisted.loaded]
    tags += [ike_tag(ike) for ike in unlisted.ike_sas]
    tags += [child_tag(child) for _, child in unlisted.sas]
    tags += [child_tag(trap) for trap in unlisted.traps]
    tags += [f"{child_tag(one)} to {ike.remote_host}" for ike, one in unlisted.superseded]
    if tags:
        yield f"not in ipsec.conf ({len(tags)}): {plain(', '.join(tags))}"


def runbook(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Where it is written what to do about the reasons that are there."""
    bad = (v for v in by_urgency(verdicts) if v.state in BAD or v.cleartext or v.stale)
    anchors = dict.fromkeys(f"#{verdict.reason.anchor}" for verdict in bad if verdict.reason)
    if anchors:
        yield f"see {RUNBOOK} {' '.join(anchors)}"
