"""What all commands share: options, and one line and exit 3 for whatever goes wrong.

The guidelines want a plugin's answer on standard output, UNKNOWN (3) for all that
keeps it from answering, and no traceback. argparse alone would leave with 2, which is
CRITICAL, and write on standard error.
"""

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from math import ceil
from types import FrameType
from typing import NamedTuple, NoReturn

from nagiosplugin import Check, Timeout
from nagiosplugin.output import Output
from nagiosplugin.platform import with_timeout
from nagiosplugin.runtime import Runtime

from check_ipsec import __version__
from check_ipsec.as_json import dumps, failure
from check_ipsec.errors import CheckIpsecError, UsageError
from check_ipsec.host import DEFAULT_TIMEOUT, Host
from check_ipsec.severity import Severity
from check_ipsec.untrusted import plain

CONFIGURATION = "/etc/ipsec.conf"


class Answer(NamedTuple):
    """What a command prints and how it exits."""

    text: str
    severity: Severity


class Terminated(BaseException):
    """SIGTERM: leave in order, with no child left behind."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are :class:`UsageError`."""

    def error(self, message: str) -> NoReturn:
        """Leave the wording to :func:`run`."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that every command has."""
    parser.add_argument(
        "-t",
        "--timeout",
        type=seconds,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="give up after so many seconds (default: %(default)g)",
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="-v: a table; -vv: SPIs, proposals, selectors, timers too; -vvv: all that was read",
    )
    parser.add_argument("-V", "--version", action="version", version=f"%(prog)s {__version__}")


def seconds(text: str) -> float:
    """A number of seconds above 0, as an option's value."""
    if not re.fullmatch(r"\d{1,6}(?:\.\d*)?", text) or not float(text):
        raise argparse.ArgumentTypeError("not a number of seconds above 0")
    return float(text)


def severity(text: str) -> Severity:
    """A status, as an option's value."""
    try:
        return Severity[text.upper()]
    except KeyError:
        known = ", ".join(status.name.lower() for status in Severity)
        raise argparse.ArgumentTypeError(f"not one of {known}") from None


def host_of(options: argparse.Namespace) -> Host:
    """The host that the options name; the live one is costlier to import."""
    if options.captured is not None:
        from check_ipsec.captured import CapturedHost

        return CapturedHost(options.captured)
    from check_ipsec.files import DiskFiles
    from check_ipsec.live import LiveHost

    return LiveHost(options.configuration, DiskFiles())


def evaluate(check: Check, verbosity: int, timeout: float) -> Answer:
    """Run ``check`` within ``timeout`` seconds and put its answer into words."""
    with_timeout(ceil(timeout), check)
    output = Output(Runtime().logchan, verbosity)
    output.add(check)
    return Answer(str(output), Severity(check.exitcode))


def run(
    name: str,
    make_parser: Callable[[], argparse.ArgumentParser],
    answer: Callable[[argparse.Namespace], Answer],
    argv: Sequence[str] | None = None,
) -> int:
    """Print what ``answer`` makes of the options; the exit status.

    ``name`` begins the line that says what went wrong.
    """
    arguments = sys.argv[1:] if argv is None else argv
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        return say(attempt(name, make_parser, answer, arguments))
    finally:
        signal.signal(signal.SIGTERM, before)


def attempt(
    name: str,
    make_parser: Callable[[], argparse.ArgumentParser],
    answer: Callable[[argparse.Namespace], Answer],
    arguments: Sequence[str],
) -> Answer:
    """The answer, or why there is none."""
    try:
        return answer(make_parser().parse_args(arguments))
    except CheckIpsecError as error:
        message = str(error)
    except Timeout as error:
        message = f"no answer within {error}"
    except (KeyboardInterrupt, Terminated):
        message = "interrupted"
    except Exception as error:
        message = f"internal error, {type(error).__name__}: {error}"
        if wants_traceback(arguments):
            traceback.print_exc()
    return unknown(name, message, as_json="--json" in arguments)


def unknown(name: str, message: str, as_json: bool) -> Answer:
    """An error in the form that was asked for."""
    if as_json:
        return Answer(dumps(failure(message)) + "\n", Severity.UNKNOWN)
    return Answer(f"{name} UNKNOWN - {plain(message)}\n", Severity.UNKNOWN)


def wants_traceback(arguments: Sequence[str]) -> bool:
    """Whether -vvv is among the arguments, which may be what could not be parsed."""
    return sum(len(word) - 1 for word in arguments if re.fullmatch("-v+", word)) >= 3


def say(answer: Answer) -> int:
    """Print; UNKNOWN if nobody can read it."""
    try:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(answer.text)
        sys.stdout.flush()
    except OSError:
        # or the interpreter tries once more at its end, and complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Severity.UNKNOWN)
    return int(answer.severity)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated
