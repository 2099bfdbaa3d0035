"""Options that say how bad what a check may find is, as a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from check_ipsec.checks.options import add_status
from check_ipsec.report.severity import Severity


class Status(NamedTuple):
    """A row: the option, what may be found (members of the check's enum), how bad, its help."""

    option: str
    found: tuple[Enum, ...]
    default: Severity
    about: str


def add_statuses(parser: argparse.ArgumentParser, rows: Iterable[Status]) -> None:
    """The options of a table."""
    for row in rows:
        add_status(parser, row.option, row.default, row.about)


def statuses(rows: Iterable[Status], options: argparse.Namespace) -> dict[Enum, Severity]:
    """How bad each is by the options that were given."""
    return {
        one: getattr(options, row.option.strip("-").replace("-", "_"))
        for row in rows
        for one in row.found
    }
