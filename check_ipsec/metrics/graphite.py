"""Graphite's plaintext protocol: ``PATH VALUE SECONDS``, a line each.

A path is the prefix, the metric without ``ipsec_``, and its own labels; those of the site's
own are not in it, so that a connection that moves keeps its history. What Graphite does not
take in a path is ``_``. Of two series that get one path so, the first is told, the other is a
note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from check_ipsec.metrics.numbers import number
from check_ipsec.metrics.series import Family, Sample

NOT_IN_PATHS = re.compile(r"[^A-Za-z0-9_-]")


def render(families: Iterable[Family], prefix: str, now: float) -> tuple[str, tuple[str, ...]]:
    """The lines, and what is not in them."""
    found: dict[str, Sample] = {}
    notes = []
    for family in families:
        for sample in family.samples:
            path = path_of(sample, prefix)
            if found.setdefault(path, sample) is not sample:
                words = ", ".join(value for _, value in sample.labels)
                notes.append(f"{words}: left out, for {path} is another one's path already")
    lines = (f"{path} {number(sample.number)} {int(now)}\n" for path, sample in found.items())
    return "".join(lines), tuple(notes)


def path_of(sample: Sample, prefix: str) -> str:
    """The path of a series."""
    own = (NOT_IN_PATHS.sub("_", value) or "_" for _, value in sample.labels)
    return ".".join((*((prefix,) if prefix else ()), sample.name, *own))
