"""check_ipsec_certs: which certificate ends when, and whom it hits.

Of the certificates that charon has, those are judged that a connection of ipsec.conf or
swanctl.conf uses: its own, those that peers were loaded with or have presented, the authorities
above them, and the lists of revoked certificates of these. An ended one, one that has not
begun, a missing private key break connections at the next reauthentication, not before: up says
nothing of it.

With --files the files that connections name and those in /etc/ipsec.d, or in x509, x509ca and
x509crl of /etc/swanctl, are read too, as far as the user may: a certificate that was renewed
there and that charon has not read yet, a weak signature, and why a file was not loaded are only
known so. It needs the Python library cryptography.

Perfdata: days (until the first certificate in use ends, with thresholds), certificates, crls,
connections (that use one), and how many have each flaw: expired, ending, early, revoked,
no_key, not_loaded, renewed, identity, chain, weak, crl_old, crl_strict, not_read.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator

from check_ipsec.checks.check import Check, Found, Number
from check_ipsec.checks.limits import Limits
from check_ipsec.checks.statuses import Status, add_statuses, statuses
from check_ipsec.checks.thresholds import range_spec
from check_ipsec.errors import UsageError
from check_ipsec.host.host import Host
from check_ipsec.report.certificates import (
    Complaint,
    Judged,
    Report,
    document,
    headline,
    names,
)
from check_ipsec.report.severity import Severity
from check_ipsec.truth.certificate_items import Item
from check_ipsec.truth.certificates import SOURCES, Asked, Observation, observe
from check_ipsec.truth.flaws import Flaw

STATUSES = (
    Status("--expired", (Flaw.EXPIRED,), Severity.CRITICAL,
           "status of a certificate that has ended"),
    Status("--early", (Flaw.EARLY,), Severity.CRITICAL,
           "status of a certificate that has not begun"),
    Status("--revoked", (Flaw.REVOKED,), Severity.CRITICAL, "status of a revoked certificate"),
    Status("--no-key", (Flaw.NO_KEY,), Severity.CRITICAL,
           "status of a certificate of this host without a private key"),
    Status("--not-loaded", (Flaw.NOT_LOADED,), Severity.CRITICAL,
           "status of a certificate that a connection names and charon has not loaded"),
    Status("--renewed", (Flaw.RENEWED,), Severity.WARNING,
           "status of a certificate renewed on disk only"),
    Status("--identity", (Flaw.IDENTITY,), Severity.WARNING,
           "status of a certificate without the identity that its connection names"),
    Status("--chain", (Flaw.CHAIN,), Severity.WARNING,
           "status of a certificate whose authority is missing"),
    Status("--weak", (Flaw.WEAK,), Severity.WARNING, "status of a weak key or signature"),
    Status("--crl", (Flaw.CRL_OLD,), Severity.WARNING,
           "status of a list of revoked certificates that is out of date"),
    Status("--strict-crl", (Flaw.CRL_STRICT,), Severity.CRITICAL,
           "status of such a list, or a missing one, where strictcrlpolicy= or revocation = strict "
           "insists on it"),
)  # fmt: skip
LABELS = (
    *("days", "certificates", "crls", "connections"),
    *(flaw.name.lower() for flaw in Flaw),
)
DEFAULTS = Limits("30:", "7:")


def find(host: Host, options: argparse.Namespace) -> Found:
    """The certificates of a host, and what becomes of them."""
    report = judge(observe(host, asked(options)), options)
    return Found(
        report.severity,
        tuple(numbers(report, options)),
        line=lambda room: headline(report, room),
        table=lambda width, details: table(report, width, details),
        document=lambda line: document(report, line),
    )


def asked(options: argparse.Namespace) -> Asked:
    """What the options ask of the host."""
    return Asked(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        files=options.files,
        timeout=options.timeout,
        pause=Asked().pause if options.captured is None else 0.0,
    )


def judge(seen: Observation, options: argparse.Namespace) -> Report:
    """How bad each flaw is, the worst first."""
    judged = sorted(
        (
            Judged(name, item, complaints(item, options))
            for name, item in zip(names(seen.items), seen.items)
        ),
        key=lambda one: (-one.severity, days_of(one), one.name),
    )
    found = [one.severity for one in judged]
    if seen.silence or not seen.configuration.connections:
        found.append(Severity.CRITICAL)
    if seen.unloaded or any(line.hides for line in seen.unread):
        found.append(Severity.WARNING)
    worst = Severity.CRITICAL if Severity.CRITICAL in found else max(found, default=Severity.OK)
    return Report(seen, tuple(judged), worst)


def days_of(one: Judged) -> float:
    """Days until it ends, for the order."""
    return float("inf") if one.item.days is None else one.item.days


def complaints(item: Item, options: argparse.Namespace) -> tuple[Complaint, ...]:
    """What is wrong with an item; at most a warning where nobody may need it."""
    found = []
    for flaw, text in item.flaws:
        severity = severity_of(flaw, item, options)
        if item.users.maybe:
            severity = min(severity, Severity.WARNING)
        if severity is not Severity.OK:
            found.append(Complaint(severity, flaw, text))
    return tuple(sorted(found, key=lambda one: -one.severity))


def severity_of(flaw: Flaw, item: Item, options: argparse.Namespace) -> Severity:
    """How bad a flaw is; thresholds say it of the days that are left."""
    if flaw is Flaw.ENDING:
        return Limits(options.warning, options.critical).severity(item.days)
    return statuses(STATUSES, options).get(flaw, Severity.WARNING)


def numbers(report: Report, options: argparse.Namespace) -> Iterator[Number]:
    """What there is to graph."""
    first = report.first
    days = None if first is None or first.item.days is None else round(first.item.days, 2)
    yield Number("days", days, "", options.warning, options.critical)
    nouns = Counter(one.item.noun for one in report.judged)
    hit = {name for one in report.judged for name in one.item.users.connections}
    known = report.observation.silence is None
    flaws = Counter(one.flaw for item in report.judged for one in item.complaints)
    for label, number in (
        ("certificates", nouns["certificate"]),
        ("crls", nouns["CRL"]),
        ("connections", len(hit)),
        *((flaw.name.lower(), flaws[flaw]) for flaw in Flaw),
    ):
        yield Number(label, number if known else None)


def table(report: Report, width: int, details: bool) -> Iterable[str]:
    """The lines for ``-v``; they are costlier to import."""
    from check_ipsec.report.certificates_table import table

    return table(report, width, details)


def days(text: str) -> str:
    """A range of days, as an option's value. Raises UsageError."""
    try:
        if "%" not in text:
            return range_spec(text)
    except UsageError:
        pass
    raise UsageError(f"{text} is not a range of days, like 30: or 7:")


