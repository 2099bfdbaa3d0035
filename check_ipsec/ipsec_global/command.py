"""ipsec-global: all connections of a node up or down, and the truth about it.

The operator's switch for emergencies, by hand or over a whole fleet. It reads ipsec.conf,
asks charon and the kernel what is up as check_ipsec does, asks charon to close or to start
connections, and looks again: what it says is what it saw.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from shutil import get_terminal_size
from time import monotonic
from typing import NamedTuple

from check_ipsec.command_line import (
    Parser,
    Terminated,
    add_common_options,
    add_connection_options,
    add_source_options,
    host_of,
    printed,
    terminable,
    wants_traceback,
)
from check_ipsec.configuration.expectation import Expectation
from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import CheckIpsecError, CommandFailed, NotPermitted, UsageError
from check_ipsec.host.host import DEFAULT_TIMEOUT, Deadline, Host
from check_ipsec.host.live import LiveHost
from check_ipsec.ipsec_global.action import Action
from check_ipsec.ipsec_global.down import Down
from check_ipsec.ipsec_global.operation import LiveNode, Work
from check_ipsec.ipsec_global.orders import speaking
from check_ipsec.ipsec_global.report import Exit, Report
from check_ipsec.ipsec_global.scene import Scene, scene
from check_ipsec.ipsec_global.show import Show, command
from check_ipsec.ipsec_global.up import Up
from check_ipsec.model.configuration import Configuration
from check_ipsec.report.as_json import document, dumps, failure
from check_ipsec.report.headline import headline
from check_ipsec.report.severity import Mapping, Severity, count, least, overall, worst
from check_ipsec.report.table import table
from check_ipsec.truth.observe import Question, chosen, look, observe
from check_ipsec.untrusted import plain

NAME = "ipsec-global"
TIMEOUT = 60.0
# the summary need not fit a plugin's first line
UNLIMITED = 10**6


class Said(NamedTuple):
    """What goes to standard output, and the exit status."""

    text: str
    exit: Exit


# --- status ---------------------------------------------------------------------


def status(host: Host, options: argparse.Namespace) -> Said:
    """The table of ``check_ipsec -v``."""
    seconds = min(options.timeout, DEFAULT_TIMEOUT)
    pause = Question().pause if options.captured is None else 0.0
    observation = observe(host, question(options)._replace(timeout=seconds, pause=pause))
    counts = count(observation)
    severity = overall(worst(observation, Mapping()), least(observation, Mapping()))
    summary = headline(observation, counts, severity, UNLIMITED)
    if options.json:
        text = dumps(document(observation, counts, severity, summary))
    else:
        width = get_terminal_size().columns
        text = "\n".join((summary, *table(observation, width, details=options.verbose > 1)))
    return Said(f"{text}\n", status_exit(severity, silent=observation.daemon_error is not None))


def status_exit(severity: Severity, silent: bool) -> Exit:
    """How ``status`` exits; ``silent``: charon does not answer."""
    if silent:
        return Exit.UNABLE
    return Exit.AS_ASKED if severity is Severity.OK else Exit.NOT_AS_ASKED


# --- up and down ----------------------------------------------------------------


def act(host: Host, options: argparse.Namespace) -> Said:
    """Bring the connections up or down, or say how that would be done."""
    begin = monotonic()
    configuration = configuration_of(host, options)
    first = first_look(host, configuration, options)
    action = Up() if options.action == "up" else Down(first, options.timeout)
    if options.dry_run:
        orders = map(speaking(configuration), action.orders(first, 0.0))
        return Said("".join(f"{command(order)}\n" for order in orders), Exit.AS_ASKED)
    left = options.timeout - (monotonic() - begin)
    node = LiveNode(host, live(host), configuration, question(options), left)
    show = Show(NAME, verbose=options.verbose > 0 and not options.json)
    report = carried_out(Work(node, action, first, show), action, waits(options))
    show.clear()
    if options.json:
        return Said(dumps(report.document()) + "\n", report.exit)
    return Said(report.text(options.verbose > 0, get_terminal_size().columns), report.exit)


def carried_out(work: Work, action: Action, waits: bool) -> Report:
    """Ask, wait where that is wanted, and report even if it is broken off."""
    trouble = ""
    try:
        if waits:
            work.wait()
        else:
            work.ask()
    except (KeyboardInterrupt, Terminated):
        trouble = interrupted(work)
        waits = True
    except CheckIpsecError as error:
        trouble = str(error)
    return Report(action, work.seen, tuple(work.asked), waits, trouble)


def interrupted(work: Work) -> str:
    """Look once more, so that the report is true; what to say of it."""
    try:
        work.look()
    except (KeyboardInterrupt, Terminated, CheckIpsecError):
        return "interrupted, and not looked at again"
    return "interrupted"


def live(host: Host) -> LiveHost:
    """The host, if it is one on which anything can be done."""
    if not isinstance(host, LiveHost):
        raise UsageError("--captured goes with status and --dry-run only")
    return host


def configuration_of(host: Host, options: argparse.Namespace) -> Configuration:
    """The configuration, if the globs leave anything of it to act on."""
    configuration = configured(host)
    if not configuration.connections:
        raise CommandFailed(f"no connection in {configuration.path}")
    if not chosen(configuration.connections, question(options)):
        raise CommandFailed(f"no connection of {configuration.path} matches -i and -e")
    return configuration


def first_look(host: Host, configuration: Configuration, options: argparse.Namespace) -> Scene:
    """What there is to act on. Raises where charon does not answer."""
    deadline = Deadline(min(options.timeout, DEFAULT_TIMEOUT))
    observation = look(host, deadline, configuration, Question())
    if observation.daemon_error:
        raise observation.daemon_error
    seen = scene(observation, question(options))
    if options.action == "up" and all(
        verdict.expectation is Expectation.IGNORED for verdict in seen.chosen
    ):
        path = configuration.path
        raise CommandFailed(f"no connection of {path} that is asked for is switched on")
    return seen


def waits(options: argparse.Namespace) -> bool:
    """``down`` waits unless told otherwise, ``up`` does not."""
    return bool(options.action == "down" if options.waits is None else options.waits)


def question(options: argparse.Namespace) -> Question:
    """Which connections are asked for."""
    return Question(include=tuple(options.include), exclude=tuple(options.exclude))


# --- the command line -------------------------------------------------------------

EPILOG = """\
down closes every SA of the connections, takes their traps away so that traffic
does not bring them back, and looks again until nothing is left or the time is
over. The peer is told; SAs of a peer that does not confirm it within ten
seconds go without it. What a peer brings back stays, and is named. Then it is
said for how many connections traffic now leaves in clear text.

