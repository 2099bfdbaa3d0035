"""The commands of the package, a row each; everything else here follows from a row."""

import argparse
from collections.abc import Callable, Iterator
from inspect import cleandoc
from typing import NamedTuple, Optional

from check_ipsec.checks import certs, crypto, daemon, ipsec, traffic
from check_ipsec.checks.check import Check
from check_ipsec.host.sources import Source
from check_ipsec.ipsec_global import command as ipsec_global
from check_ipsec.metrics import command as ipsec_metrics
from check_ipsec.metrics import options as of_metrics
from check_ipsec.metrics.reading import SOURCES as OF_METRICS
from check_ipsec.truth.observe import SOURCES

PLUGINS = "/usr/lib/nagios/plugins"
OPERATORS = "/usr/sbin"

# a monitoring interface must neither read nor write files that it names
FILES = ("configuration", "capture", "captured", "state", "log")
# what is for eyes
BY_HAND = ("color",)
STATUSES = ("ok", "warning", "critical", "unknown")


class Command(NamedTuple):
    """A command: name, section of its manual page, folder, parser, what it asks, what it is.

    ``text`` is the docstring of its module.
    """

    name: str
    section: int
    folder: str
    make_parser: Callable[[], argparse.ArgumentParser]
    sources: tuple[Source, ...]
    text: Optional[str]

    @property
    def is_plugin(self) -> bool:
        """Whether monitoring systems run it."""
        return self.folder == PLUGINS

    @property
    def about(self) -> str:
        """What its text says below the first line."""
        return cleandoc(self.text or "").partition("\n\n")[2]

    def parser(self) -> argparse.ArgumentParser:
        """Its parser under its own name, however this process is called."""
        parser = self.make_parser()
        parser.prog = self.name
        return parser


def plugin(check: Check, text: Optional[str]) -> Command:
    """A check as a command."""
    return Command(check.program, 1, PLUGINS, check.parser, check.sources, text)


COMMANDS = (
    plugin(ipsec.CHECK, ipsec.__doc__),
    plugin(traffic.CHECK, traffic.__doc__),
    plugin(daemon.CHECK, daemon.__doc__),
    plugin(certs.CHECK, certs.__doc__),
    plugin(crypto.CHECK, crypto.__doc__),
    Command("ipsec-global", 8, OPERATORS, ipsec_global.make_parser, SOURCES, ipsec_global.__doc__),
    Command(
        *("ipsec-metrics", 8, OPERATORS),
        *(of_metrics.make_parser, OF_METRICS, ipsec_metrics.__doc__),
    ),
)


class Option(NamedTuple):
    """An option as monitoring systems offer it."""

    action: argparse.Action
    help: str

    @property
    def name(self) -> str:
        """``not_connected`` for ``--not-connected``."""
        return self.action.dest

    @property
    def key(self) -> str:
        """The longest way to write it."""
        return max(self.action.option_strings, key=len)

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return self.action.nargs == 0

    @property
    def is_counted(self) -> bool:
        """Whether it says more the oftener it is given."""
        return isinstance(self.action, argparse._CountAction)

    @property
    def is_repeated(self) -> bool:
        """Whether each of several values has the option before it."""
        return isinstance(self.action, argparse._AppendAction)


def options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    """All options but help and version, with the text that --help shows."""
    for action in parser._actions:
        if action.option_strings and action.dest not in ("help", "version"):
            yield Option(action, expanded(parser, action))


def expanded(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The help text of an option with its %-fields filled in."""
    return (action.help or "") % {**vars(action), "prog": parser.prog}


def monitored(command: Command) -> Iterator[Option]:
    """The options that a monitoring system may set."""
    return (option for option in options(command.parser()) if option.name not in (*FILES, *BY_HAND))
