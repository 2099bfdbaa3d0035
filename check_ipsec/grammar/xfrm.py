r"""What ``ip xfrm state list nokeys`` and ``ip xfrm policy list`` have in common.

Both are written by iproute2's ip/ipxfrm.c: a record begins at the first column, its
attributes are indented with one tab, what belongs to an attribute with two.

Nearly all records of a host are plain: they have what every SA needs, and nothing else. They
have a pattern of their own, so that what few hosts print costs the others nothing; by that of
any record they would be read alike.

A record that does not fit is read once more as a newer release may print it: indented
otherwise, with more at the end of its lines, with attributes that no release has. What
was known is read then, and the record is not ``understood``. What still does not fit
is unread up to the next record; of it are kept the ends and the direction, where they
can be told, so that it is known what may stand in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Optional

from pyparsing import ParserElement, ZeroOrMore

from check_ipsec.grammar.tokens import Build, more, parse_whole, record, records
from check_ipsec.model.kernel import Mark, Selector
from check_ipsec.model.unread import UnreadLine, UnreadRecord


class Wording(NamedTuple):
    """What differs between the releases that are known and those to come.

    ``tab`` is the indentation of an attribute, ``end`` the end of a line, and in releases to
    come any number of unknown lines. ``others`` are attributes that nobody asks for.
    """

    tab: str
    end: str
    others: str
    narrowing: str


ADDRESS = r"[0-9a-f:.]+"
END = r"(?=src |\Z)"
SPI = r"spi 0x(?P<spi>[0-9a-f]{8})(?:\(\d+\))? "
MARK = r"mark (?P<mark>0x[0-9a-f]+|\d+)/(?P<mask>0x[0-9a-f]+|\d+)(?: |(?: output-mark \S+)?)"
IF_ID = r"if_id (?P<if_id>0x[0-9a-f]+|\d+)"
SELECTOR = (
    rf"src (?P<{{0}}source>{ADDRESS}/\d+) dst (?P<{{0}}destination>{ADDRESS}/\d+)"
    r"(?P<{0}narrowing>{1})"
)
TYPES = ("type", "code", "key", "(dport)")
NARROWING = ("proto", "sport", "dport", *TYPES, "dev", "uid")
# of iproute2 up to 6.19; what begins with a blank goes on with the attribute before
ATTRIBUTES = (
    *(" ", "encap ", "coa ", "lastused ", "anti-replay ", "crypto offload "),
    *("tfcpad ", "security context ", "lifetime ", "stats:"),
)
KNOWN = Wording(
    tab="\t",
    end=r" ?\n",
    others=rf"(?:\t(?:{'|'.join(ATTRIBUTES)})[^\n]*\n)*",
    narrowing=r"[^\n]*?",
)


def newer(asked_for: str) -> Wording:
    """A release to come; lines that begin with what is ``asked_for`` are no others."""
    indentation = r"[ \t]+"
    others = rf"(?:(?!src |{indentation}(?:{asked_for}))[^\n]*\n)*"
    narrowing = rf"(?: (?:{'|'.join(map(re.escape, NARROWING))}) [^\s,;]{{1,64}})*"
    return Wording(indentation, rf"(?:[ ,;][^\n]*)?\n{others}", "", narrowing)


def optional(wording: Wording, attribute: str) -> str:
    """An attribute, if it is there."""
    return rf"(?:{wording.tab}{attribute}{wording.end})?"


def selector(source: str, destination: str, narrowing: str) -> Selector:
    """A selector by what xfrm_selector_print says. Raises ValueError for anything else."""
    if not narrowing:
        return Selector(source, destination)
    words = narrowing.split()
    pairs = list(zip(words[::2], words[1::2]))
    said = dict(pairs)
    source_port, destination_port = said.get("sport"), said.get("dport")
    ports = [port for port in (source_port, destination_port) if port]
    if len(words) % 2 or not said.keys() <= set(NARROWING) or not all(map(is_number, ports)):
        raise ValueError("a selector")
    rest = " ".join(f"{key} {value}" for key, value in pairs if key in TYPES) or None
    protocol, interface = said.get("proto"), said.get("dev")
    return Selector(source, destination, protocol, source_port, destination_port, rest, interface)


def is_number(text: str) -> bool:
    """Whether a text is a decimal number."""
    return text.isascii() and text.isdecimal()


def mark(value: Optional[str], mask: Optional[str]) -> Optional[Mark]:
    """The two numbers of a mark line, as xfrm_xfrma_print writes them."""
    if value is None or mask is None:
        return None
    return Mark(int(value, 0) & int(mask, 0), int(mask, 0))


def number(text: Optional[str]) -> Optional[int]:
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
    pattern: Pattern,
    build: Build,
    asked_for: str,
    plain: Optional[ParserElement] = None,
    foreign: Optional[Pattern] = None,
) -> ParserElement:
    """A whole text of records, most of them ``plain``; those of ``foreign`` are left out."""

    def part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0], build(match)._replace(understood=False))

    def foreign_part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0])

    def unread_part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0], read=False)

    later = newer(asked_for)
    known = records(pattern(KNOWN), build, "a record")
    newer_ones = record(pattern(later), part, "a record of a newer release")
    if foreign:
        known = records(foreign(KNOWN), lambda match: None, "a foreign record").suppress() | known
        newer_ones |= record(foreign(later), foreign_part, "a foreign record of a newer release")
    unread = record(UNREAD, unread_part, "an unread record")
    others = more + (known | newer_ones | unread)
    return ZeroOrMore(plain | others if plain else others)


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
    first, place = 1, 0
    for part in parts:
        first += text.count("\n", place, part.place)
        place = part.place
        for offset, line in enumerate(part.text.split("\n")[:-1]):
            if not part.read or not known.fullmatch(line):
                yield UnreadLine(source, first + offset, line, hides=not part.read)
