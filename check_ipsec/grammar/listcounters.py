r"""The text of ``ipsec listcounters``, for all together or with ``all`` for each connection.

Written by strongSwan's src/libcharon/plugins/stroke/stroke_counter.c (``print_one``,
``print_all``), since 5.6.1 by stroke_list.c (``counters_print``), from what the plugin
*counters* has counted; NO_PLUGIN is what charon says without that plugin.

Sample::

    <empty line>
    List of IKE counters for 'bob':
    <empty line>
    ikeInitRekey                  0
    ikeInInitRsp                  1
    ikeOutInitReq                 1
    <empty line>

EBNF (every terminal in capitals is a record of ``of_listcounters/lists.py``)::

    listcounters = { list | NO_PLUGIN | NOBODY | EMPTY | unread line } ;
    list         = HEADING, { COUNTER | EMPTY } ;

A counter that no release has printed is a counter like any other; a line that is none is
unread.
"""

from __future__ import annotations

from typing import Any

from check_ipsec.grammar.of_listcounters.lists import (
    COUNTER,
    EMPTY,
    HEADING,
    NO_PLUGIN,
    NOBODY,
    NoPlugin,
)
from check_ipsec.grammar.records import Cursor, plainly, require_whole_lines
from check_ipsec.model.counters import CounterLists, Counters
from check_ipsec.model.unread import UnreadLine


def parse(text: str, source: str) -> CounterLists:
    """All lists in the order of the text, which ``source`` names in errors.

    Raises ParseError where the text ends in the middle of a line.
    """
    lists, unread = [], []
    available = True
    for token in _tokens(text, source):
        if isinstance(token, NoPlugin):
            available = False
        elif isinstance(token, UnreadLine):
            unread.append(token)
        elif token is not None:
            lists.append(_list(token))
            unread += (one for one in token if isinstance(one, UnreadLine))
    return CounterLists(tuple(lists), available, tuple(unread))


def _tokens(text: str, source: str) -> list[Any]:
    require_whole_lines(text, source)
    found = plainly(_read, text)
    if found is None:
        from check_ipsec.grammar.of_listcounters.productions import listcounters
        from check_ipsec.grammar.tokens import parse_whole

        found = parse_whole(listcounters, text, source)
    return found


def _read(cursor: Cursor) -> list[Any]:
    """All lists, where no line is unread. Raises Unlike."""
    found = cursor.some(EMPTY, NO_PLUGIN, NOBODY)
    while one := cursor.section(HEADING, EMPTY, COUNTER):
        found.append(one)
    return found


def _list(tokens: Any) -> Counters:
    """One list; of a key that is there twice the last value counts."""
    head, *rest = tokens
    values: dict[str, int] = dict(one for one in rest if type(one) is tuple)
    return Counters(head.name, tuple(values.items()))
