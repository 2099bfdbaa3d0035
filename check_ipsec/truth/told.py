"""What charon's log has told: the pieces that its story is put together from."""

from __future__ import annotations

from typing import NamedTuple

from check_ipsec.model.log import LogLine
from check_ipsec.truth.cause import Cause


class Told(NamedTuple):
    """A cause that was told of an IKE_SA, in the ``attempt``-th attempt of all.

    ``words`` hold what the peer calls itself. ``number`` is that of the IKE_SA; ``child``
    the CHILD_SA that was being established, where it is about one.
    """

    cause: Cause
    words: str
    line: LogLine
    attempt: int
    number: int | None
    child: str = ""


class Sa:
    """An IKE_SA as far as the log has told of it; ``number`` is None where it has none."""

    def __init__(self, number: int | None, peer: str = "") -> None:
        self.number = number
        self.name = ""
        self.peer = peer
        self.child = ""
        self.attempt = 0
        self.retransmits = 0
        self.initiated = False
        self.up = False
        self.gone = False
        self.told_of_child: Told | None = None
