"""What of a text no grammar knows."""

from __future__ import annotations

from typing import NamedTuple


class UnreadLine(NamedTuple):
    """A line that the grammar does not know, and the section that it stands in.

    ``hides``: a connection or an SA may stand in it; else it is more of one that was read.
    """

    section: str
    line: int
    text: str
    hides: bool = True


class UnreadRecord(NamedTuple):
    """A state or a policy that could not be read; its ends and direction where they could."""

    source: str | None
    destination: str | None
    direction: str | None