def add_options(parser: argparse.ArgumentParser) -> None:
    """How soon is too soon, how bad the rest is, and whether the disk is read."""
    for letter, severity, default in (
        ("w", "warning", DEFAULTS.warning),
        ("c", "critical", DEFAULTS.critical),
    ):
        parser.add_argument(
            f"-{letter}",
            f"--{severity}",
            type=days,
            default=default,
            metavar="RANGE",
            help=f"{severity.upper()} where the days that a certificate has left are outside "
            f"RANGE (default: {default})",
        )
    parser.add_argument(
        "--files",
        action="store_true",
        help="read the files that connections and ipsec.secrets name and those in /etc/ipsec.d or "
        "/etc/swanctl too; needs the Python library cryptography",
    )
    add_statuses(parser, STATUSES)


CHECK = Check(
    name="IPSEC-CERTS",
    program="check_ipsec_certs",
    description="Which certificates of strongSwan end when, and whom that hits.",
    epilog="""\
Without options the certificates that charon has and that connections of /etc/ipsec.conf and
/etc/swanctl/swanctl.conf use are judged. Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
GLOBs are case-sensitive; -e wins over -i.
""",
    verbose="-v: a table; -vv: subjects, times and connections whole; -vvv: all that was read",
    add_options=add_options,
    sources=SOURCES,
    find=find,
)
main = CHECK.main
