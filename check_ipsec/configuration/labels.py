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
from collections.abc import Collection, Iterable, Iterator
from fnmatch import translate
from pathlib import Path
from typing import NamedTuple

from check_ipsec.errors import ParseError, UsageError
from check_ipsec.untrusted import plain

LABEL = re.compile(r"(?P<glob>\S.*?)\s*=\s*(?P<key>\w+)\s*:\s*(?P<value>\S.*)", re.ASCII)
KEY = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
MAGIC = re.compile(r"[*?\[]")
LARGEST = 16 * 2**20


# key and value of each
Labels = tuple[tuple[str, str], ...]


class Label(NamedTuple):
    """A label of the connections that a glob matches."""

    glob: str
    key: str
    value: str


def labels_asked_for(
    texts: Iterable[str], paths: Iterable[str], taken: Collection[str] = ()
) -> tuple[Label, ...]:
    """Those of the options ``--label`` and ``--labels``, in the order in which they count.

    ``taken`` are keys that mean something else. Raises UsageError.
    """
    labels = [parse_label(text, taken) for text in texts]
    try:
        for path in paths:
            labels += read_labels(path, taken)
    except ParseError as error:
        raise UsageError(str(error)) from error
    return tuple(labels)


def parse_label(text: str, taken: Collection[str] = ()) -> Label:
    """One, as an option has it. Raises UsageError."""
    problem, label = read_label(text, taken)
    if label is None:
        raise UsageError(f"--label {plain(text)}: {problem}")
    return label


def read_labels(path: str, taken: Collection[str] = ()) -> Iterator[Label]:
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
            problem, label = read_label(text, taken)
            if label is None:
                raise ParseError(path, number, problem)
            yield label


def read_label(text: str, taken: Collection[str]) -> tuple[str, Label | None]:
    """What is wrong with a label, or the label."""
    found = LABEL.fullmatch(text)
    if not found:
        return "not GLOB=key:value", None
    glob, key, value = found.groups()
    if not KEY.fullmatch(key):
        return f"{plain(key)} is no name of a label", None
    if key in taken:
        return f"{key} is a label of ipsec-metrics itself", None
    return "", Label(glob, key, plain(value))


def labels_of(names: Collection[str], labels: Iterable[Label]) -> dict[str, Labels]:
    """Those of each connection, sorted by their key.

    A glob is looked at once, and most need no pattern: the file of a fleet has thousands.
    """
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for label in labels:
        for name in matching(label.glob, found):
            found[name].setdefault(label.key, label.value)
    return {name: tuple(sorted(own.items())) for name, own in found.items()}


def matching(glob: str, names: Collection[str]) -> Iterable[str]:
    """The names that a glob matches as a whole."""
    if not MAGIC.search(glob):
        return [glob] if glob in names else []
    if glob[-1] == "*" and not MAGIC.search(glob[:-1]):
        return [name for name in names if name.startswith(glob[:-1])]
    return filter(re.compile(translate(glob)).match, names)
