"""The productions of pyparsing that all grammars share, and one way to fail.

Line feeds are never skipped: all productions are made of :class:`Lines` and keep their white
space, so pyparsing's process-wide settings stay as they are. What a record is like is said in
:mod:`check_ipsec.grammar.records`; pyparsing does sections, alternatives and errors.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from pyparsing import ParseBaseException, ParseException, ParserElement, Token

from check_ipsec.errors import ParseError
from check_ipsec.grammar.records import Build, Record, require_whole_lines


class Lines(Token):
    """A production whose token is the fact of a record, or of ``several`` that follow."""

    def __init__(self, record: Record, several: bool = False) -> None:
        super().__init__()
        self.leave_whitespace()
        self._record = record
        self._several = several

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, Any]:
        """As pyparsing asks of a production."""
        try:
            found, end = self._record.read(instring, loc, self._several)
        except ValueError as error:
            raise ParseException(instring, loc, str(error) or self.errmsg, self) from error
        return end, found


class Ahead(Token):
    """A production that takes nothing, where ``holds`` says so of the text and the place."""

    def __init__(self, holds: Callable[[str, int], bool]) -> None:
        super().__init__()
        self.leave_whitespace()
        self._holds = holds

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, Any]:
        """As pyparsing asks of a production."""
        if loc < len(instring) and self._holds(instring, loc):
            return loc, []
        raise ParseException(instring, loc, self.errmsg, self)


def one(record: Record) -> ParserElement:
    """A record, by its name in errors."""
    return Lines(record).set_name(record.name)


def several(record: Record) -> ParserElement:
    """One record or more, right after one another."""
    return Lines(record, several=True).set_name(record.name)


def record(pattern: str, build: Build, name: str, begin: str = "") -> ParserElement:
    """A record that only productions read."""
    return one(Record(pattern, build, name, begin))


def records(pattern: str, build: Build, name: str) -> ParserElement:
    """One such record or more, right after one another."""
    return several(Record(pattern, build, name))


def line(pattern: str, name: str, begin: str = "") -> ParserElement:
    """A production that takes one line, or a few, and leaves no token."""
    return silent(Record(pattern, lambda match: None, name, begin))


def silent(record: Record, several: bool = False) -> ParserElement:
    """A record, or several, that leave no token."""
    return Lines(record, several).set_name(record.name).suppress().set_name(record.name)


# before productions that are only there for damaged or newer texts
more = Ahead(lambda text, place: True).set_name("a line")


def parse_whole(expression: ParserElement, text: str, source: str) -> list[Any]:
    """All tokens of ``text``, or a :class:`ParseError` that names line and cause."""
    require_whole_lines(text, source)
    try:
        return list(expression.parse_with_tabs().parse_string(text, parse_all=True))
    except ParseBaseException as error:
        raise ParseError(source, error.lineno, expectation(error)) from None


def parse_file(
    expression: ParserElement, problems: Iterable[tuple[str, str]], text: str, source: str
) -> list[Any]:
    """All tokens of a file that a person has written, or a :class:`ParseError`.

    Its cause is that of the first of ``problems``, patterns each with what they mean, that is
    there where the text does not fit.
    """
    try:
        return list(expression.parse_string(text))
    except ParseBaseException as error:
        found = (cause for pattern, cause in problems if re.compile(pattern).match(text, error.loc))
        raise ParseError(source, text.count("\n", 0, error.loc) + 1, next(found)) from None


def expectation(error: ParseBaseException) -> str:
    """What pyparsing wanted to see, in lower case and without the text it found."""
    message = str(error.msg)
    return message[0].lower() + message[1:]
