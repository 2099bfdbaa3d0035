"""What all grammars share: records of whole lines, and one way to fail.

Line feeds are never skipped: all productions are made of :class:`Regex` and keep
their white space, so pyparsing's process-wide settings stay as they are. A record
is one pattern put together from named line patterns and becomes a model at once,
in its action; pyparsing does repetition, alternatives and errors.
"""

import re
from collections.abc import Callable
from typing import Any

from pyparsing import ParseBaseException, ParseException, ParserElement, Regex

from check_ipsec.errors import ParseError


def line(pattern: str, name: str) -> ParserElement:
    """A production that takes one line, or a few, and leaves no token."""
    return Regex(pattern).leave_whitespace().set_name(name).suppress().set_name(name)


class Record(Regex):
    """A production whose one token is what ``build`` makes of the match.

    A ``ValueError`` of ``build`` is a text that does not fit, like a mismatch. The
    match is taken before pyparsing wraps it: an action costs as much as all the rest.
    """

    def __init__(self, pattern: str, build: Callable[[re.Match[str]], Any]) -> None:
        super().__init__(pattern)
        self.leave_whitespace()
        self._build = build

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, Any]:
        """As pyparsing asks of a production."""
        match = self.re_match(instring, loc)
        if match is None:
            raise ParseException(instring, loc, self.errmsg, self)
        try:
            return match.end(), [self._build(match)]
        except ValueError as error:
            raise ParseException(instring, loc, str(error), self) from error


def record(pattern: str, build: Callable[[re.Match[str]], Any], name: str) -> ParserElement:
    """A :class:`Record` by its name in errors."""
    return Record(pattern, build).set_name(name)


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
