r"""What ``ip xfrm state list nokeys`` and ``ip xfrm policy list`` have in common.

Both are written by iproute2's ip/ipxfrm.c: a record begins at the first column, its
attributes are indented with one tab, what belongs to an attribute with two.

A record that does not fit is read once more as a newer release may print it: indented
otherwise, with more at the end of its lines, with attributes that no release has. What
was known is read then, and the record is not ``understood``. What still does not fit
is unread up to the next record; of it are kept the ends and the direction, where they
can be told, so that it is known what may stand in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pyparsing import MatchFirst, ParserElement, ZeroOrMore

from check_ipsec.grammar.tokens import Build, parse_whole, record, records
from check_ipsec.model import Mark, UnreadLine, UnreadRecord


class Wording(NamedTuple):
    """What differs between the releases that are known and those to come.

    ``tab`` is the indentation of an attribute, ``end`` the end of a line, and in releases to
    come any number of unknown lines. ``others`` are attributes that nobody asks for.
    """

    tab: str
    end: str
    others: str


ADDRESS = r"[0-9a-f:.]+"
END = r"(?=src |\Z)"
SPI = r"spi 0x(?P<spi>[0-9a-f]{8})(?:\(\d+\))? "
MARK = r"mark (?P<mark>0x[0-9a-f]+|\d+)/(?P<mask>0x[0-9a-f]+|\d+)(?: |(?: output-mark \S+)?)"
IF_ID = r"if_id (?P<if_id>0x[0-9a-f]+|\d+)"
SELECTOR = (
    rf"src (?P<{{0}}source>{ADDRESS}/\d+) dst (?P<{{0}}destination>{ADDRESS}/\d+)"
    r"(?: proto (?P<{0}protocol>\S{{1,64}}))?"
    r"(?: sport (?P<{0}source_port>\d{{1,5}}))?(?: dport (?P<{0}destination_port>\d{{1,5}}))?"
    r"(?: (?P<{0}rest>(?:type|code|key|\(dport\)) \w+(?: (?:type|code|key) \w+)*))?"
    r"(?: dev (?P<{0}interface>[^\s,;]+))? ?(?:uid \d+)?"
)
# of iproute2 up to 6.19; what begins with a blank goes on with the attribute before
ATTRIBUTES = (
    *(" ", "output-mark ", "encap ", "coa ", "lastused ", "anti-replay ", "crypto offload "),
    *("tfcpad ", "pcpu-num ", "security context ", "lifetime ", "stats:"),
)
KNOWN = Wording("\t", r" ?\n", rf"(?:\t(?:{'|'.join(ATTRIBUTES)})[^\n]*\n)*")


def newer(asked_for: str) -> Wording:
    """A release to come; lines that begin with what is ``asked_for`` are no others."""
    indentation = r"[ \t]+"
    others = rf"(?:(?!src |{indentation}(?:{asked_for}))[^\n]*\n)*"
    return Wording(indentation, rf"(?:[ ,;][^\n]*)?\n{others}", "")


def optional(wording: Wording, attribute: str) -> str:
    """An attribute, if it is there, and the others up to the next one that is asked for."""
    return rf"(?:{wording.tab}{attribute}{wording.end}{wording.others})?"


def mark(value: str | None, mask: str | None) -> Mark | None:
    """The two numbers of a mark line, as xfrm_xfrma_print writes them."""
    if value is None or mask is None:
        return None
    return Mark(int(value, 0) & int(mask, 0), int(mask, 0))


def number(text: str | None) -> int | None:
    """A decimal number, or a hexadecimal one that begins with 0x."""
    return None if text is None else int(text, 0)


# --- a whole text ---------------------------------------------------------------


class Part(NamedTuple):
    """A record that no known release prints; ``read`` is false where it is unread.

    ``fact`` is None for one that is unread, or foreign.
    """

    place: int
    text: str
    fact: Any = None
    read: bool = True


Pattern = Callable[[Wording], str]
UNREAD = r"[^\n]*\n(?:(?!src )[^\n]*\n)*"
ENDS = r"src ([^\s,;]+) dst ([^\s,;]+)"
DIRECTION = r"(?m)^[ \t]+dir (in|out|fwd)\b"


def text_of_records(
    pattern: Pattern, build: Build, asked_for: str, foreign: Pattern | None = None
) -> ParserElement:
    """A whole text of records; those whose pattern is ``foreign`` are left out."""

    def part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0], build(match)._replace(understood=False))

    def foreign_part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0])

    later = newer(asked_for)
    kinds = [records(pattern(KNOWN), build, "a record")]
    if foreign:
        kinds.append(records(foreign(KNOWN), lambda match: None, "a foreign record").suppress())
        kinds.append(record(foreign(later), foreign_part, "a foreign record of a newer release"))
    kinds.append(record(pattern(later), part, "a record of a newer release"))
    kinds.append(
        record(UNREAD, lambda match: Part(match.start(), match[0], read=False), "an unread record")
    )
    return ZeroOrMore(MatchFirst(kinds))


def parse(
    expression: ParserElement, text: str, source: str, known_line: Callable[[], str]
) -> tuple[tuple[Any, ...], tuple[UnreadRecord, ...], tuple[UnreadLine, ...]]:
    """The records, those that are unread, and all lines that are.

    ``known_line`` is what a line is like that is understood. Raises ParseError where the
    text ends in the middle of a line.
    """
    tokens = parse_whole(expression, text, source)
    parts = [token for token in tokens if isinstance(token, Part)]
    if not parts:
        return tuple(tokens), (), ()
    facts = (token.fact if isinstance(token, Part) else token for token in tokens)
    unread = tuple(_unread(part.text) for part in parts if not part.read)
    lines = tuple(_lines(parts, text, source, re.compile(known_line(), re.ASCII)))
    return tuple(fact for fact in facts if fact is not None), unread, lines


def _unread(text: str) -> UnreadRecord:
    ends, direction = re.match(ENDS, text), re.search(DIRECTION, text)
    source, destination = ends.groups() if ends else (None, None)
    return UnreadRecord(source, destination, direction and direction[1])


def _lines(
    parts: Iterable[Part], text: str, source: str, known: re.Pattern[str]
) -> Iterator[UnreadLine]:
    for part in parts:
        first = text.count("\n", 0, part.place) + 1
        for offset, line in enumerate(part.text.split("\n")[:-1]):
            if not part.read or not known.fullmatch(line):
                yield UnreadLine(source, first + offset, line, hides=not part.read)
