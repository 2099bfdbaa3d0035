"""The whole grammar, which knows where a text does not fit, and why."""

from __future__ import annotations

from typing import Any

from pyparsing import Forward, Group, StringEnd, ZeroOrMore

from check_ipsec.grammar.of_settings.statements import (
    BLOCK,
    END_OF_SECTION,
    FILL,
    FILLING,
    INCLUDES,
    NAME,
    PATTERN,
    SECTION,
    SETTINGS,
    VALUE,
)
from check_ipsec.grammar.tokens import one, parse_file, several, silent

statement = Forward()
section = Group(one(SECTION) - ZeroOrMore(statement) - silent(END_OF_SECTION))
statement <<= several(BLOCK) | one(SETTINGS) | one(INCLUDES) | section
end = StringEnd().leave_whitespace()
file = (silent(FILLING) + ZeroOrMore(statement) + end).leave_whitespace()
file.parse_with_tabs()

PROBLEMS = (
    (rf"(?:{NAME}{FILL}={VALUE}[ \t\r]*|include[ \t]+{PATTERN})\"", "a quoted string does not end"),
    (r"\Z", "a section does not end"),
    (r"\}", "} without a section"),
    (r'"', "a string where a name must stand"),
    (rf"(?:{NAME}{FILL})?[.,]", "a name must not hold . or ,"),
    (r"=", "a setting without a name"),
    (r"[{:]", "a section without a name"),
    (rf"{NAME}{FILL}:", "references must be names, with a section behind them"),
    ("", "a setting without =, or a section without {"),
)


def parse_any(text: str, source: str) -> list[Any]:
    """What :func:`check_ipsec.grammar.settings.parse` makes its statements of."""
    return parse_file(file, PROBLEMS, text, source)
