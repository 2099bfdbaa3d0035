r"""One file of ipsec.conf, as strongSwan 5.2 and later read it.

Read by strongSwan's src/starter/parser/lexer.l (tokens) and parser.y (statements).

Sample::

    config setup
        uniqueids = never       # a comment
    conn %default
        ike=aes128gcm16-prfsha384-ecp384bp!
    include conf.d/*.conf
    conn alice
        leftid="C=CH, CN=\"alice\""
        leftsubnet=10.1.0.0/16, 10.2.0.0/16
        rightid=@#0102
        also=
        auto=start

EBNF (what is in capitals is a pattern below, ``blanks`` are tabs and spaces)::

    file     = FILL, { ( HEAD | SETTING | include ), END, FILL } ;
    include  = [ blanks ], INCLUDE, [ PATTERN ], [ QUOTED ] ;
    HEAD     = "config setup", [ TOKEN ] | ( "conn" | "ca" ), NAME ;
    SETTING  = blanks, NAME, "=", { TOKEN } ;
    INCLUDE  = "include", blanks ;
    NAME     = TOKEN, but not an EMPTY one ;
    TOKEN    = BARE | QUOTED ;

A head stands in column 0, a setting is indented. FILL are empty lines, comments and
``version`` lines, which starter skips. The first setting of a file may lack its
blanks where the line that includes the file has them. The tokens of a value are
joined by one space each. An include is recognised wherever a token may begin, so END
is the end of the line or an INCLUDE.

Escapes hold in quotes only, where the text may also span lines (since 5.3.3). CR is a
character like any other. A NUL ends the token that it stands in, as in C.

Narrower than starter in one point: a statement that begins in one file and goes on
in another is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Optional, Union

from pyparsing import ParseBaseException, StringEnd, ZeroOrMore

from check_ipsec.errors import ParseError
from check_ipsec.grammar.tokens import line, more, records


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

# --- productions --------------------------------------------------------------

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


fill = line(FILL, "fill")
statements = records(f"(?:{HEAD}|{SETTING}){END}{FILL}", _statement, "a section or a setting")
include = records(rf"([ \t]*){INCLUDE}({PATTERN})({QUOTED})?{END}{FILL}", _include, "an include")
end = StringEnd().leave_whitespace()
file = (fill + ZeroOrMore(statements | more + include) + end).leave_whitespace()
file.parse_with_tabs()

PROBLEMS = (
    (rf'(?:[^"#\n]+(?![^"#\n])|{QUOTED})*(?!{QUOTED})"', "a quoted string does not end"),
    (rf"[ \t]*{INCLUDE}", "an include must be the last of its line"),
    (rf"[ \t]*(?:=|{EMPTY})", "a setting without a name"),
    (rf"[ \t]+{TOKEN}[ \t]*=", "a value that contains = must be quoted"),
    (r"[ \t]", "a setting without ="),
    (rf"(?:conn|ca)[ \t]*(?:[#\n]|\Z|{EMPTY})", "section name missing"),
    (r'config setup|(?:conn|ca)[" \t]', "text after the name of a section"),
    (rf"{TOKEN}[ \t]*=", "a setting must be indented"),
    ("", "unknown section"),
)


def parse(text: str, source: str, indented: bool = False) -> tuple[Statement, ...]:
    """The statements of the file ``source``, in order.

    ``text`` is decoded with surrogateescape, its line ends untouched. ``indented``:
    blanks stand before the ``include`` that names this file. Raises ParseError with
    the first line for which starter would refuse the file.
    """
    if indented and re.match(UNINDENTED, text):
        text = " " + text
    try:
        records = file.parse_string(text)
    except ParseBaseException as error:
        line = text.count("\n", 0, error.loc) + 1
        raise ParseError(source, line, _problem(text, error.loc)) from None
    return tuple(_statements(text, source, records))


def _problem(text: str, place: int) -> str:
    return next(problem for pattern, problem in PROBLEMS if re.compile(pattern).match(text, place))


def _statements(text: str, file: str, records: Iterable[Found]) -> Iterator[Statement]:
    line, counted = 1, 0
    for place, make, first, second in records:
        line += text.count("\n", counted, place)
        counted = place
        yield make(first, second, file, line)


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
