"""The text of ``swanctl --counters --pretty``, printed as those of check_ipsec.grammar.vici.

Written by strongSwan's src/libcharon/plugins/vici/vici_query.c (``counters``).
"""

from __future__ import annotations

from check_ipsec.grammar.of_vici.counters import COUNTED
from check_ipsec.grammar.of_vici.listing import parse_reply
from check_ipsec.model.counters import CounterLists


def parse(text: str, source: str) -> CounterLists:
    """What ``swanctl --counters --pretty`` counts, with ``--all`` by connection.

    A counter that this release does not know is left out, and said to be there.
    """
    found: CounterLists = parse_reply(COUNTED, text, source)
    return found
