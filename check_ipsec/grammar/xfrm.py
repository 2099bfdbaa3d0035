r"""What ``ip xfrm state list nokeys`` and ``ip xfrm policy list`` have in common.

Both are written by iproute2's ip/ipxfrm.c: a record begins at the first column, its
attributes are indented with one tab, what belongs to an attribute with two.
"""

import re
from collections.abc import Callable
from functools import reduce
from operator import sub

from pyparsing import (
    ParseBaseException,
    ParseFatalException,
    ParserElement,
    Regex,
    StringEnd,
    ZeroOrMore,
)

from check_ipsec.grammar.tokens import Record
from check_ipsec.model import Mark

Lines = tuple[tuple[str, str], ...]
"""Line patterns of a record in their order, each with what to call it in an error."""

ADDRESS = r"[0-9a-f:.]+"
SPI = r"spi 0x(?P<spi>[0-9a-f]{8})(?:\(\d+\))? "
MARK = r"mark (?P<mark>0x[0-9a-f]+|\d+)/(?P<mask>0x[0-9a-f]+|\d+)(?: [^\n]*)?"
IF_ID = r"if_id (?P<if_id>0x[0-9a-f]+|\d+)"
END = r"(?=src |\Z)"


def others(*known: str) -> str:
    """Lines that nobody reads: attributes that begin with none of the words ``known``."""
    words = "|".join((r"\t", *(f"{word} " for word in known)))
    return rf"(?:\t(?!{words})[^\n]*\n)*"


def optional(attribute: str, unread: str) -> str:
    """An attribute, if it is there, and the unread ones up to the next known one."""
    return rf"(?:\t{attribute}\n{unread})?"


def mark(value: str | None, mask: str | None) -> Mark | None:
    """The two numbers of a mark line, as xfrm_xfrma_print writes them."""
    if value is None or mask is None:
        return None
    return Mark(int(value, 0) & int(mask, 0), int(mask, 0))


def number(text: str | None) -> int | None:
    """A decimal number, or a hexadecimal one that begins with 0x."""
    return None if text is None else int(text, 0)


def joined(lines: Lines) -> str:
    """The lines as one pattern."""
    return "".join(pattern for pattern, _ in lines)


def unnamed(pattern: str) -> str:
    """The pattern with none of its named groups, so that it can be repeated."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def in_turn(lines: Lines) -> ParserElement:
    """The lines one by one: an error names the first that is not there."""
    return reduce(
        sub, (Regex(pattern).leave_whitespace().set_name(name) for pattern, name in lines)
    )


def records(record: ParserElement, by_line: Callable[[], ParserElement]) -> ParserElement:
    """A whole text of records.

    ``by_line`` makes the grammar of one record again, line by line: it is asked only
    where a record does not fit, to name the line.
    """
    return ZeroOrMore(record) + (StringEnd().leave_whitespace() | _explained(by_line))


def _explained(by_line: Callable[[], ParserElement]) -> ParserElement:
    def fail(rest: re.Match[str]) -> None:
        try:
            by_line().parse_with_tabs().parse_string(rest[0])
        except ParseBaseException as error:
            raise ParseFatalException(rest.string, rest.start() + error.loc, error.msg) from None

    return Record(r"[\s\S]+", fail)
