"""What all checks share: one line and exit 3 for whatever goes wrong.

The guidelines want a plugin's answer on standard output, UNKNOWN (3) for all that
keeps it from answering, and no traceback. argparse alone would leave with 2, which is
CRITICAL, and write on standard error.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

from nagiosplugin import Timeout

from check_ipsec.command_line import Terminated, printed, terminable, wants_traceback
from check_ipsec.errors import CheckIpsecError
from check_ipsec.report.severity import Severity
from check_ipsec.untrusted import plain


class Answer(NamedTuple):
    """What a command prints and how it exits."""

    text: str
    severity: Severity


def run(
    name: str,
    make_parser: Callable[[], argparse.ArgumentParser],
    answer: Callable[[argparse.Namespace], Answer],
    argv: Optional[Sequence[str]] = None,
) -> int:
    """Print what ``answer`` makes of the options; the exit status.

    ``name`` begins the line that says what went wrong.
    """
    arguments = sys.argv[1:] if argv is None else argv
    with terminable():
        return say(attempt(name, make_parser, answer, arguments))


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
        from check_ipsec.report.as_json import dumps, failure

        return Answer(dumps(failure(message)) + "\n", Severity.UNKNOWN)
    return Answer(f"{name} UNKNOWN - {plain(message)}\n", Severity.UNKNOWN)


def say(answer: Answer) -> int:
    """Print; UNKNOWN if nobody can read it."""
    return int(answer.severity if printed(answer.text) else Severity.UNKNOWN)
