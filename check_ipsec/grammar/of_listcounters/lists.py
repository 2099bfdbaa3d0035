"""The lines of the lists."""

import re

from check_ipsec.grammar.records import Record
from check_ipsec.model.counters import Counters


class NoPlugin:
    """The token of the line that says so."""


def _counter(found: re.Match[str]) -> tuple[str, int]:
    return found["key"], int(found["value"])


HEADING = Record(
    r"List of IKE counters(?: for '(?P<name>[^\n]*)')?:\n",
    lambda found: Counters(found["name"], ()),
    "'List of IKE counters'",
)
COUNTER = Record(r"(?P<key>[A-Za-z]\w*) +(?P<value>[0-9]+)\n", _counter, "a counter")
NO_PLUGIN = Record(
    r"No counters available \(plugin missing\?\)\n",
    lambda found: NoPlugin(),
    "'No counters available'",
)
NOBODY = Record(
    r"No IKE counters found for '[^\n]*'\n", lambda found: None, "'No IKE counters found'"
)
EMPTY = Record(r"[ \t]*\n", lambda found: None, "an empty line")
