"""The whole grammar: lines that no release has printed, too."""

import re

from pyparsing import Group, ParserElement

from check_ipsec.grammar.of_listcounters.lists import COUNTER, EMPTY, HEADING, NO_PLUGIN, NOBODY
from check_ipsec.grammar.tokens import one, record, silent
from check_ipsec.model.unread import UnreadLine

OTHER = r"(?!List of IKE counters)[^\n]*\n"
SECTION = "IKE counters"


def _unread(found: re.Match[str]) -> UnreadLine:
    number = found.string.count("\n", 0, found.start()) + 1
    return UnreadLine(SECTION, number, found[0].removesuffix("\n"))


empty = silent(EMPTY)
other_line = record(OTHER, _unread, "a counter")
counters: ParserElement = Group(one(HEADING) + (empty | one(COUNTER) | other_line)[...])
listcounters = (empty | counters | one(NO_PLUGIN) | silent(NOBODY) | other_line)[...]