up starts what is not established, and gives on-demand connections their trap
and shunts their policy back. Connections for clients and templates are left
alone (-v names them). With -b it waits, says what is missing and why, and ends
early where charon has given up.

status is the table of check_ipsec -v; -vv adds SPIs, proposals and timers.

SAs and traps that the file does not name are left alone; down names them and
exits with 1.

Exit status: 0 everything is as asked (status: as configured; -n: charon took
every order), 1 something is not, 2 usage, 3 nothing could be done: not root,
file unreadable or refused, no connection found, charon does not answer.

GLOBs are case-sensitive; -e wins over -i.
"""


def make_parser() -> argparse.ArgumentParser:
    """The options, as --help, the manual page and the README show them."""
    parser = Parser(
        prog=NAME,
        description="Bring all IPsec connections of this node up or down, and say what is true.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("action", choices=("up", "down", "status"), help="what is to be done")
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "-b",
        "--blocking",
        dest="waits",
        action="store_true",
        default=None,
        help="wait until it is as asked or the time is over (default of down)",
    )
    either.add_argument(
        "-n",
        "--non-blocking",
        dest="waits",
        action="store_false",
        help="only ask charon for it (default of up)",
    )
    add_connection_options(parser, "act only on")
    add_source_options(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="print the commands, in order, and run none"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument(
        "--captured",
        metavar="DIR",
        help="the host that check_ipsec --capture kept there; for status and --dry-run",
    )
    add_common_options(parser, TIMEOUT, "show each command, and what is left alone")
    return parser


def answer(options: argparse.Namespace) -> Said:
    """Do what the options ask for."""
    acts = options.action != "status" and not options.dry_run
    if acts and options.captured is not None:
        raise UsageError("--captured goes with status and --dry-run only")
    if acts and os.geteuid():
        raise NotPermitted(f"only root can bring connections {options.action}")
    host = host_of(options)
    return status(host, options) if options.action == "status" else act(host, options)


def complain(message: str, exit_status: Exit, arguments: Sequence[str]) -> Said:
    """An error, on standard error or in the form that was asked for."""
    if "--json" in arguments:
        return Said(dumps(failure(message)) + "\n", exit_status)
    sys.stderr.write(f"{NAME}: {plain(message)}\n")
    return Said("", exit_status)


def attempt(arguments: Sequence[str]) -> Said:
    """The answer, or why there is none."""
    try:
        options = make_parser().parse_args(arguments)
    except UsageError as error:
        return complain(str(error), Exit.USAGE, arguments)
    try:
        return answer(options)
    except UsageError as error:
        wrong = options.captured is not None and options.action != "status"
        return complain(str(error), Exit.USAGE if wrong else Exit.UNABLE, arguments)
    except CheckIpsecError as error:
        return complain(str(error), Exit.UNABLE, arguments)
    except (KeyboardInterrupt, Terminated):
        return complain("interrupted before anything was asked", Exit.UNABLE, arguments)
    except Exception as error:
        if wants_traceback(arguments):
            traceback.print_exc()
        message = f"internal error, {type(error).__name__}: {error}"
        return complain(message, Exit.NOT_AS_ASKED, arguments)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    with terminable():
        said = attempt(arguments)
        return int(said.exit if printed(said.text) else Exit.NOT_AS_ASKED)
