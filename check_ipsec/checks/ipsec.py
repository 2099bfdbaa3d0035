"""check_ipsec: the state of every connection that ipsec.conf lists.

Check: established is OK, connecting WARNING, not connected CRITICAL. Traffic that leaves in
clear text is CRITICAL, what charon has loaded or negotiated otherwise than ipsec.conf has it
WARNING, whatever the state. What an operator switched off, what waits for traffic or for
clients, and shunts are healthy as they are.

Perfdata: not_established (with thresholds and the number judged), established,
connecting, not_connected, unverified, on_demand, clients, ignored, stale, unlisted,
cleartext.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size

from nagiosplugin import Check, Context, Metric, Performance, Resource, Result, Results, Summary
from nagiosplugin.state import Critical, Ok, ServiceState, Unknown, Warn

from check_ipsec.as_json import document, dumps
from check_ipsec.capture import Recording, refuse_existing
from check_ipsec.capture import write as write_capture
from check_ipsec.checks.cli import Answer, evaluate, run, severity
from check_ipsec.checks.thresholds import Thresholds, range_spec
from check_ipsec.command_line import (
    Parser,
    add_common_options,
    add_connection_options,
    host_of,
    seconds,
)
from check_ipsec.configuration import load, render
from check_ipsec.expectation import parse_override
from check_ipsec.headline import headline
from check_ipsec.host import DEFAULT_TIMEOUT
from check_ipsec.observe import Observation, Question, observe
from check_ipsec.severity import (
    Counts,
    Mapping,
    Severity,
    beyond_thresholds,
    count,
    least,
    overall,
    worst,
)
from check_ipsec.untrusted import plain, plain_lines

NAME = "IPSEC"
FIRST_LINE = 1000
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
STATES: dict[Severity, ServiceState] = {
    Severity.OK: Ok,
    Severity.WARNING: Warn,
    Severity.CRITICAL: Critical,
    Severity.UNKNOWN: Unknown,
}


class Connections(Resource):
    """The connections of a host: what is measured."""

    def __init__(
        self, host: Recording, question: Question, mapping: Mapping, thresholds: Thresholds
    ) -> None:
        self._host = host
        self._question = question
        self._mapping = mapping
        self.thresholds = thresholds
        self.observation: Observation
        self.counts: Counts
        self.severity: Severity

    def probe(self) -> Iterator[Metric]:
        """The number not established first, then the counts behind it."""
        self.observation = observe(self._host, self._question)
        self.counts = count(self.observation)
        self.severity = self._severity()
        yield Metric("not_established", self.counts.not_established, context="thresholds",
                     min=0, max=self.counts.judged)  # fmt: skip
        for label in LABELS:
            yield Metric(label, getattr(self.counts, label), context="count")

    def _severity(self) -> Severity:
        decided = worst(self.observation, self._mapping)
        if self.thresholds and not beyond_thresholds(self.observation):
            decided = self.thresholds.severity(self.counts)
        return overall(decided, least(self.observation, self._mapping))


class NotEstablished(Context):
    """The metric that decides, and whose perfdata carry the thresholds."""

    def evaluate(self, metric: Metric, resource: Connections) -> Result:
        """The severity of the whole host."""
        return Result(STATES[resource.severity], metric=metric)

    def performance(self, metric: Metric, resource: Connections) -> Performance | None:
        """``not_established=N;WARN;CRIT;0;JUDGED``."""
        if resource.severity is Severity.UNKNOWN:
            return None
        ranges = ("", "")
        if resource.thresholds:
            ranges = (
                resource.thresholds.warning(metric.max),
                resource.thresholds.critical(metric.max),
            )
        return Performance(metric.name, metric.value, "", *ranges, metric.min, metric.max)


class Count(Context):
    """A number to graph; ``U`` where it is not known."""

    def performance(self, metric: Metric, resource: Connections) -> Performance | None:
        """``LABEL=N``."""
        if resource.severity is Severity.UNKNOWN:
            return None
        return Performance(metric.name, "U" if metric.value is None else metric.value)


class Headline(Summary):
    """The first line, and below it the table where ``-v`` asks for it."""

    def __init__(
        self, check: Check, resource: Connections, recording: Recording, verbosity: int
    ) -> None:
        self._check = check
        self._resource = resource
        self._recording = recording
        self._verbosity = verbosity

    def text(self) -> str:
        """The first line without name and status, within its limit."""
        perfdata = " ".join(self._check.perfdata)
        room = FIRST_LINE - len(f"{NAME} {self._resource.severity.name} -  | {perfdata}")
        resource = self._resource
        return headline(resource.observation, resource.counts, resource.severity, room)

    def ok(self, _results: Results) -> str:
        """All is well."""
        return self.text()

    def problem(self, _results: Results) -> str:
        """Something is not."""
        return self.text()

    def verbose(self, _results: Results) -> list[str]:
        """The table, and what was read with ``-vvv``."""
        from check_ipsec.table import table

        width = get_terminal_size().columns
        lines = list(table(self._resource.observation, width, details=self._verbosity > 1))
        return lines + list(readings(self._recording)) if self._verbosity > 2 else lines


def readings(recording: Recording) -> Iterator[str]:
    """The commands that were run, their time and what they printed."""
    for _, output in recording.readings:
        command = plain(" ".join(output.command))
        yield f"$ {command} (exit status {output.exit}, {output.seconds:.3f} s)"
        for text in (output.stdout, output.stderr):
            if text:
                yield plain_lines(text.removesuffix("\n"))


def check_host(recording: Recording, options: argparse.Namespace) -> Answer:
    """The answer about the host, in the form that the options ask for."""
    resource = Connections(recording, question(options), mapping(options),
                           Thresholds(options.warning, options.critical))  # fmt: skip
    check = Check(resource, NotEstablished("thresholds"), Count("count"))
    check.name = NAME
    summary = Headline(check, resource, recording, options.verbose)
    check.add(summary)
    said = evaluate(check, options.verbose, options.timeout)
    if not options.json:
        return said
    facts = document(resource.observation, resource.counts, resource.severity, summary.text())
    return Answer(dumps(facts) + "\n", resource.severity)


def question(options: argparse.Namespace) -> Question:
    """What the options ask of the host."""
    return Question(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        overrides=tuple(map(parse_override, options.expect)),
        ask_kernel=not options.no_kernel,
        timeout=options.timeout,
        pause=Question().pause if options.captured is None else 0.0,
    )


def mapping(options: argparse.Namespace) -> Mapping:
    """How bad the options call a state."""
    return Mapping(
        options.connecting, options.not_connected, options.cleartext, options.stale, options.grace
    )


def answer(options: argparse.Namespace) -> Answer:
    """Judge the host, and keep what was read of it where ``--capture`` asks."""
    if options.capture is None:
        return check_host(Recording(host_of(options)), options)
    refuse_existing(options.capture)
    recording = Recording(host_of(options))
    try:
        said = check_host(recording, options)
    finally:
        if recording.readings:
            configuration = load(recording.path, recording.files)
            write_capture(options.capture, render(configuration), recording)
    folder = plain(options.capture)
    sys.stderr.write(f"captured in {folder}: addresses and identities of the host are in it\n")
    return said


EPILOG = """\
Without options every connection of /etc/ipsec.conf is checked. Exit status: 0 OK,
1 WARNING, 2 CRITICAL, 3 UNKNOWN. GLOBs are case-sensitive; -e wins over -i.
"""
VERBOSE = "-v: a table; -vv: SPIs, proposals, selectors, timers too; -vvv: all that was read"


def make_parser() -> argparse.ArgumentParser:
    """The options, as --help, the manual page and the README show them."""
    parser = Parser(
        prog="check_ipsec",
        description="The state of every IPsec connection that ipsec.conf lists.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add_connection_options(parser, "check only")
    add = parser.add_argument
    add(
        "-w",
        "--warning",
        type=range_spec,
        default="",
        metavar="RANGE",
        help="WARNING where the number not established is outside RANGE (5, 10%%, 1:5)",
    )
    add(
        "-c",
        "--critical",
        type=range_spec,
        default="",
        metavar="RANGE",
        help="CRITICAL where the number not established is outside RANGE",
    )
    add(
        "--connecting",
        type=severity,
        default=Severity.WARNING,
        metavar="STATUS",
        help="status of connecting: ok, warning (default), critical or unknown",
    )
    add(
        "--not-connected",
        type=severity,
        default=Severity.CRITICAL,
        metavar="STATUS",
        help="status of not connected: ok, warning, critical (default) or unknown",
    )
    add(
        "--cleartext",
        type=severity,
        default=Severity.CRITICAL,
        metavar="STATUS",
        help="status where traffic leaves in clear text, whatever other options allow: "
        "ok, warning, critical (default) or unknown",
    )
    add(
        "--stale",
        type=severity,
        default=Severity.WARNING,
        metavar="STATUS",
        help="status of what charon has loaded or negotiated otherwise than ipsec.conf has it: "
        "ok, warning (default), critical or unknown",
    )
    add(
        "--expect",
        action="append",
        default=[],
        metavar="GLOB=EXPECTATION",
        help="what matching connections must be, whatever ipsec.conf says: required, "
        "on-demand, clients, shunt, loaded or ignored; may be repeated, the first wins",
    )
    add(
        "--grace",
        type=grace,
        default=0.0,
        metavar="SECONDS",
        help="while charon is younger, not connected is WARNING at most (default: 0)",
    )
    add("--no-kernel", action="store_true", help="do not ask the kernel for states and policies")
    add("--json", action="store_true", help="one JSON object instead of text")
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--capture",
        metavar="DIR",
        help="keep all that was read in the new folder DIR; it holds addresses and identities",
    )
    either.add_argument(
        "--captured",
        metavar="DIR",
        help="judge the host that such a folder holds instead of this one",
    )
    add_common_options(parser, DEFAULT_TIMEOUT, VERBOSE)
    return parser


def grace(text: str) -> float:
    """A number of seconds, 0 too, as an option's value."""
    return 0.0 if text == "0" else seconds(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; the exit status."""
    return run(NAME, make_parser, answer, argv)
