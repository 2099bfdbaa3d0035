"""check_ipsec_daemon: whether charon is healthy.

What charon says of its threads, jobs, memory and SAs is compared with a range each, and
so is, per second since the earlier reading, what it counts of IKE: requests without
responses, invalid messages, rekeys. Settings of the kernel and the way in which charon was
started have a status each. What is wrong for a moment only, threads, jobs and half-open
IKE_SAs, is looked at twice.

A charon that does not run or does not answer is CRITICAL. The first run has no rates: "no
earlier reading yet". What charon does not say is not judged.

Perfdata: uptime, threads_idle, working_ and queue_ with critical, high, medium, low,
scheduled, heap, heap_used, resident, growth, half_open, ike_sas, child_sas, unlisted;
rates: unanswered_ with init, auth, child and _in, _out, invalid, invalid_spi, ike_rekeys,
child_rekeys.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from time import time
from typing import NamedTuple

from check_ipsec.checks.check import Check, Found, Number
from check_ipsec.checks.limits import Limits, limits
from check_ipsec.checks.options import add_state
from check_ipsec.checks.statuses import Status, add_statuses, statuses
from check_ipsec.host.host import Host
from check_ipsec.moment.memory import Remembered, default_file, remember
from check_ipsec.report.charon import Complaint, Judged, Report, document, headline, known, words
from check_ipsec.report.severity import Severity
from check_ipsec.truth.charon import (
    PRIORITIES,
    SOURCES,
    Asked,
    Charon,
    Measures,
    observe,
    of_status,
)
from check_ipsec.truth.since import RATES, Since, reading, since
from check_ipsec.truth.troubles import Trouble, troubles

MEMORY = "daemon"
# while charon is younger, a restart that an earlier run of this boot proves is a warning
YOUNG = Limits("120:")
LABELS = (
    *("uptime", "threads_idle"),
    *(f"working_{priority}" for priority in PRIORITIES),
    *(f"queue_{priority}" for priority in PRIORITIES),
    *("scheduled", "heap", "heap_used", "resident", "growth"),
    *("half_open", "ike_sas", "child_sas", "unlisted"),
    *RATES,
)
UNITS = {"uptime": "s", **dict.fromkeys(("heap", "heap_used", "resident", "growth"), "B")}
# what may be over in a second
FLEETING = ("threads_idle", "queue", "half_open")


class Row(NamedTuple):
    """An option that limits measures: what is wrong outside, its default, what it is of."""

    option: str
    trouble: Trouble
    labels: tuple[str, ...]
    default: Limits | None
    about: str


UNANSWERED = tuple(rate for rate in RATES if rate.startswith("unanswered"))
ROWS = (
    Row("--uptime", Trouble.YOUNG, ("uptime",), None, "charon's uptime in seconds"),
    Row("--idle", Trouble.THREADS, ("threads_idle",), Limits("2:", "1:"), "idle worker threads"),
    Row("--queue", Trouble.QUEUE, ("queue",), Limits("50", "500"), "jobs that wait for a thread"),
    Row("--memory", Trouble.MEMORY, ("resident", "heap"), Limits(f"{2**29}", f"{2**31}"),
        "charon's resident memory, and of its heap, in bytes"),
    Row("--growth", Trouble.GROWTH, ("growth",), Limits(f"{2**26}"),
        "bytes that charon has grown beyond what its IKE_SAs explain"),
    Row("--half-open", Trouble.HALF_OPEN, ("half_open",), Limits("50", "500"),
        "IKE_SAs that peers have begun and not authenticated"),
    Row("--ike-sas", Trouble.NUMBER, ("ike_sas",), Limits(), "IKE_SAs"),
    Row("--child-sas", Trouble.NUMBER, ("child_sas",), Limits(), "CHILD_SAs"),
    Row("--unlisted", Trouble.NUMBER, ("unlisted",), Limits(), "SAs that ipsec.conf does not name"),
    Row("--unanswered", Trouble.UNANSWERED, UNANSWERED, Limits("1"),
        "requests without responses per second, of each kind and direction"),
    Row("--invalid", Trouble.INVALID, ("invalid", "invalid_spi"), Limits("1"),
        "invalid messages, and of messages with an invalid SPI, per second"),
    Row("--rekeys", Trouble.REKEYS, ("ike_rekeys", "child_rekeys"), Limits(),
        "IKE_SAs, and of CHILD_SAs, rekeyed per second"),
    Row("--acq-expires", Trouble.ACQ_EXPIRES, ("acq_expires",), Limits(),
        "net.core.xfrm_acq_expires in seconds"),
)  # fmt: skip
ROW_OF = {label: row for row in ROWS for label in row.labels}


STATUSES = (
    Status("--modules", (Trouble.MODULE,), Severity.CRITICAL,
           "status where the kernel has no module that a loaded connection needs"),
    Status("--services", (Trouble.BY_HAND, Trouble.TWO_SERVICES), Severity.WARNING,
           "status where charon was started by hand beside systemd, or two services run"),
    Status("--pid-file", (Trouble.PID_FILE,), Severity.WARNING,
           "status where the pid file does not name charon"),
    Status("--larval-drop", (Trouble.LARVAL_DROP,), Severity.WARNING,
           "status where net.core.xfrm_larval_drop is off"),
)  # fmt: skip


def find(host: Host, options: argparse.Namespace) -> Found:
    """charon's health, and what becomes of it."""
    charon = observe(host, asked(options), lambda measures: is_bad(measures, options))
    report = judge(charon, lately(host, charon, options), options)
    severity = severity_of(report)
    return Found(
        severity,
        tuple(numbers(report, options)),
        line=lambda room: headline(report, room),
        table=lambda width, details: table(report, width, details),
        document=lambda line: document(report, severity, line),
    )


