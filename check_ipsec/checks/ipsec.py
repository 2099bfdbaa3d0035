"""check_ipsec: the state of every connection that ipsec.conf and swanctl.conf list.

Check: established is OK, connecting WARNING, not connected CRITICAL. Traffic that leaves in
clear text is CRITICAL, what charon has loaded or negotiated otherwise than ipsec.conf has it
WARNING, whatever the state. What an operator switched off, what waits for traffic or for
clients, and shunts are healthy as they are.

Perfdata: not_established (with thresholds and the number judged), established,
connecting, not_connected, unverified, on_demand, clients, ignored, stale, unlisted,
cleartext.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any

from check_ipsec.checks.check import Check, Found, Number
from check_ipsec.checks.options import add_status, add_thresholds
from check_ipsec.checks.thresholds import Thresholds
from check_ipsec.command_line import add_label_options, seconds
from check_ipsec.configuration.expectation import parse_override
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import LOG_FILE, Source
from check_ipsec.report.headline import headline
from check_ipsec.report.severity import (
    Counts,
    Mapping,
    Severity,
    beyond_thresholds,
    count,
    least,
    overall,
    worst,
)
from check_ipsec.truth.observe import SOURCES, Observation, Question, observe
from check_ipsec.truth.verdict import State

# the part of its time after which charon's log is left unread, for there is an answer without it
BEFORE_LOG = 0.9
LABELS = (
    "established",
    "connecting",
    "not_connected",
    "unverified",
    "on_demand",
    "clients",
    "ignored",
    "stale",
    "unlisted",
    "cleartext",
)


def find(host: Host, options: argparse.Namespace) -> Found:
    """The verdicts on the connections of a host, and what becomes of them."""
    begin = monotonic()
    observation = observe(host, question(options))
    if not_as_it_should_be(observation):
        from check_ipsec.truth.explain import with_causes

        deadline = Deadline(options.timeout * BEFORE_LOG, begin=begin)
        observation = with_causes(observation, host, options.log, deadline)
    if options.label or options.labels:
        observation = labelled(observation, options)
    counts = count(observation)
    thresholds = Thresholds(options.warning, options.critical)
    severity = severity_of(observation, counts, mapping(options), thresholds)
    return Found(
        severity,
        tuple(numbers(counts, thresholds)),
        line=lambda room: headline(observation, counts, severity, room),
        table=lambda width, details: table(observation, width, details),
        document=lambda line: document(observation, counts, severity, line),
    )


def not_as_it_should_be(observation: Observation) -> bool:
    """Whether charon's log may say why; it is costlier to read."""
    return observation.status is not None and any(
        verdict.state in (State.NOT_CONNECTED, State.CONNECTING) for verdict in observation.verdicts
    )


def labelled(observation: Observation, options: argparse.Namespace) -> Observation:
    """The observation with the site's own map of its connections; few have one."""
    from check_ipsec.configuration.labels import labels_asked_for, labels_of

    names = [verdict.connection.name for verdict in observation.verdicts]
    labels = labels_of(names, labels_asked_for(options.label, options.labels))
    return observation._replace(labels=labels)


def severity_of(
    observation: Observation, counts: Counts, mapping: Mapping, thresholds: Thresholds
) -> Severity:
    """How bad it is: by the worst state or the thresholds, and never better than the least."""
    decided = worst(observation, mapping)
    if thresholds and not beyond_thresholds(observation):
        decided = thresholds.severity(counts.not_established, counts.judged)
    return overall(decided, least(observation, mapping))


def numbers(counts: Counts, thresholds: Thresholds) -> Iterator[Number]:
    """The number not established with its thresholds, then the counts behind it."""
    whole = counts.judged
    warning = thresholds.warning(whole) if thresholds else None
    critical = thresholds.critical(whole) if thresholds else None
    yield Number("not_established", counts.not_established, "", warning, critical, 0, whole)
    yield from (Number(label, getattr(counts, label)) for label in LABELS)


def table(observation: Observation, width: int, details: bool) -> Iterable[str]:
    """The lines for ``-v``; they are costlier to import."""
    from check_ipsec.report.table import table

    return table(observation, width, details)


def document(
    observation: Observation, counts: Counts, severity: Severity, line: str
) -> dict[str, Any]:
    """The object for ``--json``; it is costlier to import."""
    from check_ipsec.report.as_json import document

    return document(observation, counts, severity, line)


def question(options: argparse.Namespace) -> Question:
    """What the options ask of the host."""
    return Question(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        overrides=tuple(map(parse_override, options.expect)),
        ask_kernel=not options.no_kernel,
        timeout=options.timeout,
        pause=Question().pause if options.captured is None else 0.0,
        details=bool(options.verbose or options.capture),
    )


def mapping(options: argparse.Namespace) -> Mapping:
    """How bad the options call a state."""
    return Mapping(
        options.connecting, options.not_connected, options.cleartext, options.stale, options.grace
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """How bad what is, and what is looked at."""
    add_thresholds(parser, "the number not established")
    add_status(parser, "--connecting", Severity.WARNING, "status of connecting")
    add_status(parser, "--not-connected", Severity.CRITICAL, "status of not connected")
    add_status(
        parser,
        "--cleartext",
        Severity.CRITICAL,
        "status where traffic leaves in clear text, whatever other options allow",
    )
    add_status(
        parser,
        "--stale",
        Severity.WARNING,
        "status of what charon has loaded or negotiated otherwise than ipsec.conf has it",
    )
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="GLOB=EXPECTATION",
        help="what matching connections must be, whatever ipsec.conf says: required, "
        "on-demand, clients, shunt, loaded or ignored; may be repeated, the first wins",
    )
    parser.add_argument(
        "--grace",
        type=grace,
        default=0.0,
        metavar="SECONDS",
        help="while charon is younger, not connected is WARNING at most (default: 0)",
    )
    parser.add_argument(
        "--no-kernel", action="store_true", help="do not ask the kernel for states and policies"
    )
    parser.add_argument(
        "--log",
        metavar="FILE",
        help="where charon logs, which is read only to say why a connection is down "
        f"(default: the journal, then {LOG_FILE})",
    )
    add_label_options(parser, "what matching connections that are down may have in common")


def grace(text: str) -> float:
    """A number of seconds, 0 too, as an option's value."""
    return 0.0 if text == "0" else seconds(text)


CHECK = Check(
    name="IPSEC",
    program="check_ipsec",
    description="The state of every IPsec connection that ipsec.conf and swanctl.conf list.",
    epilog="""\
Without options every connection of /etc/ipsec.conf and /etc/swanctl/swanctl.conf is
checked; one of the latter is called CONNECTION/CHILD, and matched by a GLOB for CONNECTION
too. Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. GLOBs are case-sensitive; -e wins
over -i.
""",
    verbose="-v: a table; -vv: SPIs, proposals, selectors, timers too; -vvv: all that was read",
    add_options=add_options,
    sources=(*SOURCES, Source.VERSION, Source.LOG, Source.JOURNAL),
    find=find,
)
main = CHECK.main
