"""The words of ``ip xfrm``, what differs between releases, and what a text is made of."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Optional

from check_ipsec.grammar.records import Record
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

Pattern = Callable[[Wording], str]


class Kinds(NamedTuple):
    """What a text is made of.

    ``pattern`` is that of a record and ``known_line`` what any line of it is like in known
    releases; ``asked_for`` is what those lines begin with that are read. Nearly all records are
    ``plain``. Those of ``foreign`` are left out.
    """

    pattern: Pattern
    build: Callable[[re.Match[str]], Any]
    asked_for: str
    known_line: Callable[[], str]
    plain: Optional[Record] = None
    foreign: Optional[Pattern] = None

    def known(self) -> list[Record]:
        """The records that known releases print, but for plain ones; foreign ones are None."""
        found = [Record(self.pattern(KNOWN), self.build, "a record")]
        if self.foreign:
            found.insert(0, Record(self.foreign(KNOWN), lambda match: None, "a foreign record"))
        return found


Read = tuple[tuple[Any, ...], tuple[UnreadRecord, ...], tuple[UnreadLine, ...]]
