"""charon's health: first line and JSON; the table is in charon_table.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from check_ipsec.errors import CheckIpsecError
from check_ipsec.model.counters import CounterLists
from check_ipsec.model.system import Process
from check_ipsec.model.unread import UnreadLine
from check_ipsec.report.layout import age, size
from check_ipsec.report.severity import Severity
from check_ipsec.truth.charon import Charon
from check_ipsec.truth.since import Since
from check_ipsec.truth.troubles import Trouble
from check_ipsec.untrusted import plain


class Judged(NamedTuple):
    """A measure or a rate, its limits as they were given, and what they make of it."""

    label: str
    value: float | None
    limits: str
    severity: Severity


class Complaint(NamedTuple):
    """Something that is wrong, and how bad that is."""

    severity: Severity
    trouble: Trouble
    text: str


class Report(NamedTuple):
    """All that is to be said; ``complaints`` the worst first."""

    charon: Charon
    since: Since
    judged: tuple[Judged, ...]
    complaints: tuple[Complaint, ...]

    def value(self, label: str) -> float | None:
        """The measure or rate of that label, None where it is not known."""
        return next((one.value for one in self.judged if one.label == label), None)


def number(value: float) -> str:
    """A count or a rate without zeros at its end."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def counted(singular: str, plural: str) -> Callable[[float], str]:
    """Words behind a number."""
    return lambda value: f"{number(value)} {singular if value == 1 else plural}"


def per_second(words: str) -> Callable[[float], str]:
    """Words of a rate."""
    return lambda value: f"{number(value)} {words} per second"


REQUESTS = {"init": "IKE_SA_INIT", "auth": "IKE_AUTH", "child": "CREATE_CHILD_SA"}
WORDS: dict[str, Callable[[float], str]] = {
    "uptime": lambda value: f"charon started {age(int(value))} ago",
    "threads_idle": counted("worker thread idle", "worker threads idle"),
    "queue": counted("job waits for a thread", "jobs wait for a thread"),
    "resident": lambda value: f"charon uses {size(int(value))}B of memory",
    "heap": lambda value: f"charon's heap has {size(int(value))}B",
    "growth": lambda value: f"charon has grown by {size(int(value))}B",
    "half_open": counted("half-open IKE_SA", "half-open IKE_SAs"),
    "ike_sas": counted("IKE_SA", "IKE_SAs"),
    "child_sas": counted("CHILD_SA", "CHILD_SAs"),
    "unlisted": counted("SA in no file", "SAs in no file"),
    "invalid": per_second("invalid messages"),
    "invalid_spi": per_second("messages with an invalid SPI"),
    "ike_rekeys": per_second("IKE_SAs rekeyed"),
    "child_rekeys": per_second("CHILD_SAs rekeyed"),
    "acq_expires": lambda value: f"xfrm_acq_expires is {number(value)} s",
    **{
        f"unanswered_{kind}_{direction}": per_second(f"{message} requests {whose} not answered")
        for kind, message in REQUESTS.items()
        for direction, whose in (("in", "of peers"), ("out", "to peers"))
    },
}


def words(label: str, value: float) -> str:
    """A measure in words, where it is wrong."""
    return WORDS[label](value)


# --- first line ---------------------------------------------------------------------


def headline(report: Report, room: int) -> str:
    """One line of at most ``room`` bytes; complaints stay whole, fewer are shown instead."""
    if report.charon.silence:
        return plain(str(report.charon.silence))
    said = [plain(complaint.text) for complaint in report.complaints]
    healthy = ", ".join(summary(report))
    tail = "".join(f"; {plain(note)}" for note in notes(report))
    for shown in range(len(said), -1, -1):
        more = [f"+ {len(said) - shown} more"] * (shown < len(said))
        text = (", ".join([*said[:shown], *more]) or healthy) + tail
        if len(text.encode(errors="replace")) <= room:
            break
    return text


def summary(report: Report) -> Iterator[str]:
    """What there is."""
    status, threads = report.charon.status, None
    if status:
        uptime, threads = status.daemon.uptime, status.daemon.threads
        yield "charon runs" if uptime is None else f"charon up {age(uptime)}"
    if threads:
        yield f"{threads.idle} of {threads.total} threads idle"
    for label in ("ike_sas", "child_sas"):
        yield words(label, report.value(label) or 0)


def notes(report: Report) -> Iterator[str]:
    """What else is to be known of the answer."""
    counters = report.charon.snapshot.counters
    if isinstance(counters, CounterLists) and not counters.available:
        yield "no counters (plugin missing)"
    if isinstance(counters, CheckIpsecError) and not is_said(report, Trouble.COUNTERS):
        yield str(counters)
    if report.since.note:
        yield report.since.note
    if lines := len(unread(report.charon)):
        yield f"{lines} line{'s' * (lines != 1)} of charon's answer not understood"


def is_said(report: Report, trouble: Trouble) -> bool:
    """Whether it is among the complaints."""
    return any(complaint.trouble is trouble for complaint in report.complaints)


def unread(charon: Charon) -> tuple[UnreadLine, ...]:
    """The lines that no grammar knows."""
    found = charon.status.unread if charon.status else ()
    for lists in (charon.snapshot.counters, charon.snapshot.counters_by_name):
        found += lists.unread if isinstance(lists, CounterLists) else ()
    return found


# --- JSON ---------------------------------------------------------------------------


def document(report: Report, severity: Severity, line: str) -> dict[str, Any]:
    """Everything that is known, as an object; what is not known is null."""
    snapshot = report.charon.snapshot
    return {
        "status": severity.name,
        "summary": line,
        "troubles": [
            {"status": one.severity.name, "trouble": one.trouble.value, "text": one.text}
            for one in report.complaints
        ],
        "measures": {
            one.label: {"value": one.value, "limits": one.limits, "status": one.severity.name}
            for one in report.judged
        },
        "daemon": daemon(report.charon),
        "process": snapshot.process._asdict() if isinstance(snapshot.process, Process) else None,
        "kernel": {
            "xfrm_larval_drop": known(snapshot.larval_drop),
            "xfrm_acq_expires": known(snapshot.acq_expires),
        },
        "counters": counter_lists(snapshot.counters),
        "counters_by_connection": counter_lists(snapshot.counters_by_name),
        "note": report.since.note or None,
        "not_understood": [one._asdict() for one in unread(report.charon)],
    }


def daemon(charon: Charon) -> dict[str, Any]:
    """What charon says of itself."""
    facts: dict[str, Any] = {"running": charon.silence is None}
    facts["error"] = str(charon.silence) if charon.silence else None
    if charon.status:
        said = charon.status.daemon
        facts.update(said._asdict())
        facts["threads"] = said.threads and said.threads._asdict()
        facts["memory"] = said.memory and said.memory._asdict()
    return facts


def counter_lists(lists: CounterLists | CheckIpsecError | None) -> list[dict[str, Any]] | None:
    """The counters by their keys."""
    if not isinstance(lists, CounterLists):
        return None
    return [{"name": one.name, "counters": dict(one.values)} for one in lists.lists]


def known(value: int | CheckIpsecError | None) -> int | None:
    """The number, None where it could not be had."""
    return value if isinstance(value, int) else None
