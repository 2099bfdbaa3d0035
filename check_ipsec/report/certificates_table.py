"""Certificates as a table, for a tired person at a terminal of 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterator

from check_ipsec.model.certificates import Certificate
from check_ipsec.report.certificates import Judged, Report, common_name, remarks
from check_ipsec.report.layout import LEAST_WIDTH, folded, row
from check_ipsec.truth.flaws import days_left, span
from check_ipsec.truth.uses import Users
from check_ipsec.untrusted import plain

HEADINGS = ("certificate", "ends (UTC)", "left", "key", "of", "connections")
WIDTHS = (24, 10, 10, 11, 8, 11)
RUNBOOK = "/usr/share/doc/monitoring-plugins-ipsec/runbook.md"
NOTHING = "-"
FEW = 10


def table(report: Report, width: int, details: bool) -> Iterator[str]:
    """The lines; ``details`` adds names, times, keys and connections whole."""
    width = max(width, LEAST_WIDTH)
    seen = report.observation
    if report.judged or seen.unused:
        yield row(HEADINGS, WIDTHS).rstrip()
    for one in report.judged:
        yield from of_item(one, report, width, details)
    for unused in seen.unused:
        yield line(common_name(unused.subject), unused, "unused", "0", report)
        if details:
            yield from told(unused, width)
    for text in (*remarks(report), *seen.unreadable):
        yield from folded(plain(text), width, 0)
    for words, connections in (
        ("not loaded", seen.unloaded),
        ("the peer's certificate is not known", seen.unknown),
    ):
        if connections:
            names = connections if details else connections[:FEW]
            more = (
                f" + {len(connections) - len(names)} more" if len(names) < len(connections) else ""
            )
            yield from folded(f"{words}: {plain(', '.join(names))}{more}", width, 0)
    yield from (plain(f"not understood: {one.text}") for one in seen.unread)
    anchors = dict.fromkeys(
        f"#{flaw.flaw.anchor}" for one in report.judged for flaw in one.complaints
    )
    if anchors:
        yield from folded(f"see {RUNBOOK} {' '.join(anchors)}", width, 0)


def of_item(one: Judged, report: Report, width: int, details: bool) -> Iterator[str]:
    """An item, and below it what is wrong."""
    crl, item = one.item.crl, one.item
    number = str(len(item.users.connections))
    if crl is not None:
        when = crl.next_update
        ends = f"{when:%Y-%m-%d}" if when else NOTHING
        left = remaining((when - report.observation.now).total_seconds()) if when else NOTHING
        yield row((plain(one.name), ends, left, NOTHING, "CRL", number), WIDTHS).rstrip()
    elif item.certificate is not None:
        yield line(one.name, item.certificate, whose(item.users), number, report)
    else:
        cells = (plain(one.name), NOTHING, NOTHING, NOTHING, whose(item.users), number)
        yield row(cells, WIDTHS).rstrip()
    for flaw in one.complaints:
        yield from folded(f"{flaw.severity.name}: {plain(flaw.text)}", width, 2)
    if details:
        if item.certificate is not None:
            yield from told(item.certificate, width)
        names = sorted(item.users.connections)
        if names:
            yield from folded(f"connections: {plain(', '.join(names))}", width, 2)


def line(name: str, one: Certificate, of: str, number: str, report: Report) -> str:
    """A certificate in columns."""
    left = days_left(one, report.observation.now)
    cells = (
        plain(name),
        f"{one.not_after:%Y-%m-%d}" if one.not_after else NOTHING,
        remaining(left * 86400) if left is not None else NOTHING,
        key_of(one),
        of,
        number,
    )
    return row(cells, WIDTHS).rstrip()


def key_of(one: Certificate) -> str:
    """Kind and size of a key."""
    return plain(f"{one.key.kind} {one.key.bits}") if one.key else NOTHING


def remaining(seconds: float) -> str:
    """What is left of a time, or how long it is over."""
    return span(seconds) if seconds >= 0 else f"-{span(-seconds)}"


def whose(who: Users) -> str:
    """Whose certificate it is."""
    if who.authority:
        return "CA"
    of_both = ("own" * bool(who.own), "peer" * bool(who.peers))
    return "+".join(filter(None, of_both)) or NOTHING


def told(one: Certificate, width: int) -> Iterator[str]:
    """All of a certificate that helps to find it."""
    for text in (
        f"subject: {one.subject}",
        f"issuer: {one.issuer}",
        f"serial: {one.serial}, from {one.not_before} to {one.not_after}",
        *([f"altNames: {one.alt_names}"] if one.alt_names else []),
    ):
        yield from folded(plain(text), width, 2)
