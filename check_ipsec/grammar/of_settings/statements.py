"""The statements of a file, and the tokens that they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, Union

from check_ipsec.grammar.records import Record


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

# --- tokens ---------------------------------------------------------------------


class Head(NamedTuple):
    """A token: the first line of a section."""

    name: str
    references: tuple[str, ...]
    place: int


class Text(NamedTuple):
    """A token: the text of settings and blocks."""

    text: str
    begin: int
    end: int


def _head(found: re.Match[str]) -> Head:
    return Head(found[1], _paths(found[2]), found.start())


@cache
def _paths(references: str | None) -> tuple[str, ...]:
    return tuple(_PATH.findall(_COMMENT.sub("", references))) if references else ()


def _text_of(found: re.Match[str]) -> Text:
    return Text(found.string, *found.span())


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


FILLING = Record(FILL, lambda match: None, "fill")
ONE = rf"{HEAD}(?:{SETTING})*{CLOSE}"
TWO = rf"{HEAD}(?:{SETTING}|{ONE})*{CLOSE}"
BLOCK = Record(_plain(rf"{HEAD}(?:{SETTING}|{TWO})*{CLOSE}"), _text_of, "a section")
SECTION = Record(HEAD, _head, "a section")
SETTINGS = Record(rf"(?:{SETTING})+", _text_of, "a setting")
INCLUDES = Record(INCLUDE, _include, "include", begin="include")
END_OF_SECTION = Record(CLOSE, lambda match: None, "'}'", begin="}")

# --- what they stand for ----------------------------------------------------------


class Lines:
    """The number of the line of each place, asked for in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place, self._line = 0, 1

    def of(self, place: int) -> int:
        """The line of a place behind those that were asked for before."""
        self._line += self._text.count("\n", self._place, place)
        self._place = place
        return self._line


def statements(tokens: Iterable[Any], lines: Lines) -> tuple[Statement, ...]:
    """The statements that tokens stand for; a section is its head and the tokens in it."""
    found: list[Statement] = []
    for token in tokens:
        if isinstance(token, Text):
            found += _read(token, lines)
        elif isinstance(token, Include):
            found.append(token._replace(line=lines.of(token.line)))
        else:
            first, *rest = token
            number = lines.of(first.place)
            inner = statements(rest, lines)
            found.append(Section(first.name, first.references, number, inner))
    return tuple(found)


def _read(token: Text, lines: Lines) -> list[Statement]:
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
