"""What ``ip xfrm`` prints, as the releases known and those to come print it."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pyparsing import MatchFirst, ParserElement, ZeroOrMore

from check_ipsec.grammar.of_xfrm.wording import Kinds, Read, newer
from check_ipsec.grammar.tokens import more, parse_whole, record, several, silent
from check_ipsec.model.unread import UnreadLine, UnreadRecord


class Part(NamedTuple):
    """A record that no known release prints; ``read`` is false where it is unread.

    ``fact`` is None for one that is unread, or foreign.
    """

    place: int
    text: str
    fact: Any = None
    read: bool = True


UNREAD = r"[^\n]*\n(?:(?!src )[^\n]*\n)*"
ENDS = r"src ([^\s,;]+) dst ([^\s,;]+)"
DIRECTION = r"(?m)^[ \t]+dir (in|out|fwd)\b"


def text_of_records(kinds: Kinds) -> ParserElement:
    """A whole text."""

    def part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0], kinds.build(match)._replace(understood=False))

    def foreign_part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0])

    def unread_part(match: re.Match[str]) -> Part:
        return Part(match.start(), match[0], read=False)

    later = newer(kinds.asked_for)
    *foreign, known = kinds.known()
    found = MatchFirst([*(silent(one, several=True) for one in foreign), several(known)])
    found |= record(kinds.pattern(later), part, "a record of a newer release")
    if kinds.foreign:
        name = "a foreign record of a newer release"
        found |= record(kinds.foreign(later), foreign_part, name)
    others = more + (found | record(UNREAD, unread_part, "an unread record"))
    return ZeroOrMore(several(kinds.plain) | others if kinds.plain else others)


def parse_any(kinds: Kinds, text: str, source: str) -> Read:
    """As :func:`check_ipsec.grammar.xfrm.parse`, where a release to come may have printed it."""
    tokens = parse_whole(text_of_records(kinds), text, source)
    parts = [token for token in tokens if isinstance(token, Part)]
    facts = (token.fact if isinstance(token, Part) else token for token in tokens)
    unread = tuple(_unread(part.text) for part in parts if not part.read)
    known_line = re.compile(kinds.known_line(), re.ASCII)
    lines = tuple(_lines(parts, text, source, known_line))
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
