"""The statements of a file, and the tokens that they are made of."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Optional, Union

from check_ipsec.grammar.records import Record


class SectionHead(NamedTuple):
    """The first line of a section; ``kind`` is ``config setup``, ``conn`` or ``ca``."""

    kind: str
    name: str
    file: str
    line: int


class Setting(NamedTuple):
    """A pair of a section; ``value`` is None for ``key=``, which unsets the key."""

    key: str
    value: Optional[str]
    file: str
    line: int


class Include(NamedTuple):
    """A pattern of files to go on with, and whether blanks stand before ``include``."""

    pattern: str
    file: str
    line: int
    indented: bool


Statement = Union[SectionHead, Setting, Include]

# --- terminals ----------------------------------------------------------------

# most lines are none: what they begin with says so at once
FILL = (
    r"(?:(?![ \t]*[^ \t\n#v])"
    r"(?:[ \t]*(?:(?:version|#)[^\n]*)?\n)*(?:[ \t]*(?:#[^\n]*)?\Z)?)?"
)
INCLUDE = r"include[ \t]+(?=[^=])"
END = rf"[ \t]*(?:(?:#[^\n]*)?(?:\n|\Z)|(?={INCLUDE}))"
PLAIN = r'[^"#= \t\n]'
BARE = rf"(?!{INCLUDE})(?:@#(?={PLAIN})|(?!@#{PLAIN})){PLAIN}+(?!{PLAIN})"
QUOTED = r'"[^"\\]*(?:\\[\s\S][^"\\]*)*"'
TOKEN = rf"(?:{BARE}|{QUOTED})"
EMPTY = r'(?:\0|"(?:\\\r?\n|\\\0|\0[^"\\]*)*")'
NAME = rf"(?!{EMPTY}){TOKEN}"
SETTING = rf"[ \t]+(?!version[^\n]*\n)({TOKEN})[ \t]*=[ \t]*((?:[ \t]*{TOKEN})*)"
HEAD = rf'(config setup|(?:conn|ca)(?=[" \t]))[ \t]*({TOKEN})?'
UNINDENTED = rf'(?!(?:conn|ca)[ \t="#]){NAME}[ \t]*='
PATTERN = r'(?:[^"\\#\n\t ]+(?![^"\\#\n\t ])|\\["#} ]|\\(?!["#} ]))*'

ESCAPED_IN_QUOTES = r'\\(\r?\n|[\s\S])|\0[^"\\]*'
ESCAPED = r'\\(["#} ])|\0[^\\]*'

# --- records ------------------------------------------------------------------

# where a statement begins, and of which two parts it is made, its file and line aside
Found = tuple[int, Callable[[Any, Any, str, int], Statement], Any, Any]


def _statement(match: re.Match[str]) -> Found:
    """A head or a setting. Raises ValueError where its name is empty, or missing."""
    kind, name, key, value = match.groups()
    if kind == "config setup":
        return match.start(), SectionHead, kind, ""
    text = _text(key or name or '""')
    if not text:
        raise ValueError("a name")
    if kind:
        return match.start(), SectionHead, kind, text
    return match.start(), Setting, text, _value(value) if value else None


def _include(match: re.Match[str]) -> Found:
    blanks, bare, quoted = match.groups()
    pattern = re.sub(ESCAPED, lambda part: part[1] or "", bare)
    return match.start(), _included, pattern + _text(quoted or '""'), bool(blanks)


def _included(pattern: str, indented: bool, file: str, line: int) -> Include:
    return Include(pattern, file, line, indented)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\n": "", "\r\n": "", "\0": "", None: ""}


def _value(tokens: str) -> str:
    quotes = tokens.count('"')
    is_quoted = quotes == 2 and tokens[0] == tokens[-1] == '"'
    if is_quoted or not (quotes or " " in tokens or "\t" in tokens):
        return _text(tokens)
    return " ".join(map(_text, re.findall(TOKEN, tokens)))


def _text(token: str) -> str:
    """What a token stands for."""
    if token[0] == '"':
        if "\\" not in token and "\0" not in token:
            return token[1:-1]
        return re.sub(ESCAPED_IN_QUOTES, lambda part: _ESCAPES.get(part[1], part[1]), token[1:-1])
    return token.partition("\0")[0] if "\0" in token else token


FILLING = Record(FILL, lambda match: None, "fill")
STATEMENTS = Record(f"(?:{HEAD}|{SETTING}){END}{FILL}", _statement, "a section or a setting")
INCLUDES = Record(rf"([ \t]*){INCLUDE}({PATTERN})({QUOTED})?{END}{FILL}", _include, "an include")
