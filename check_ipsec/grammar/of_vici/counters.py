"""What charon counts of IKE: ``swanctl --counters``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from check_ipsec.grammar.of_vici.facts import Facts, facts_of, indented, sections_of
from check_ipsec.grammar.records import Record
from check_ipsec.model.counters import CounterLists, Counters
from check_ipsec.model.unread import ADDITIONS, UnreadLine

# as stroke calls them (stroke_list.c, counters_print; vici_query.c, vici_counter_type_names)
COUNTERS = {
    "ike-rekey-init": "ikeInitRekey",
    "ike-rekey-resp": "ikeRspRekey",
    "child-rekey": "ikeChildSaRekey",
    "invalid": "ikeInInvalid",
    "invalid-spi": "ikeInInvalidSpi",
    **{
        f"{exchange}-{way}-{kind}": f"ike{way.title()}{other}{short}"
        for exchange, other in (
            ("ike-init", "Init"),
            ("ike-auth", "Auth"),
            ("create-child", "CrChild"),
            ("info", "Info"),
        )
        for way in ("in", "out")
        for kind, short in (("req", "Req"), ("resp", "Rsp"))
    },
}


def counters(found: re.Match[str]) -> CounterLists:
    """The counters of the reply. Raises ValueError where one is no number."""
    facts = facts_of(found["facts"], 1)
    lists, unknown = [], set()
    for name, text in sections_of(facts.sections.get("counters", ""), 2):
        inner = facts_of(text, 3)
        unknown |= inner.values.keys() - COUNTERS.keys()
        lists.append(Counters(name.strip() or None, tuple(_known(inner))))
    unread = (UnreadLine(ADDITIONS, 1, f"counters: {key}", hides=False) for key in sorted(unknown))
    return CounterLists(tuple(lists), facts.values.get("success") == "yes", tuple(unread))


def _known(facts: Facts) -> Iterator[tuple[str, int]]:
    for key, text in facts.values.items():
        if key in COUNTERS:
            yield COUNTERS[key], int(text)


COUNTED = Record(
    rf"counters reply \{{\n(?P<facts>{indented(1)})\}}\n", counters, "'counters reply'"
)