def asked(options: argparse.Namespace) -> Asked:
    """What the options ask of the host."""
    return Asked(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        by_name=bool(options.verbose or options.capture is not None),
        timeout=options.timeout,
        pause=Asked().pause if options.captured is None else 0.0,
    )


def is_bad(measures: Measures, options: argparse.Namespace) -> bool:
    """Whether something is outside its range that may be over in a second."""
    return any(
        limits_of(label, options).severity(measures.get(label)) is not Severity.OK
        for label in FLEETING
    )


def lately(host: Host, charon: Charon, options: argparse.Namespace) -> Since:
    """What has changed since the earlier reading; a captured host has one where a file is named."""
    moment = host.time
    now = moment.timestamp() if moment else time()
    remembered: Remembered | None = None
    if charon.status and (options.state is not None or options.captured is None):
        file = default_file() if options.state is None else options.state
        remembered = remember(file, MEMORY, now, reading(charon, now))
    return since(charon, now, remembered)


def judge(charon: Charon, lately: Since, options: argparse.Namespace) -> Report:
    """Every measure against its limits, and what is wrong by itself."""
    expires = known(charon.snapshot.acq_expires)
    measures: Measures = {
        **dict.fromkeys(LABELS),
        **of_status(charon),
        "growth": lately.growth,
        **lately.rates,
        "acq_expires": expires,
    }
    judged = tuple(
        one_judged(label, value, limits_of(label, options, lately.restarted))
        for label, value in measures.items()
    )
    found = [*outside(judged), *by_itself(charon, options)]
    found.sort(key=lambda complaint: -complaint.severity)
    return Report(charon, lately, judged, tuple(found))


def one_judged(label: str, value: float | None, limits: Limits) -> Judged:
    """A measure against its limits."""
    return Judged(label, value, str(limits), limits.severity(value))


def outside(judged: Iterable[Judged]) -> Iterator[Complaint]:
    """The measures that are outside their limits."""
    for label, value, _, severity in judged:
        if severity is not Severity.OK and value is not None:
            yield Complaint(severity, ROW_OF[label].trouble, words(label, value))


def by_itself(charon: Charon, options: argparse.Namespace) -> Iterator[Complaint]:
    """What needs no measure."""
    severities = statuses(STATUSES, options)
    for trouble, text in troubles(charon) if charon.status else ():
        severity = severities.get(trouble, Severity.WARNING)
        if severity is not Severity.OK:
            yield Complaint(severity, trouble, text)


def severity_of(report: Report) -> Severity:
    """The worst; what is CRITICAL stays so beside UNKNOWN."""
    if report.charon.silence:
        return Severity.CRITICAL
    found = {complaint.severity for complaint in report.complaints} or {Severity.OK}
    return Severity.CRITICAL if Severity.CRITICAL in found else max(found)


def limits_of(label: str, options: argparse.Namespace, restarted: bool = False) -> Limits:
    """The limits of a measure; that of the uptime is there by default after a restart only."""
    if label not in ROW_OF:
        return Limits()
    given: Limits | None = getattr(options, ROW_OF[label].option.strip("-").replace("-", "_"))
    if given is None:
        return YOUNG if restarted else Limits()
    return given


def numbers(report: Report, options: argparse.Namespace) -> Iterator[Number]:
    """The measures to graph, with their limits."""
    for label in LABELS:
        limits = limits_of(label, options, report.since.restarted)
        value = report.value(label)
        unit = "" if value is None else UNITS.get(label, "")
        yield Number(label, value, unit, limits.warning, limits.critical)


def table(report: Report, width: int, details: bool) -> Iterable[str]:
    """The lines for ``-v``; they are costlier to import."""
    from check_ipsec.report.charon_table import table

    return table(report, width, details)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The limits, how bad the rest is, and what is remembered where."""
    for option, _, _, default, about in ROWS:
        told = f"{YOUNG} where an earlier run of this boot has seen another charon"
        if default is not None:
            told = str(default) or "none"
        parser.add_argument(
            option,
            type=limits,
            default=default,
            metavar="RANGE",
            help=f"range of {about}: WARNING outside RANGE, CRITICAL outside a second one "
            f"behind a comma (default: {told})",
        )
    add_statuses(parser, STATUSES)
    add_state(parser)


CHECK = Check(
    name="IPSEC-DAEMON",
    program="check_ipsec_daemon",
    description="The health of charon, strongSwan's IKE daemon.",
    epilog="""\
Without options charon is compared with the default of each range. Exit status: 0 OK,
1 WARNING, 2 CRITICAL, 3 UNKNOWN. -i and -e choose the connections whose kernel modules are
looked for and whose counters -v shows; charon is judged as a whole.
""",
    verbose="-v: a table; -vv: the counters of each connection too; -vvv: all that was read",
    add_options=add_options,
    sources=SOURCES,
    find=find,
)
main = CHECK.main
