"""The formats, a row each: how series are written, and how a failure is told in an older text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from check_ipsec.metrics import as_json, graphite, influx, prometheus
from check_ipsec.metrics.series import PREFIX, SUCCESS, Family
from check_ipsec.report.as_json import dumps


class Written(NamedTuple):
    """A text, and what is not in it."""

    text: str
    notes: tuple[str, ...] = ()


class Format(NamedTuple):
    """A format.

    ``write`` takes families, the prefix of paths and the time in seconds since 1970.
    ``marked`` makes of the last text, and of that of a reading that failed, what is to be
    told: the last series, and that there are no newer ones. Without the last ones it is the
    failed one.
    """

    name: str
    about: str
    write: Callable[[Iterable[Family], str, float], Written]
    marked: Callable[[str, str], str]


def line_replaced(last: str, failed: str) -> str:
    """Of a text of lines: the one that says whether the reading went through is the new one."""
    new = failed.splitlines()[-1]
    series = new.partition(" ")[0]
    lines = last.splitlines()
    places = [number for number, line in enumerate(lines) if line.partition(" ")[0] == series]
    if len(places) != 1:
        return failed
    lines[places[0]] = new
    return "".join(f"{line}\n" for line in lines)


def value_replaced(last: str, failed: str) -> str:
    """Of a JSON object: the same."""
    try:
        document = json.loads(last)
        (success,) = (
            metric for metric in document["metrics"] if metric["name"] == f"{PREFIX}{SUCCESS}"
        )
        success["series"] = [{"labels": {}, "value": 0}]
    except (ValueError, KeyError, TypeError, RecursionError):
        return failed
    return dumps(document) + "\n"


FORMATS = {
    one.name: one
    for one in (
        Format(
            "prometheus",
            "for node_exporter's textfile collector",
            lambda families, _prefix, _now: Written(prometheus.render(families)),
            line_replaced,
        ),
        Format(
            "graphite",
            "plaintext for carbon",
            lambda families, prefix, now: Written(*graphite.render(families, prefix, now)),
            line_replaced,
        ),
        Format(
            "json",
            "one object",
            lambda families, _prefix, now: Written(as_json.render(families, now)),
            value_replaced,
        ),
        Format(
            "influx",
            "line protocol",
            lambda families, _prefix, now: Written(influx.render(families, now)),
            line_replaced,
        ),
    )
}
