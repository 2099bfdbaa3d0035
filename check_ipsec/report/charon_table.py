"""charon's health as a table, for a tired person at a terminal of 80 columns or more.

What is wrong comes first, then every measure with its limits, then the counters: of all
together, and what asks for attention of each connection.
"""

from __future__ import annotations

from collections.abc import Iterator

from check_ipsec.errors import CheckIpsecError
from check_ipsec.model.counters import CounterLists, Counters
from check_ipsec.report.charon import REQUESTS, Judged, Report, known, notes, number, unread
from check_ipsec.report.layout import LEAST_WIDTH, age, folded, row, size
from check_ipsec.truth.charon import PRIORITIES
from check_ipsec.untrusted import plain

WIDTHS = (26, 14, 24, 8)
HEADINGS = ("measure", "now", "limits (warning,critical)", "status")
OF_NAMES = ("connection", "init", "auth", "child", "info", "rekeys", "invalid")
NAME_WIDTHS = (22, 9, 9, 9, 9, 7, 7)
KINDS = ("Init", "Auth", "CrChild", "Info")
# what is shown on one line: its name, the measures, the one of them that is judged
TOGETHER = (
    ("working", tuple(f"working_{priority}" for priority in PRIORITIES)),
    ("queue", tuple(f"queue_{priority}" for priority in PRIORITIES)),
    *(
        (f"unanswered {kind}, in/out", (f"unanswered_{kind}_in", f"unanswered_{kind}_out"))
        for kind in REQUESTS
    ),
)
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
        yield from all_counters(report, width, details)
        for text in remarks(report):
            yield from folded(text, width, 0)
    if report.complaints:
        anchors = dict.fromkeys(f"#{one.trouble.anchor}" for one in report.complaints)
        yield from folded(f"see {RUNBOOK} {' '.join(anchors)}", width, 0)


def measures(report: Report) -> Iterator[str]:
    """Every measure, its limits and what they make of it; those of a kind on one line."""
    by_label = {one.label: one for one in report.judged}
    name_of = {label: name for name, labels in TOGETHER for label in labels}
    groups: dict[str, list[Judged]] = {}
    for label, one in by_label.items():
        groups.setdefault(name_of.get(label, label), []).append(one)
    for name, group in groups.items():
        yield row((name, *cells(group)), WIDTHS).rstrip()


def cells(group: list[Judged]) -> Iterator[str]:
    """The numbers, their limits and the worst that these make of them.

    The number of all jobs that wait stands behind those of each priority, and is judged.
    """
    numbers = group[:-1] if group[-1].label == "queue" else group
    is_known = any(one.value is not None for one in numbers)
    yield "/".join(shown(one.label, one.value) for one in (numbers if is_known else numbers[:1]))
    limits = group[-1].limits
    yield limits or NOTHING
    yield max(one.severity for one in group).name if limits and is_known else NOTHING


def shown(label: str, value: float | None) -> str:
    """A number in the unit that a person reads."""
    if value is None:
        return "unknown"
    if label in IN_BYTES:
        return f"{size(int(value))}B"
    return age(int(value)) if label in IN_SECONDS else number(value)


def all_counters(report: Report, width: int, details: bool) -> Iterator[str]:
    """Counters of all together, and of the connections that are asked for."""
    together = report.charon.snapshot.counters
    by_name = report.charon.snapshot.counters_by_name
    if isinstance(together, CounterLists):
        for one in together.lists if details else ():
            yield from listed(one, width)
    chosen = [one for one in lists_of(by_name) if is_asked_for(report, one)]
    if chosen:
        yield "requests without responses, in/out, since charon started:"
        yield row(OF_NAMES, NAME_WIDTHS).rstrip()
    for one in chosen:
        yield row(of_connection(one), NAME_WIDTHS).rstrip()
        if details:
            yield from listed(one, width)


def lists_of(lists: CounterLists | CheckIpsecError | None) -> tuple[Counters, ...]:
    """The lists that were had."""
    return lists.lists if isinstance(lists, CounterLists) else ()


def is_asked_for(report: Report, one: Counters) -> bool:
    """Whether a list is of a connection that is asked for, or of none that the file names."""
    every = {connection.printed_name for connection in report.charon.configuration.connections}
    asked = {connection.printed_name for connection in report.charon.asked_for}
    return one.name in asked or one.name not in every


def listed(one: Counters, width: int) -> Iterator[str]:
    """Every counter that is not 0, by its key."""
    counted = ", ".join(f"{key} {value}" for key, value in one.values if value)
    yield from folded(f"counters: {plain(counted) or 'all 0'}", width, 2)


def of_connection(one: Counters) -> Iterator[str]:
    """Name, requests without responses by kind, rekeys, what could not be read."""
    values = dict(one.values)
    yield plain(one.name or "")
    for kind in KINDS:
        yield "/".join(
            str(unanswered(values, f"ike{asked}{kind}Req", f"ike{answered}{kind}Rsp"))
            for asked, answered in (("In", "Out"), ("Out", "In"))
        )
    yield str(sum(value for key, value in values.items() if key.endswith("Rekey")))
    yield str(sum(value for key, value in values.items() if key.startswith("ikeInInvalid")))


def unanswered(values: dict[str, int], requests: str, responses: str) -> int:
    """How many requests have no response; those of before an IKE_SA had its name are none."""
    return max(0, values.get(requests, 0) - values.get(responses, 0))


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
