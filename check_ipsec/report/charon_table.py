"""charon's health as a table, for a tired person at a terminal of 80 columns or more.

What is wrong comes first, then every measure with its limits, then the counters: of all
together, and what asks for attention of each connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from check_ipsec.errors import CheckIpsecError
from check_ipsec.model.counters import CounterLists, Counters
from check_ipsec.report.charon import Report, known, notes, number, unread
from check_ipsec.report.layout import LEAST_WIDTH, age, folded, row, size
from check_ipsec.report.severity import Severity
from check_ipsec.truth.since import DIFFERENCES
from check_ipsec.untrusted import plain

WIDTHS = (28, 16, 26, 8)
HEADINGS = ("measure", "now", "limits (warning,critical)", "status")
OF_NAMES = ("connection", "init", "auth", "child", "rekeys", "invalid")
NAME_WIDTHS = (32, 9, 9, 9, 8, 8)
NOTHING = "-"
IN_BYTES = {"heap", "heap_used", "resident", "growth"}
IN_SECONDS = {"uptime", "acq_expires"}
RUNBOOK = "/usr/share/doc/monitoring-plugins-ipsec/runbook.md"


def table(report: Report, width: int, details: bool) -> Iterator[str]:
    """The lines; ``details`` shows every counter of every connection."""
    width = max(width, LEAST_WIDTH)
    for complaint in report.complaints:
        yield from folded(f"{complaint.severity.name}: {plain(complaint.text)}", width, 0)
    if report.charon.silence is None:
        yield row(HEADINGS, WIDTHS).rstrip()
        yield from measures(report)
        yield from all_counters(report, details)
        for text in remarks(report):
            yield from folded(text, width, 0)
    if report.complaints:
        anchors = dict.fromkeys(f"#{one.trouble.anchor}" for one in report.complaints)
        yield from folded(f"see {RUNBOOK} {' '.join(anchors)}", width, 0)


def measures(report: Report) -> Iterator[str]:
    """Every measure, its limits and what they make of it."""
    for one in report.judged:
        status = one.severity.name if one.severity is not Severity.OK or one.limits else NOTHING
        cells = (one.label, shown(one.label, one.value), one.limits or NOTHING, status)
        yield row(cells, WIDTHS).rstrip()


def shown(label: str, value: float | None) -> str:
    """A number in the unit that a person reads."""
    if value is None:
        return "unknown"
    if label in IN_BYTES:
        return f"{size(int(value))}B"
    return age(int(value)) if label in IN_SECONDS else number(value)


def all_counters(report: Report, details: bool) -> Iterator[str]:
    """Counters of all together, and of the connections that are asked for."""
    together = report.charon.snapshot.counters
    by_name = report.charon.snapshot.counters_by_name
    if isinstance(together, CounterLists):
        for one in together.lists:
            yield from listed(one)
    chosen = [one for one in lists_of(by_name) if is_asked_for(report, one)]
    if chosen:
        yield "requests without responses, in/out, since charon started or was reset:"
        yield row(OF_NAMES, NAME_WIDTHS).rstrip()
    for one in chosen:
        yield row(of_connection(one), NAME_WIDTHS).rstrip()
        if details:
            yield from listed(one)


def lists_of(lists: CounterLists | CheckIpsecError | None) -> tuple[Counters, ...]:
    """The lists that were had."""
    return lists.lists if isinstance(lists, CounterLists) else ()


def is_asked_for(report: Report, one: Counters) -> bool:
    """Whether a list is of a connection that is asked for, or of none that the file names."""
    every = {connection.printed_name for connection in report.charon.configuration.connections}
    asked = {connection.printed_name for connection in report.charon.asked_for}
    return one.name in asked or one.name not in every


def listed(one: Counters) -> Iterator[str]:
    """Every counter that is not 0, by its key."""
    counted = ", ".join(f"{key} {value}" for key, value in one.values if value)
    yield from folded(f"counters: {plain(counted) or 'all 0'}", 80, 2)


def of_connection(one: Counters) -> Iterator[str]:
    """Name, requests without responses by kind, rekeys, what could not be read."""
    values = dict(one.values)
    yield plain(one.name or "")
    for kind in ("init", "auth", "child"):
        yield "/".join(
            str(max(0, values.get(asked, 0) - values.get(answered, 0)))
            for label, (asked, answered) in DIFFERENCES.items()
            if fnmatchcase(label, f"unanswered_{kind}_*")
        )
    yield str(sum(value for key, value in values.items() if key.endswith("Rekey")))
    yield str(sum(value for key, value in values.items() if key.startswith("ikeInInvalid")))


def remarks(report: Report) -> Iterator[str]:
    """Settings, processes, retransmissions under way, and what was not understood."""
    snapshot = report.charon.snapshot
    drop, expires = known(snapshot.larval_drop), known(snapshot.acq_expires)
    yield f"net.core.xfrm_larval_drop {drop}, net.core.xfrm_acq_expires {expires}"
    if report.charon.process:
        group = f", {plain(snapshot.group)}" if isinstance(snapshot.group, str) else ""
        yield f"process {report.charon.process.pid}{group}"
    status = report.charon.status
    for ike in status.ike_sas if status else ():
        if ike.tasks_active:
            tasks = " ".join(ike.tasks_active)
            yield plain(f"{ike.name}[{ike.unique_id}] to {ike.remote_host} waits for: {tasks}")
    yield from map(plain, notes(report))
    yield from (plain(f"not understood: {line.text}") for line in unread(report.charon))
