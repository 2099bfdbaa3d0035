"""What charon logs."""

from __future__ import annotations

from typing import NamedTuple


class LogLine(NamedTuple):
    """A line of charon's log.

    ``time`` is the text before it, empty where there is none. ``name`` and ``number`` are
    those of the IKE_SA that it is about, where charon writes them; the name alone is empty
    while charon does not know yet which connection a peer wants. ``level`` is None where it
    is not written.
    """

    time: str
    thread: int
    group: str
    level: int | None
    name: str
    number: int | None
    message: str
