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

EBNF (every terminal in capitals is a line pattern below)::

    listcounters = { list | NO_PLUGIN | NOBODY | EMPTY | unread line } ;
    list         = HEADING, { COUNTER | EMPTY } ;

A counter that no release has printed is a counter like any other; a line that is none is
unread.
"""

from __future__ import annotations

import re
from typing import Any

from pyparsing import Group, ParserElement

from check_ipsec.grammar.tokens import line, parse_whole, record
from check_ipsec.model.counters import CounterLists, Counters
from check_ipsec.model.unread import UnreadLine

HEADING = r"List of IKE counters(?: for '(?P<name>[^\n]*)')?:\n"
COUNTER = r"(?P<key>[A-Za-z]\w*) +(?P<value>[0-9]+)\n"
NO_PLUGIN = r"No counters available \(plugin missing\?\)\n"
NOBODY = r"No IKE counters found for '[^\n]*'\n"
EMPTY = r"[ \t]*\n"
OTHER = r"(?!List of IKE counters)[^\n]*\n"
SECTION = "IKE counters"


class NoPlugin:
    """The token of the line that says so."""


def _counter(found: re.Match[str]) -> tuple[str, int]:
    return found["key"], int(found["value"])


def _unread(found: re.Match[str]) -> UnreadLine:
    number = found.string.count("\n", 0, found.start()) + 1
    return UnreadLine(SECTION, number, found[0].removesuffix("\n"))


empty = line(EMPTY, "an empty line")
no_plugin = record(NO_PLUGIN, lambda _: NoPlugin(), "'No counters available'")
nobody = line(NOBODY, "'No IKE counters found'")
other_line = record(OTHER, _unread, "a counter")
heading = record(HEADING, lambda found: Counters(found["name"], ()), "'List of IKE counters'")
counter = record(COUNTER, _counter, "a counter")
counters: ParserElement = Group(heading + (empty | counter | other_line)[...])
listcounters = (empty | counters | no_plugin | nobody | other_line)[...]


def parse(text: str, source: str) -> CounterLists:
    """All lists in the order of the text, which ``source`` names in errors.

    Raises ParseError where the text ends in the middle of a line.
    """
    lists, unread = [], []
    available = True
    for token in parse_whole(listcounters, text, source):
        if isinstance(token, NoPlugin):
            available = False
        elif isinstance(token, UnreadLine):
            unread.append(token)
        else:
            lists.append(_list(token))
            unread += (one for one in token if isinstance(one, UnreadLine))
    return CounterLists(tuple(lists), available, tuple(unread))


def _list(tokens: Any) -> Counters:
    """One list; of a key that is there twice the last value counts."""
    head, *rest = tokens
    values: dict[str, int] = dict(one for one in rest if type(one) is tuple)
    return Counters(head.name, tuple(values.items()))
