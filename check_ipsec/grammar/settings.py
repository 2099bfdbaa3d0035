r"""One file of charon's settings: swanctl.conf, which is written like strongswan.conf.

Read by strongSwan's src/libstrongswan/settings/settings_lexer.l (tokens) and
settings_parser.y (statements), unchanged from 5.7 to 6.1.

Sample::

    # templates
    defaults {
      version = 2
      proposals = aes128gcm16-prfsha256-ecp256, default
    }
    connections {
      gw : defaults, other.defaults {
        remote_addrs = 10.1.0.2
        remote { id = "C=CH, CN=bob # not a comment" }
        children { net { remote_ts = 10.3.0.0/16
          start_action = trap } }
      }
    }
    include conf.d/*.conf

EBNF (what is in capitals is a pattern below)::

    file      = FILL, { statement } ;
    statement = block | section | SETTINGS | INCLUDE ;
    section   = HEAD, { statement }, CLOSE ;
    block     = HEAD, { SETTING | HEAD, { SETTING | HEAD, { SETTING }, CLOSE }, CLOSE }, CLOSE ;
    SETTINGS  = SETTING, { SETTING } ;
    HEAD      = NAME, FILL, [ ":", FILL, PATH, { FILL, ",", FILL, PATH }, FILL ], "{", FILL ;
    SETTING   = NAME, FILL, "=", { blanks, ( BARE | QUOTED ) }, blanks, END ;
    INCLUDE   = "include", blanks, PATTERN, [ QUOTED ], FILL ;
    CLOSE     = "}", FILL ;
    PATH      = NAME, { ".", NAME } ;

FILL is white space and comments, which may stand between any two tokens, but in a value: it
ends with its line, at a ``#`` or before a ``}``. A ``{`` or ``=`` in it is text. Its parts are
joined by one space each. Escapes hold in quotes only, where the text may also span lines; a
carriage return counts nowhere. ``include`` is that only before a blank and what is not
``=``. A block, what most connections are, is a section that is read at once.

Narrower than charon in one point: a statement or a section that begins in one file and goes
on in another is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, Union

from pyparsing import Forward, Group, ParseBaseException, StringEnd, ZeroOrMore

from check_ipsec.errors import ParseError
from check_ipsec.grammar.tokens import line, record, records


class Setting(NamedTuple):
    """A pair; ``value`` is None for ``key =``, which keeps the key from being inherited."""

    key: str
    value: str | None


class Include(NamedTuple):
    """A pattern of files to go on with; an empty one is that of no file."""

    pattern: str
    line: int


class Section(NamedTuple):
    """A section: what it refers to for what it lacks, and what stands in it, in order."""

    name: str
    references: tuple[str, ...]
    line: int
    statements: tuple[Statement, ...]


Statement = Union[Section, Setting, Include]

# --- terminals ----------------------------------------------------------------

FILL = r"(?:[ \t\r\n]|#[^\n]*(?:\n|\Z))*"
NAME = r'[^#{}:.,="\r\n\t ]+(?![^#{}:.,="\r\n\t ])'
PATH = rf"{NAME}(?:\.{NAME})*"
QUOTED = r'"[^"\\]*(?:\\[\s\S][^"\\]*)*"'
BARE = r'[^#}"\r\n\t ]+(?![^#}"\r\n\t ])'
VALUE = rf"(?:[ \t\r]*(?:{BARE}|{QUOTED}))*"
NO_INCLUDE = r"(?!include[ \t]+[^=])"
SETTING = rf"{NO_INCLUDE}({NAME}){FILL}=({VALUE})[ \t\r]*(?=[#}}\n]|\Z){FILL}"
REFERENCES = rf"{PATH}(?:{FILL},{FILL}{PATH})*"
HEAD = rf"{NO_INCLUDE}({NAME}){FILL}(?::{FILL}({REFERENCES}){FILL})?\{{{FILL}"
PATTERN = r'(?:[^"\\#}\n\t ]|\\["#} ]|\\)*'
INCLUDE = rf"include[ \t]+(?=[^=])({PATTERN})({QUOTED}|(?=[#}}\n\t ]|\Z)){FILL}"
CLOSE = rf"\}}{FILL}"

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

# --- productions --------------------------------------------------------------


class _Head(NamedTuple):
    """A token: the first line of a section."""

    name: str
    references: tuple[str, ...]
    place: int


class _Text(NamedTuple):
    """A token: the text of settings and blocks."""

    text: str
    begin: int
    end: int


def _head(found: re.Match[str]) -> _Head:
    return _Head(found[1], _paths(found[2]), found.start())


@cache
def _paths(references: str | None) -> tuple[str, ...]:
    return tuple(_PATH.findall(_COMMENT.sub("", references))) if references else ()


def _text_of(found: re.Match[str]) -> _Text:
    return _Text(found.string, *found.span())


def _include(found: re.Match[str]) -> Include:
    text = _ESCAPED_PATTERN.sub(r"\1", found[1].replace("\r", "")) + _text(found[2] or '""')
    return Include(text, found.start())


_PATH = re.compile(PATH)
_COMMENT = re.compile(r"#[^\n]*")
_ESCAPED_PATTERN = re.compile(r'\\(["#} ])')
_PAIR_OR_SECTION = re.compile(rf"({SETTING}|{HEAD}|(\}}){FILL})")
_PART = re.compile(rf"{BARE}|{QUOTED}")
_ESCAPE = re.compile(r"\\(\r?\n|[\s\S])|\r")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\n": "", "\r\n": "", None: ""}


def _plain(pattern: str) -> str:
    """The pattern without its groups."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


