"""Labels of the site's own: which connections lead to which site, or peer.

``GLOB=key:value``, as an option or, a line each, in a file::

    # connections to Amsterdam
    cp3*=site:esams
    cp3001_*=peer:cp3001

EBNF of a file::

    labels  = { label | comment | empty line } ;
    label   = glob, "=", key, ":", value ;
    comment = "#", text ;

``glob`` is case-sensitive and over the whole name of a connection; ``key`` is a name as
Prometheus allows it. Of several that match, the first of each key counts, options before the
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from check_ipsec.errors import ParseError, UsageError
from check_ipsec.metrics.series import METRICS, Labels
from check_ipsec.untrusted import plain

LABEL = re.compile(r"(?P<glob>\S.*?)\s*=\s*(?P<key>\w+)\s*:\s*(?P<value>\S.*)", re.ASCII)
KEY = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
OWN = frozenset(label for metric in METRICS for label in metric.labels)
LARGEST = 16 * 2**20


class Label(NamedTuple):
    """A label of the connections that a glob matches."""

    glob: str
    key: str
    value: str


def parse_label(text: str) -> Label:
    """One, as an option has it. Raises UsageError."""
    problem, label = read_label(text)
    if label is None:
        raise UsageError(f"--label {plain(text)}: {problem}")
    return label


def read_labels(path: str) -> Iterator[Label]:
    """Those of a file. Raises UsageError where it cannot be read, ParseError with the line."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(data) > LARGEST:
        raise UsageError(f"{path}: larger than {LARGEST // 2**20} MiB")
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            problem, label = read_label(text)
            if label is None:
                raise ParseError(path, number, problem)
            yield label


def read_label(text: str) -> tuple[str, Label | None]:
    """What is wrong with a label, or the label."""
    found = LABEL.fullmatch(text)
    if not found:
        return "not GLOB=key:value", None
    glob, key, value = found.groups()
    if not KEY.fullmatch(key):
        return f"{plain(key)} is no name of a label", None
    if key in OWN:
        return f"{key} is a label of ipsec-metrics itself", None
    return "", Label(glob, key, plain(value))


def labels_of(name: str, labels: Iterable[Label]) -> Labels:
    """Those of a connection, sorted by their key."""
    found: dict[str, str] = {}
    for label in labels:
        if fnmatchcase(name, label.glob):
            found.setdefault(label.key, label.value)
    return tuple(sorted(found.items()))
