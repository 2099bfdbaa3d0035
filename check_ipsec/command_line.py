"""What all commands share, plugin or not: options and their values, signals, the last word."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from check_ipsec import __version__
from check_ipsec.errors import UsageError
from check_ipsec.host.host import Host, Way

CONFIGURATION = "/etc/ipsec.conf"
SWANCTL = "/etc/swanctl/swanctl.conf"


class Terminated(BaseException):
    """SIGTERM: leave in order, with no child left behind."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are :class:`UsageError`."""

    def error(self, message: str) -> NoReturn:
        """Leave the wording to the command."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def add_connection_options(parser: argparse.ArgumentParser, only: str) -> None:
    """The options that say which connections; ``only`` says what is done."""
    parser.add_argument(
        "-C",
        "--configuration",
        default=CONFIGURATION,
        metavar="FILE",
        help="the file that lists the connections (default: %(default)s)",
    )
    parser.add_argument(
        "-i",
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help=f"{only} connections whose name matches; may be repeated",
    )
    parser.add_argument(
        "-e",
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="leave out connections whose name matches; may be repeated",
    )


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """The options of whoever can ask charon over VICI too."""
    parser.add_argument(
        "--swanctl",
        default=SWANCTL,
        metavar="FILE",
        help="the file that lists those for swanctl (default: %(default)s, without -C)",
    )
    parser.add_argument(
        "--secrets",
        action="append",
        default=[],
        metavar="GLOB",
        help="included files that hold secrets only, which are not read; may be repeated",
    )
    parser.add_argument(
        "--source",
        choices=[way.value for way in Way],
        default=Way.AUTO.value,
        metavar="WAY",
        help="how charon is asked: stroke, only of ipsec.conf; vici; or auto (default), by vici "
        "where swanctl.conf lists connections",
    )


def add_label_options(parser: argparse.ArgumentParser, what: str) -> None:
    """The site's own map of its connections; ``what`` a label is for."""
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="GLOB=key:value",
        help=f"{what}; may be repeated",
    )
    parser.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="FILE",
        help="such labels, a line each; may be repeated",
    )


def add_common_options(parser: argparse.ArgumentParser, timeout: float, verbose: str) -> None:
    """The options that every command has; ``verbose`` explains -v."""
    parser.add_argument(
        "-t",
        "--timeout",
        type=seconds,
        default=timeout,
        metavar="SECONDS",
        help="give up after so many seconds (default: %(default)g)",
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help=verbose)
    parser.add_argument("-V", "--version", action="version", version=f"%(prog)s {__version__}")


def seconds(text: str) -> float:
    """A number of seconds above 0, as an option's value."""
    if not re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]*)?", text) or not float(text):
        raise argparse.ArgumentTypeError("not a number of seconds above 0")
    return float(text)


def wants_traceback(arguments: Sequence[str]) -> bool:
    """Whether -vvv is among the arguments, which may be what could not be parsed."""
    return sum(len(word) - 1 for word in arguments if re.fullmatch("-v+", word)) >= 3


def host_of(options: argparse.Namespace) -> Host:
    """The host that the options name; the live one is costlier to import."""
    way, swanctl, secrets = Way.STROKE, None, []
    if hasattr(options, "source"):
        way, secrets = Way(options.source), options.secrets
        alone = options.configuration != CONFIGURATION and options.swanctl == SWANCTL
        swanctl = None if alone else options.swanctl
    if options.captured is not None:
        from check_ipsec.host.captured import CapturedHost

        return CapturedHost(options.captured, way)
    from check_ipsec.host.files import DiskFiles
    from check_ipsec.host.live import LiveHost

    log = getattr(options, "log", None)
    files = DiskFiles(secrets)
    return LiveHost(options.configuration, files, swanctl=swanctl, way=way, log=log)


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises :class:`Terminated`; afterwards it is the caller's again."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def printed(text: str) -> bool:
    """Print; False if nobody can read it."""
    try:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        # or the interpreter tries once more at its end, and complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated
