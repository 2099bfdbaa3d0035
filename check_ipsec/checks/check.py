"""What a check declares, and what every check has from here.

A :class:`Check` is a name, options and a function that looks at a host. Its plugin has
besides -C, -i, -e, -t, -v, -V, --json, --capture and --captured, one line of 1,000 bytes,
performance data, a table, and UNKNOWN for whatever goes wrong.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import ceil
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import nagiosplugin
from nagiosplugin import Context, Metric, Performance, Resource, Result, Results, Summary
from nagiosplugin.output import Output
from nagiosplugin.platform import with_timeout
from nagiosplugin.runtime import Runtime
from nagiosplugin.state import Critical, Ok, ServiceState, Unknown, Warn

from check_ipsec.checks.cli import Answer, run
from check_ipsec.command_line import (
    Parser,
    add_common_options,
    add_connection_options,
    add_source_options,
    host_of,
)
from check_ipsec.host.host import DEFAULT_TIMEOUT, Host
from check_ipsec.host.sources import Source
from check_ipsec.report.severity import Severity
from check_ipsec.untrusted import plain, plain_lines

if TYPE_CHECKING:
    from check_ipsec.host.capture import Reading, Recording

FIRST_LINE = 1000
# the number of -v that show tables, and no texts
TABLES = 2
STATES: dict[Severity, ServiceState] = {
    Severity.OK: Ok,
    Severity.WARNING: Warn,
    Severity.CRITICAL: Critical,
    Severity.UNKNOWN: Unknown,
}


class Number(NamedTuple):
    """A number to graph, as performance data have it; ``U`` where ``value`` is None.

    ``unit`` is one of the plugin guidelines (``s``, ``B``, ``c``, ``%`` or none).
    """

    label: str
    value: Optional[float]
    unit: Optional[str] = None
    warning: object = None
    critical: object = None
    least: Optional[float] = None
    most: Optional[float] = None


class Found(NamedTuple):
    """What a check has found.

    ``line`` is the first line without name and status, in so many bytes; ``table`` the
    lines for -v in so many columns, with details for -vv; ``document`` the object for
    --json, of which the first line is part.
    """

    severity: Severity
    numbers: tuple[Number, ...]
    line: Callable[[int], str]
    table: Callable[[int, bool], Iterable[str]]
    document: Callable[[str], dict[str, Any]]


class Check(NamedTuple):
    """A check as it is declared: ``name`` begins its first line, ``verbose`` explains -v.

    ``sources`` are those that it may ask, which the manual page names.
    ``find`` looks at the host with the options that ``add_options`` has added and those
    that all checks have.
    """

    name: str
    program: str
    description: str
    epilog: str
    verbose: str
    add_options: Callable[[argparse.ArgumentParser], None]
    sources: tuple[Source, ...]
    find: Callable[[Host, argparse.Namespace], Found]

    def parser(self) -> argparse.ArgumentParser:
        """The options, as --help, the manual page and the README show them."""
        parser = Parser(
            prog=self.program,
            description=self.description,
            epilog=self.epilog,
            # its own width, asked for once and not with each option
            formatter_class=partial(argparse.HelpFormatter, width=get_terminal_size().columns - 2),
            allow_abbrev=False,
        )
        add_connection_options(parser, "check only")
        if Source.LIST_SAS in self.sources:
            add_source_options(parser)
        self.add_options(parser)
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
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
        parser.add_argument(
            "--color",
            choices=("auto", "always", "never"),
            default="auto",
            metavar="WHEN",
            help="colour: always, never, or auto: on a terminal, unless NO_COLOR is set; there the "
            "performance data are left out, too, with -vv they come last (default: auto)",
        )
        add_common_options(parser, DEFAULT_TIMEOUT, self.verbose)
        return parser

    def main(self, argv: Optional[Sequence[str]] = None) -> int:
        """Entry point; the exit status."""
        return run(self.name, self.parser, self.answer, argv)

    def answer(self, options: argparse.Namespace) -> Answer:
        """Judge the host; recorded where ``-vvv`` or ``--capture`` asks what was read of it."""
        if options.capture is None and options.verbose <= TABLES:
            return said(self, host_of(options), options)
        return recorded(self, options)


class Measured(Resource):
    """The host of a check: what is measured."""

    def __init__(self, check: Check, host: Host, options: argparse.Namespace) -> None:
        self._check = check
        self._host = host
        self._options = options
        self.found: Found

    def probe(self) -> Iterator[Metric]:
        """The numbers; the severity hangs at the first one."""
        self.found = self._check.find(self._host, self._options)
        contexts = ["decides", *["tells"] * (len(self.found.numbers) - 1)]
        for number, context in zip(self.found.numbers, contexts):
            yield Metric(number.label, number, context=context)


class Tells(Context):
    """A number that is there to be graphed."""

    def performance(self, metric: Metric, resource: Measured) -> Optional[Performance]:
        """``LABEL=VALUE[UNIT];[WARN];[CRIT];[MIN];[MAX]``; nothing where all is unknown."""
        if resource.found.severity is Severity.UNKNOWN:
            return None
        label, value, *rest = metric.value
        return Performance(label, "U" if value is None else value, *rest)


class Decides(Tells):
    """The number that stands for the whole check."""

    def evaluate(self, metric: Metric, resource: Measured) -> Result:
        """The severity of the whole."""
        return Result(STATES[resource.found.severity], metric=metric)


class FirstLine(Summary):
    """The first line, and below it the table where ``-v`` asks for it."""

    def __init__(
        self,
        check: nagiosplugin.Check,
        resource: Measured,
        readings: "Sequence[Reading]",
        verbosity: int,
        paint: Callable[[str], str] = str,
    ) -> None:
        self._check = check
        self._resource = resource
        self._readings = readings
        self._verbosity = verbosity
        self._paint = paint

    def text(self) -> str:
        """The first line without name and status, within its limit."""
        perfdata = " ".join(self._check.perfdata)
        found = self._resource.found
        head = f"{self._check.name} {found.severity.name} -  | {perfdata}"
        return found.line(FIRST_LINE - len(head))

    def ok(self, _results: Results) -> str:
        """All is well."""
        return self.text()

    def problem(self, _results: Results) -> str:
        """Something is not."""
        return self.text()

    def verbose(self, _results: Results) -> list[str]:
        """The table, and what was read with ``-vvv``."""
        width = get_terminal_size().columns
        lines = list(map(self._paint, self._resource.found.table(width, self._verbosity > 1)))
        return lines + list(read(self._readings)) if self._verbosity > TABLES else lines


def said(
    check: Check, host: Host, options: argparse.Namespace, readings: "Sequence[Reading]" = ()
) -> Answer:
    """The answer about the host, in the form that the options ask for.

    ``readings`` are all that was read of it, once it was judged.
    """
    resource = Measured(check, host, options)
    plugin = nagiosplugin.Check(resource, Decides("decides"), Tells("tells"))
    plugin.name = check.name
    for_eyes = options.color == "always" or sys.stdout.isatty()
    paint: Callable[[str], str] = str
    if for_eyes:
        from check_ipsec.checks import terminal

        paint = terminal.paint(options.color)
    summary = FirstLine(plugin, resource, readings, options.verbose, paint)
    plugin.add(summary)
    with_timeout(ceil(options.timeout), plugin)
    if options.json:
        from check_ipsec.report.as_json import dumps

        found = resource.found
        return Answer(dumps(found.document(summary.text())) + "\n", found.severity)
    output = Output(Runtime().logchan)
    output.add(plugin)
    if options.verbose:
        output.add_longoutput(plugin.verbose_str)
    severity = Severity(plugin.exitcode)
    text = str(output)
    if for_eyes:
        text = terminal.for_eyes(text, severity, options.color, options.verbose > 1)
    return Answer(text, severity)


def recorded(check: Check, options: argparse.Namespace) -> Answer:
    """The answer about a host of which all that is read is kept, in a folder if one is named."""
    from check_ipsec.host.capture import Recording, refuse_existing

    if options.capture is not None:
        refuse_existing(options.capture)
    recording = Recording(host_of(options))
    try:
        answer = said(check, recording, options, recording.readings)
    finally:
        if options.capture is not None and recording.readings:
            keep(recording, options.capture)
    if options.capture is not None:
        folder = plain(options.capture)
        sys.stderr.write(f"captured in {folder}: addresses and identities of the host are in it\n")
    return answer


def keep(recording: "Recording", folder: str) -> None:
    """What was read, as a folder; it is costlier to import."""
    from check_ipsec.configuration.of_host import kept
    from check_ipsec.host.capture import write

    write(folder, kept(recording), recording)


def read(readings: "Iterable[Reading]") -> Iterator[str]:
    """The commands that were run, their time and what they printed."""
    for _, output, _ in readings:
        command = plain(" ".join(output.command))
        yield f"$ {command} (exit status {output.exit}, {output.seconds:.3f} s)"
        for text in (output.stdout, output.stderr):
            if text:
                yield plain_lines(text.removesuffix("\n"))