fill = line(FILL, "fill")
one = rf"{HEAD}(?:{SETTING})*{CLOSE}"
two = rf"{HEAD}(?:{SETTING}|{one})*{CLOSE}"
block = records(_plain(rf"{HEAD}(?:{SETTING}|{two})*{CLOSE}"), _text_of, "a section")
head = record(HEAD, _head, "a section")
settings = record(rf"(?:{SETTING})+", _text_of, "a setting")
include = record(INCLUDE, _include, "include", begin="include")
close = line(CLOSE, "'}'", begin="}")
statement = Forward()
section = Group(head - ZeroOrMore(statement) - close)
statement <<= block | settings | include | section
end = StringEnd().leave_whitespace()
file = (fill + ZeroOrMore(statement) + end).leave_whitespace()
file.parse_with_tabs()


def parse(text: str, source: str) -> tuple[Statement, ...]:
    """The statements of the file ``source``, in order.

    ``text`` is decoded with surrogateescape, its line ends untouched. Raises ParseError with
    the line for which charon's parser would refuse the file.
    """
    try:
        tokens = file.parse_string(text)
    except ParseBaseException as error:
        number = text.count("\n", 0, error.loc) + 1
        raise ParseError(source, number, _problem(text, error.loc)) from None
    except RecursionError:
        raise ParseError(source, 1, "sections are nested too deeply") from None
    return _statements(tokens, _Lines(text))


def _problem(text: str, place: int) -> str:
    return next(problem for pattern, problem in PROBLEMS if re.compile(pattern).match(text, place))


class _Lines:
    """The number of the line of each place, asked for in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place, self._line = 0, 1

    def of(self, place: int) -> int:
        self._line += self._text.count("\n", self._place, place)
        self._place = place
        return self._line


def _statements(tokens: Iterable[Any], lines: _Lines) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for token in tokens:
        if isinstance(token, _Text):
            found += _read(token, lines)
        elif isinstance(token, Include):
            found.append(token._replace(line=lines.of(token.line)))
        else:
            first, *rest = token
            number = lines.of(first.place)
            inner = _statements(rest, lines)
            found.append(Section(first.name, first.references, number, inner))
    return tuple(found)


def _read(token: _Text, lines: _Lines) -> list[Statement]:
    """The settings and sections that a text is made of."""
    found: list[Statement] = []
    open_ones: list[tuple[tuple[str, tuple[str, ...], int], list[Statement]]] = []
    place = token.begin
    for whole, key, value, name, references, closing in _PAIR_OR_SECTION.findall(*token):
        if key:
            found.append(Setting(key, _value(value) if value else None))
        elif closing:
            begun, outer = open_ones.pop()
            outer.append(Section(*begun, tuple(found)))
            found = outer
        else:
            open_ones.append(((name, _paths(references), lines.of(place)), found))
            found = []
        place += len(whole)
    return found


def _value(parts: str) -> str | None:
    if '"' not in parts and " " not in parts and "\t" not in parts and "\r" not in parts:
        return parts or None
    return " ".join(map(_text, _PART.findall(parts))) if parts.strip(" \t\r") else None


def _text(part: str) -> str:
    """What a part of a value stands for."""
    if not part.startswith('"'):
        return part
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1] or ""), part[1:-1])
