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

    file     = FILL, { section | settings | include } ;
    section  = HEAD, { SETTING } ;
    settings = SETTING, { SETTING } ;
    include  = [ blanks ], INCLUDE, [ PATTERN ], [ QUOTED ], END, FILL ;
    HEAD     = ( "config setup", [ TOKEN ] | ( "conn" | "ca" ), NAME ), END, FILL ;
    SETTING  = blanks, NAME, "=", { TOKEN }, END, FILL ;
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
from collections.abc import Iterable
from typing import NamedTuple, Optional, Union

from pyparsing import ParseBaseException, ParserElement, StringEnd, ZeroOrMore

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
SETTING = rf"[ \t]+(?!version[^\n]*\n){NAME}[ \t]*=(?:[ \t]*{TOKEN})*{END}{FILL}"
HEAD = rf'(?:(config setup)[ \t]*{TOKEN}?|(conn|ca)(?=[" \t])[ \t]*({NAME})){END}{FILL}'
UNINDENTED = rf'(?!(?:conn|ca)[ \t="#]){NAME}[ \t]*='
PATTERN = r'(?:[^"\\#\n\t ]+(?![^"\\#\n\t ])|\\["#} ]|\\(?!["#} ]))*'

ESCAPED_IN_QUOTES = r'\\(\r?\n|[\s\S])|\0[^"\\]*'
ESCAPED = r'\\(["#} ])|\0[^\\]*'

# --- productions --------------------------------------------------------------


def production(pattern: str, name: str) -> ParserElement:
    """A production whose tokens are the matches of ``pattern``."""
    return records(pattern, lambda match: match, name)


fill = line(FILL, "fill")
section = production(f"{HEAD}(?P<section>(?:{SETTING})*)", "section")
settings = production(f"(?P<settings>(?:{SETTING})+)", "settings")
include = production(rf"([ \t]*){INCLUDE}({PATTERN})({QUOTED})?(?P<include>{END}{FILL})", "include")
end = StringEnd().leave_whitespace()
file = (fill + ZeroOrMore(section | more + (settings | include)) + end).leave_whitespace()
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


def _statements(text: str, file: str, records: Iterable[re.Match[str]]) -> list[Statement]:
    found: list[Statement] = []
    line, place = 1, 0
    for match in records:
        line += text.count("\n", place, match.start())
        place = match.start()
        found += _BUILDERS[str(match.lastgroup)](match, file, line)
    return found


def _section(match: re.Match[str], file: str, line: int) -> list[Statement]:
    setup, kind, name, _ = match.groups()
    head = SectionHead(setup or kind, _text(name) if name else "", file, line)
    first = match.start("section")
    lines = match.string.count("\n", match.start(), first)
    return [head, *_pairs(match, first, file, line + lines)]


def _settings(match: re.Match[str], file: str, line: int) -> list[Statement]:
    return _pairs(match, match.start(), file, line)


def _pairs(match: re.Match[str], place: int, file: str, line: int) -> list[Statement]:
    found: list[Statement] = []
    for pair, key, value in _PAIR.findall(match.string, place, match.end()):
        found.append(Setting(_text(key), _value(value) if value else None, file, line))
        line += pair.count("\n")
    return found


def _include(match: re.Match[str], file: str, line: int) -> list[Statement]:
    blanks, bare, quoted, _ = match.groups()
    pattern = re.sub(ESCAPED, lambda part: part[1] or "", bare)
    return [Include(pattern + _text(quoted or '""'), file, line, bool(blanks))]


_BUILDERS = {"section": _section, "settings": _settings, "include": _include}
_PAIR = re.compile(rf"([ \t]+({TOKEN})[ \t]*=[ \t]*((?:[ \t]*{TOKEN})*){END}{FILL})")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\n": "", "\r\n": "", "\0": "", None: ""}


def _value(tokens: str) -> str:
    if '"' in tokens or " " in tokens or "\t" in tokens:
        return " ".join(map(_text, re.findall(TOKEN, tokens)))
    return _text(tokens)


def _text(token: str) -> str:
    """What a token stands for."""
    if token[0] == '"':
        return re.sub(ESCAPED_IN_QUOTES, lambda part: _ESCAPES.get(part[1], part[1]), token[1:-1])
    return token.partition("\0")[0] if "\0" in token else token
