"""What all grammars share: records of whole lines, and one way to fail.

Line feeds are never skipped: all productions are made of :class:`Record` and keep their
white space, so pyparsing's process-wide settings stay as they are. A record is one
pattern put together from named line patterns and becomes a model at once; pyparsing does
sections, alternatives and errors. Patterns are compiled when they are first asked for:
what is only there for damaged or newer texts costs nothing on others.
"""

import re
from collections.abc import Callable
from typing import Any

from pyparsing import ParseBaseException, ParseException, ParserElement, Token

from check_ipsec.errors import ParseError

Build = Callable[[re.Match[str]], Any]


class Record(Token):
    """A production whose token is what ``build`` makes of the match.

    With ``several`` it takes as many records as follow one another. ``begin`` is what it
    begins with, so that its pattern is not even compiled for another text. A ``ValueError``
    of ``build`` is a text that does not fit, like a mismatch.
    """

    def __init__(self, pattern: str, build: Build, several: bool = False, begin: str = "") -> None:
        super().__init__()
        self.leave_whitespace()
        self._pattern: str | re.Pattern[str] = pattern
        self._build = build
        self._several = several
        self._begin = begin

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, Any]:
        """As pyparsing asks of a production."""
        if not instring.startswith(self._begin, loc):
            raise ParseException(instring, loc, self.errmsg, self)
        if isinstance(self._pattern, str):
            self._pattern = re.compile(self._pattern, re.ASCII)
        found: list[Any] = []
        while match := self._pattern.match(instring, loc):
            try:
                found.append(self._build(match))
            except ValueError as error:
                if found:
                    break
                raise ParseException(instring, loc, str(error), self) from error
            loc = match.end()
            if not self._several:
                break
        if not found:
            raise ParseException(instring, loc, self.errmsg, self)
        return loc, found


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


def record(pattern: str, build: Build, name: str, begin: str = "") -> ParserElement:
    """A :class:`Record` by its name in errors."""
    return Record(pattern, build, begin=begin).set_name(name)


def records(pattern: str, build: Build, name: str) -> ParserElement:
    """One record or more, right after one another."""
    return Record(pattern, build, several=True).set_name(name)


def line(pattern: str, name: str, begin: str = "") -> ParserElement:
    """A production that takes one line, or a few, and leaves no token."""
    return record(pattern, lambda match: None, name, begin).suppress().set_name(name)


# before productions that are only there for damaged or newer texts
more = Ahead(lambda text, place: True).set_name("a line")


def unnamed(pattern: str) -> str:
    """The pattern with none of its named groups, so that it can be repeated."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def parse_whole(expression: ParserElement, text: str, source: str) -> list[Any]:
    """All tokens of ``text``, or a :class:`ParseError` that names line and cause."""
    if text and not text.endswith("\n"):
        raise ParseError(source, text.count("\n") + 1, "the text ends in the middle of a line")
    try:
        return list(expression.parse_with_tabs().parse_string(text, parse_all=True))
    except ParseBaseException as error:
        raise ParseError(source, error.lineno, expectation(error)) from None


def expectation(error: ParseBaseException) -> str:
    """What pyparsing wanted to see, in lower case and without the text it found."""
    message = str(error.msg)
    return message[0].lower() + message[1:]
