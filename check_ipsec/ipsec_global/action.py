"""What ``down`` and ``up`` have in common: orders that follow from a look, and an end."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from check_ipsec.host.sources import Output
from check_ipsec.ipsec_global.orders import Order
from check_ipsec.ipsec_global.scene import Scene


class Asked(NamedTuple):
    """An order that was given, and what came of the command."""

    order: Order
    output: Output


class Unmet(NamedTuple):
    """A connection that is not as it was asked for; ``back``: its peer brought it back."""

    connection: str
    why: str
    back: bool = False


class Action(Protocol):
    """One of the two. Times are seconds of a monotonic clock."""

    name: str
    verb: str

    def orders(self, seen: Scene, now: float, /) -> tuple[Order, ...]:
        """What is to be asked for now."""

    def heard(self, asked: Iterable[Asked], /) -> None:
        """What charon said to the orders."""

    def concerned(self, seen: Scene, /) -> int:
        """The number of connections that it is about."""

    def unmet(self, seen: Scene, /) -> tuple[Unmet, ...]:
        """The connections that are not as asked, one entry each, in the order of the file."""

    def refused(self, seen: Scene, /) -> tuple[Unmet, ...]:
        """Those of them that cannot be asked for, or that charon refused at once."""

    def finished(self, seen: Scene, now: float, /) -> bool:
        """Whether nothing more can come of it."""
