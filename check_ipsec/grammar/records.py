"""Records of whole lines, and texts that are made of nothing else.

A record is one pattern put together from named line patterns; what matches becomes a fact of
the model at once. The text of a known release is one record after another, and a
:class:`Cursor` reads it so. Any other text, and what is wrong with one, is for the productions
(:mod:`check_ipsec.grammar.tokens`), which try the same records in the same order. pyparsing is
imported for such a text only: its import would be a quarter of a run on a host with 100
connections.

Patterns are compiled when they are first asked for: what few texts have costs nothing on others.
"""

import re
from collections.abc import Callable
from typing import Any, Optional, TypeVar

from check_ipsec.errors import ParseError

Build = Callable[[re.Match[str]], Any]
T = TypeVar("T")


class Record:
    """What one record is like, and what ``build`` makes of its match; ``name`` is for errors.

    ``begin`` is what it begins with, so that its pattern is not even compiled for another
    text. A ``ValueError`` of ``build`` is a text that does not fit, like a mismatch.
    """

    __slots__ = ("_pattern", "begin", "build", "name")

    def __init__(self, pattern: str, build: Build, name: str, begin: str = "") -> None:
        self._pattern: str | re.Pattern[str] = pattern
        self.build = build
        self.name = name
        self.begin = begin

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, which matches from the begin of a line."""
        if isinstance(self._pattern, str):
            self._pattern = re.compile(self._pattern, re.ASCII)
        return self._pattern

    def read(self, text: str, place: int, several: bool) -> tuple[list[Any], int]:
        """The fact of the record at ``place``, of all that follow where there may be several.

        Also where that ends. Raises ValueError where there is none.
        """
        if not text.startswith(self.begin, place):
            raise ValueError
        found: list[Any] = []
        pattern, build = self.pattern, self.build
        while match := pattern.match(text, place):
            try:
                found.append(build(match))
            except ValueError:
                if found:
                    break
                raise
            place = match.end()
            if not several:
                break
        if not found:
            raise ValueError
        return found, place


class Unlike(Exception):
    """A text that is not one record after another."""


class Cursor:
    """A place in a text, and what is read from there on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def one(self, record: Record) -> Any:
        """The fact of the record here. Raises Unlike where it is not."""
        try:
            (fact,), self._place = record.read(self._text, self._place, several=False)
        except ValueError:
            raise Unlike from None
        return fact

    def some(self, *records: Record) -> list[Any]:
        """The facts of all that are here and like any of ``records``."""
        facts: list[Any] = []
        while True:
            for record in records:
                try:
                    found, self._place = record.read(self._text, self._place, several=True)
                except ValueError:
                    continue
                facts += found
                break
            else:
                return facts

    def section(self, heading: Record, *records: Record) -> list[Any]:
        """The facts of a section, its heading's before them; none where it is not here."""
        try:
            found, self._place = heading.read(self._text, self._place, several=False)
        except ValueError:
            return []
        return found + self.some(*records)

    def end(self) -> None:
        """Raises Unlike where the text goes on."""
        if self._place < len(self._text):
            raise Unlike


def plainly(read: Callable[[Cursor], T], text: str) -> Optional[T]:
    """What ``read`` makes of a whole text, None where that is not one record after another."""
    cursor = Cursor(text)
    try:
        found = read(cursor)
        cursor.end()
    except Unlike:
        return None
    return found


def require_whole_lines(text: str, source: str) -> None:
    """Raises ParseError where ``text`` ends in the middle of a line."""
    if text and not text.endswith("\n"):
        raise ParseError(source, text.count("\n") + 1, "the text ends in the middle of a line")


def unnamed(pattern: str) -> str:
    """The pattern with none of its named groups, so that it can be repeated."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)
