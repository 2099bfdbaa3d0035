r"""/proc/net/xfrm_stat: how many packets the kernel has dropped, and why.

Written by Linux, net/xfrm/xfrm_proc.c (``xfrm_statistics_seq_show``); what each counter
means is in Documentation/networking/xfrm_proc.rst.

Sample::

    XfrmInError             	0
    XfrmInNoStates          	17

EBNF (the terminal in capitals is a line pattern below)::

    xfrm_stat = { COUNT | unread line } ;

A counter that a newer kernel adds is read like all others.
"""

from __future__ import annotations

import re

from check_ipsec.grammar.records import Cursor, Record, require_whole_lines
from check_ipsec.model.traffic import ErrorCounts
from check_ipsec.model.unread import UnreadLine

COUNT = r"(Xfrm\w{1,60})[ \t]+(\d{1,20})\n"
COUNTER = Record(COUNT, lambda found: (found[1], int(found[2])), "a counter")
LINE = Record(rf"(?!{COUNT})[^\n]*\n", lambda found: found, "a line")


def parse(text: str, source: str) -> ErrorCounts:
    """The counters; ``source`` names the text in errors.

    A kernel without them prints nothing. Raises ParseError where the text ends in the
    middle of a line.
    """
    require_whole_lines(text, source)
    tokens = Cursor(text).some(COUNTER, LINE)
    found = [token for token in tokens if isinstance(token, tuple)]
    unread = [token for token in tokens if isinstance(token, re.Match)]
    lines = (
        UnreadLine(source, text.count("\n", 0, one.start()) + 1, one[0][:-1], hides=False)
        for one in unread
    )
    return ErrorCounts(dict(found), tuple(lines))
