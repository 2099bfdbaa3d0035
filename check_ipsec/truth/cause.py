"""A message of charon's log and what it means: what a row of the table is, how one is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from check_ipsec.model.log import LogLine


class About(Enum):
    """What a message is about.

    ``TIMER`` is an IKE_SA whose packets had no answer, ``NAME`` one whose peer has no address,
    ``CLOSED`` a CHILD_SA that the peer closes, or that it confirms to have closed.
    """

    IKE_SA = 1
    CHILD_SA = 2
    TIMER = 3
    NAME = 4
    CLOSED = 5


class Cause(NamedTuple):
    """A row. ``{}`` in ``words`` stands for the group of the pattern, if there is one.

    ``tell`` makes other words of a message, or none where it means nothing after all.
    """

    words: str
    begin: str
    where: str
    about: About = About.IKE_SA
    weight: int = 2
    tell: Callable[[re.Match[str], float], str] | None = None

    def said_by(self, message: str, now: float) -> str | None:
        """The words for a message, None where it is another one."""
        found = re.match(self.begin, message)
        if not found:
            return None
        if self.tell:
            return self.tell(found, now) or None
        return self.words.format(*found.groups())


Rows = dict[str, list[Cause]]


def by_word(causes: Iterable[Cause]) -> Rows:
    """The rows by what comes before the first blank of their messages."""
    rows: Rows = {}
    for cause in causes:
        for begin in alternatives(cause.begin):
            rows.setdefault(begin, []).append(cause)
    return rows


def alternatives(pattern: str) -> Iterator[str]:
    """The first word of each way in which a message of the pattern may begin."""
    for one in re.split(r"\|(?![^(]*\))", pattern):
        word = one.lstrip(" *").partition(" ")[0]
        yield word if re.fullmatch(r"[\w-]+", word) else ""


def cause_of(line: LogLine, rows: Rows, now: float) -> tuple[Cause, str] | None:
    """The row that a line is of, and its words."""
    word = line.message.lstrip(" ").partition(" ")[0]
    for cause in (*rows.get(word, ()), *rows.get("", ())):
        if words := cause.said_by(line.message, now):
            return cause, words
    return None
