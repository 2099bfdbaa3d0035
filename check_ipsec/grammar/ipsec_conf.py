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

EBNF (what is in capitals is a pattern of ``of_ipsec_conf/statements.py``, ``blanks`` are tabs
and spaces)::

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
from collections.abc import Iterable, Iterator

from check_ipsec.grammar.of_ipsec_conf.statements import (
    FILLING,
    INCLUDES,
    STATEMENTS,
    UNINDENTED,
    Found,
    Statement,
)
from check_ipsec.grammar.records import Cursor, plainly


def parse(text: str, source: str, indented: bool = False) -> tuple[Statement, ...]:
    """The statements of the file ``source``, in order.

    ``text`` is decoded with surrogateescape, its line ends untouched. ``indented``:
    blanks stand before the ``include`` that names this file. Raises ParseError with
    the first line for which starter would refuse the file.
    """
    if indented and re.match(UNINDENTED, text):
        text = " " + text
    found = plainly(_read, text)
    if found is None:
        from check_ipsec.grammar.of_ipsec_conf.productions import parse_any

        found = parse_any(text, source)
    return tuple(_statements(text, source, found))


def _read(cursor: Cursor) -> list[Found]:
    """All statements of a file in which nothing is wrong. Raises Unlike."""
    cursor.one(FILLING)
    return cursor.some(STATEMENTS, INCLUDES)


def _statements(text: str, file: str, records: Iterable[Found]) -> Iterator[Statement]:
    line, counted = 1, 0
    for place, make, first, second in records:
        line += text.count("\n", counted, place)
        counted = place
        yield make(first, second, file, line)
