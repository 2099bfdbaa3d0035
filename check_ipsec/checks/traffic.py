"""check_ipsec_traffic: whether protected traffic flows.

Up is not enough: a filter, a wrong route or a peer that has lost its keys leaves a connection
up that carries nothing one way. Compared with the last run, a connection without traffic is
healthy; one through which packets only leave, or only come, for some time is not, nor one
whose packets are refused.

Perfdata: wrong (with thresholds and the number that is up), flowing, idle, one_way, stalled,
damaged, replayed, ending, narrow, down; bytes_in, bytes_out, packets_in, packets_out, replays,
integrity_failures: counters over all connections, which neither a rekey nor a restart of
charon sets back; xfrm_errors: of the kernel since it was started.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator

from check_ipsec.checks.check import Check, Found, Number
from check_ipsec.checks.options import add_state, add_status, add_thresholds
from check_ipsec.checks.thresholds import Thresholds
from check_ipsec.errors import UsageError
from check_ipsec.host.host import Host
from check_ipsec.moment.memory import default_file
from check_ipsec.report.severity import Severity, overall
from check_ipsec.report.traffic import (
    TrafficMapping,
    document,
    first_line,
    least,
    severity,
    table,
    wrong,
)
from check_ipsec.truth.flow import Passed
from check_ipsec.truth.observe import Question
from check_ipsec.truth.observe_traffic import (
    SOURCES,
    TrafficObservation,
    TrafficQuestion,
    observe_traffic,
)
from check_ipsec.truth.traffic import Flow, Limit

FLOWS = {
    "flowing": Flow.FLOWS,
    "idle": Flow.IDLE,
    "one_way": Flow.ONE_WAY,
    "stalled": Flow.STALLED,
    "damaged": Flow.DAMAGED,
    "replayed": Flow.REPLAYED,
    "ending": Flow.ENDING,
    "narrow": Flow.NARROW,
    "down": Flow.DOWN,
}


def find(host: Host, options: argparse.Namespace) -> Found:
    """What the connections of a host carry, and what becomes of it."""
    observation = observe_traffic(host, question(options))
    mapping = TrafficMapping(options.flow, options.refused, options.errors)
    thresholds = Thresholds(options.warning, options.critical)
    decided = severity(observation, mapping)
    if thresholds:
        decided = thresholds.severity(len(wrong(observation)), up(observation))
    found = overall(decided, least(observation, mapping))
    return Found(
        found,
        tuple(numbers(observation, thresholds, options.perfdata)),
        line=lambda room: first_line(observation, mapping, room),
        table=lambda width, details: table(observation, width, details),
        document=lambda line: document(observation, found, line),
    )


def question(options: argparse.Namespace) -> TrafficQuestion:
    """What the options ask of the host; a captured one is remembered only by request."""
    state = options.state
    if state is None and options.captured is None:
        state = default_file()
    which = Question(tuple(options.include), tuple(options.exclude), timeout=options.timeout)
    limit = Limit(
        failed=options.integrity,
        replayed=options.replays,
        silent=options.silent,
        near=options.near,
        mtu=int(options.mtu),
    )
    return TrafficQuestion(which, limit, state)


def up(observation: TrafficObservation) -> int:
    """How many connections could carry something."""
    return sum(one.flow is not Flow.DOWN for one in observation.judged)


def numbers(
    observation: TrafficObservation, thresholds: Thresholds, perfdata: str
) -> Iterator[Number]:
    """What there is to graph."""
    whole = up(observation)
    warning = thresholds.warning(whole) if thresholds else None
    critical = thresholds.critical(whole) if thresholds else None
    yield Number("wrong", len(wrong(observation)), "", warning, critical, 0, whole)
    by_flow = Counter(one.flow for one in observation.judged)
    yield from (Number(label, by_flow[flow]) for label, flow in FLOWS.items())
    known = observation.status is not None and observation.statistics_error is None
    total = Passed()
    for one in observation.judged:
        total = total.plus(one.carried.track.total)
    for label, value in (
        ("bytes_in", total.inbound.octets),
        ("bytes_out", total.outbound.octets),
        ("packets_in", total.inbound.packets),
        ("packets_out", total.outbound.packets),
        ("replays", total.refused.replayed + total.refused.late),
        ("integrity_failures", total.refused.failed),
    ):
        yield Number(label, value if known else None, "c" if known else "")
    errors = observation.errors
    yield Number("xfrm_errors", sum(errors.counts.values()) if errors else None,
                 "c" if errors else "")  # fmt: skip
    if perfdata == "connections" and known:
        for one in observation.judged:
            name = label_of(one.carried.name)
            passed = one.carried.track.total
            yield Number(f"{name}_in", passed.inbound.octets, "c")
            yield Number(f"{name}_out", passed.outbound.octets, "c")


def label_of(name: str) -> str:
    """A name as performance data may have it."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def add_options(parser: argparse.ArgumentParser) -> None:
    """How much is too much, and how bad that is."""
    add_thresholds(parser, "the number that does not carry as it should")
    add_number(parser, "--silent", 120.0, "SECONDS",
               "one way may be silent for so long while the other flows; 0: for ever")  # fmt: skip
    add_number(parser, "--replays", 1.0, "RATE",
               "so many replayed packets per second are allowed of a connection")  # fmt: skip
    add_number(parser, "--integrity", 0.0, "RATE",
               "so many damaged packets per second are allowed of a connection")  # fmt: skip
    add_number(parser, "--errors", 1.0, "RATE",
               "so many errors per second are allowed of each counter of the kernel")  # fmt: skip
    add_number(parser, "--near", 95.0, "PERCENT",
               "so much of a hard limit may be used up where nothing renews the SA")  # fmt: skip
    add_number(parser, "--mtu", 0.0, "BYTES",
               "the way to each peer must carry such packets; 0: not asked for")  # fmt: skip
    add_status(parser, "--flow", Severity.WARNING, "status of all that does not flow as it should")
    add_status(parser, "--refused", Severity.WARNING, "status of packets that are refused")
    parser.add_argument(
        "--perfdata",
        choices=("totals", "connections"),
        default="totals",
        metavar="WHAT",
        help="totals (default), or connections too: some 60 bytes for each",
    )
    add_state(parser)


def add_number(
    parser: argparse.ArgumentParser, option: str, default: float, metavar: str, about: str
) -> None:
    """An option that takes a number from 0."""
    parser.add_argument(
        option,
        type=number,
        default=default,
        metavar=metavar,
        help=f"{about} (default: {default:g})",
    )


def number(text: str) -> float:
    """A number from 0, as an option's value."""
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text):
        raise UsageError(f"{text} is not a number from 0")
    return float(text)


CHECK = Check(
    name="IPSEC-TRAFFIC",
    program="check_ipsec_traffic",
    description="Whether the traffic of IPsec connections flows.",
    epilog="""\
Without options all connections of /etc/ipsec.conf are compared with the last run. Exit status:
0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. GLOBs are case-sensitive; -e wins over -i.
""",
    verbose="-v: a table; -vv: packets and all counters too; -vvv: all that was read",
    add_options=add_options,
    sources=SOURCES,
    find=find,
)
main = CHECK.main
