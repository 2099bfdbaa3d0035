r"""InfluxDB's line protocol: ``MEASUREMENT,TAG=TEXT value=NUMBER NANOSECONDS``, a line each.

The measurement is the metric, the tags are its labels and the site's own. Counters are
integers (``i``), gauges floats, whatever they say now: a field must not change its type.
Commas, equals signs and spaces are escaped; a text that ends with a backslash, which would
escape what follows, ends with ``\x5c``. A tag without a text is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from check_ipsec.configuration.labels import Labels
from check_ipsec.metrics.numbers import number
from check_ipsec.metrics.series import COUNTER, PREFIX, Family

SPECIAL = re.compile(r"([,= ])")
BACKSLASH = "\\"


def render(families: Iterable[Family], now: float) -> str:
    """The lines."""
    return "".join(lines(families, int(now * 1000) * 1_000_000))


def lines(families: Iterable[Family], nanoseconds: int) -> Iterator[str]:
    """One a series."""
    for family in families:
        unit = "i" if family.metric.kind == COUNTER else ""
        for sample in family.samples:
            tags = tags_of(sample.all_labels)
            value = f"{number(sample.number)}{unit}"
            yield f"{PREFIX}{sample.name}{tags} value={value} {nanoseconds}\n"


def tags_of(labels: Labels) -> str:
    """The tags, sorted, as the database likes them best."""
    return "".join(f",{key}={escaped(value)}" for key, value in sorted(labels) if value)


def escaped(text: str) -> str:
    """A text as a tag may have it."""
    if text.endswith(BACKSLASH):
        text = f"{text[:-1]}\\x5c"
    return SPECIAL.sub(r"\\\1", text)
