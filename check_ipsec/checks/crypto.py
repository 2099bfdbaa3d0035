"""check_ipsec_crypto: whether what was agreed on is what policy allows.

The algorithms of every IKE_SA and CHILD_SA are compared with the proposals that ipsec.conf
insists on (``!``), with a floor, what RFC 8221 and 8247 say MUST NOT or SHOULD NOT be used, and
with what the kernel does. The file itself must not be open to weaker ones. A connection without
an SA is judged by the file: whether it is up is check_ipsec's question.

A charon that does not run or does not answer is CRITICAL.

Perfdata: against_policy, connections, without_sa, forbidden, discouraged, small_group,
not_encrypted, not_listed, open, ikev1, aggressive, no_pfs, mode, kernel, numbers, unknown:
connections of which that is to be said.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from enum import Enum

from check_ipsec.checks.check import Check, Found, Number
from check_ipsec.checks.statuses import Status, add_statuses, statuses
from check_ipsec.errors import UsageError
from check_ipsec.host.host import Host
from check_ipsec.model.algorithms import algorithm
from check_ipsec.report.crypto import Complaint, Judged, Report, document, first_line, severity
from check_ipsec.report.severity import Severity
from check_ipsec.truth.concerns import Concern
from check_ipsec.truth.crypto import Moment, Policy, concerns
from check_ipsec.truth.observe_crypto import (
    SOURCES,
    Agreement,
    Agreements,
    CryptoQuestion,
    observe_crypto,
)

FLOORS: dict[str, dict[Enum, Severity]] = {
    "rfc8221": {Concern.FORBIDDEN: Severity.CRITICAL, Concern.DISCOURAGED: Severity.WARNING},
    "warn": {Concern.FORBIDDEN: Severity.WARNING, Concern.DISCOURAGED: Severity.WARNING},
    "none": {Concern.FORBIDDEN: Severity.OK, Concern.DISCOURAGED: Severity.OK},
}


STATUSES = (
    Status("--not-listed", (Concern.NOT_LISTED,), Severity.WARNING,
           "status where an SA has none of the proposals that the file insists on"),
    Status("--open", (Concern.OPEN,), Severity.WARNING,
           "status where the file does not insist on its proposals, or lists weak ones"),
    Status("--small-group", (Concern.SMALL_GROUP,), Severity.WARNING,
           "status of a key exchange below 2048 bit"),
    Status("--null", (Concern.NOT_ENCRYPTED,), Severity.CRITICAL,
           "status of ESP without encryption"),
    Status("--ikev1", (Concern.IKEV1,), Severity.WARNING, "status of IKEv1"),
    Status("--aggressive", (Concern.AGGRESSIVE,), Severity.CRITICAL,
           "status of aggressive mode with a pre-shared key"),
    Status("--pfs", (Concern.NO_PFS,), Severity.WARNING,
           "status where CHILD_SAs are rekeyed without a key exchange"),
    Status("--mode", (Concern.MODE,), Severity.WARNING, "status of another mode than the file's"),
    Status("--kernel", (Concern.KERNEL,), Severity.CRITICAL,
           "status where the kernel has another algorithm than charon says"),
    Status("--sequence-numbers", (Concern.NUMBERS,), Severity.WARNING,
           "status where the kernel has no ESN and charon says so, or the other way round"),
    Status("--unknown", (Concern.UNKNOWN,), Severity.WARNING,
           "status of an algorithm that no known release has"),
)  # fmt: skip


def find(host: Host, options: argparse.Namespace) -> Found:
    """What the connections of a host have agreed on, and what becomes of it."""
    question = CryptoQuestion(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        ask_kernel=not options.no_kernel,
        timeout=options.timeout,
    )
    report = judge(observe_crypto(host, question), options)
    return Found(
        severity(report),
        tuple(numbers(report)),
        line=lambda room: first_line(report, room),
        table=lambda width, details: table(report, width, details),
        document=lambda line: document(report, line),
    )


def judge(agreements: Agreements, options: argparse.Namespace) -> Report:
    """Every connection against the policy of the options."""
    severities = FLOORS[options.floor] | statuses(STATUSES, options)
    policy = Policy(options.allow, options.floor != "none")

    def judged(agreement: Agreement) -> Judged:
        found = concerns(Moment(agreement, policy, agreements.states))
        complaints = (
            Complaint(severities[one.concern], *one)
            for one in found
            if severities[one.concern] is not Severity.OK
        )
        return Judged(agreement, tuple(sorted(complaints, key=lambda one: -one.severity)))

    return Report(agreements, tuple(map(judged, agreements.agreements)))


def numbers(report: Report) -> Iterator[Number]:
    """How many connections what is to be said of; nothing is known where charon is silent."""
    known = report.agreements.silence is None
    whole = len(report.judged)
    without = sum(not one.agreement.has_sa for one in report.judged)
    counts = {
        "connections": whole,
        "without_sa": without,
        **{concern.name.lower(): with_concern(report.judged, concern) for concern in Concern},
    }
    yield Number("against_policy", len(report.against) if known else None, "", None, None, 0, whole)
    for label, count in counts.items():
        yield Number(label, count if known else None, "")


def with_concern(judged: Iterable[Judged], concern: Concern) -> int:
    """How many connections a complaint of that concern is of."""
    return sum(any(one.concern is concern for one in each.complaints) for each in judged)


def table(report: Report, width: int, details: bool) -> Iterable[str]:
    """The lines for ``-v``; they are costlier to import."""
    from check_ipsec.report.crypto import table

    return table(report, width, details)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What policy is, and how bad what is against it."""
    parser.add_argument(
        "--floor",
        choices=tuple(FLOORS),
        default="warn",
        metavar="FLOOR",
        help="rfc8221: what RFC 8221 and 8247 say MUST NOT be used is CRITICAL, what SHOULD NOT "
        "a warning; warn (default): both are; none: neither",
    )
    parser.add_argument(
        "--allow",
        type=keyword_list,
        default=frozenset(),
        metavar="LIST",
        help="nothing is said of these algorithms, in strongSwan's keywords: 3des,modp1024,null",
    )
    add_statuses(parser, STATUSES)
    parser.add_argument(
        "--no-kernel", action="store_true", help="do not ask the kernel for its states"
    )


def keyword_list(text: str) -> frozenset[str]:
    """Algorithms by their keywords, divided as in ipsec.conf. Raises UsageError."""
    found = set()
    for word in filter(None, re.split("[-,! ]", text)):
        one = algorithm(word)
        if one is None:
            raise UsageError(f"--allow: {word} is no keyword of strongSwan, like 3des or modp1024")
        found.add(one._replace(round=None).printed)
    return frozenset(found)


CHECK = Check(
    name="IPSEC-CRYPTO",
    program="check_ipsec_crypto",
    description="The algorithms that IPsec connections have agreed on, against policy.",
    epilog="""\
Without options all connections of /etc/ipsec.conf, and SAs that it does not list, are compared
with the file and the RFCs. Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. GLOBs are
case-sensitive; -e wins over -i.
""",
    verbose="-v: a table; -vv: what the file has too; -vvv: all that was read",
    add_options=add_options,
    sources=SOURCES,
    find=find,
)
main = CHECK.main
