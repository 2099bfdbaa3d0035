"""The whole grammar, which knows where a text does not fit, and why."""

from __future__ import annotations

import re
from typing import Any

from pyparsing import Forward, Group, ParseBaseException, StringEnd, ZeroOrMore

from check_ipsec.errors import ParseError
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
from check_ipsec.grammar.tokens import one, several, silent

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
    try:
        return list(file.parse_string(text))
    except ParseBaseException as error:
        number = text.count("\n", 0, error.loc) + 1
        raise ParseError(source, number, _problem(text, error.loc)) from None


def _problem(text: str, place: int) -> str:
    return next(problem for pattern, problem in PROBLEMS if re.compile(pattern).match(text, place))
