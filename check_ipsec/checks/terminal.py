"""An answer for eyes: on a terminal, in colour where it shows any, performance data last."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from check_ipsec.report.layout import Marked
from check_ipsec.report.severity import Severity

PERFDATA = " | "
COLORS = {
    Severity.OK: "32",
    Severity.WARNING: "33",
    Severity.CRITICAL: "1;31",
    Severity.UNKNOWN: "35",
}


def is_terminal() -> bool:
    """Whether somebody looks at standard output."""
    return sys.stdout.isatty()


def is_colored(when: str) -> bool:
    """Whether to use colour: by ``--color``, else where a terminal shows it and nobody minds."""
    if when != "auto":
        return when == "always"
    minds = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return is_terminal() and not minds


def paint(when: str) -> Callable[[str], str]:
    """What becomes of each line of a table."""
    return painted if is_colored(when) else str


def painted(line: str) -> str:
    """A line in the colour of what it is marked with."""
    if isinstance(line, Marked):
        return f"\033[{COLORS[Severity(line.mark)]}m{line}\033[0m"
    return line


def for_eyes(text: str, severity: Severity, when: str, details: bool) -> str:
    """An answer whose first line has no performance data on a terminal; with details, the last.

    ``text`` is the answer with the lines of its table, painted or not.
    """
    first, line_feed, rest = text.partition("\n")
    if is_terminal():
        first, _, perfdata = first.partition(PERFDATA)
        rest += f"{perfdata}\n" if details and perfdata else ""
    if is_colored(when):
        word = severity.name
        first = first.replace(word, f"\033[{COLORS[severity]}m{word}\033[0m", 1)
    return f"{first}{line_feed}{rest}"
