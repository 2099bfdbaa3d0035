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

EBNF (what is in capitals is a pattern of ``of_settings/statements.py``)::

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

from typing import Any

from check_ipsec.errors import ParseError
from check_ipsec.grammar.of_settings.statements import (
    BLOCK,
    END_OF_SECTION,
    FILLING,
    INCLUDES,
    SECTION,
    SETTINGS,
    Lines,
    Statement,
    statements,
)
from check_ipsec.grammar.records import Cursor, plainly


def parse(text: str, source: str) -> tuple[Statement, ...]:
    """The statements of the file ``source``, in order.

    ``text`` is decoded with surrogateescape, its line ends untouched. Raises ParseError with
    the line for which charon's parser would refuse the file.
    """
    try:
        tokens = plainly(_read, text)
        if tokens is None:
            from check_ipsec.grammar.of_settings.productions import parse_any

            tokens = parse_any(text, source)
    except RecursionError:
        raise ParseError(source, 1, "sections are nested too deeply") from None
    return statements(tokens, Lines(text))


def _read(cursor: Cursor) -> list[Any]:
    """The tokens of a file in which nothing is wrong. Raises Unlike."""
    cursor.one(FILLING)
    return _inside(cursor)


def _inside(cursor: Cursor) -> list[Any]:
    """The tokens of a section, or of the file."""
    found = cursor.some(BLOCK, SETTINGS, INCLUDES)
    while section := cursor.section(SECTION):
        section += _inside(cursor)
        cursor.one(END_OF_SECTION)
        found += [section, *cursor.some(BLOCK, SETTINGS, INCLUDES)]
    return found
