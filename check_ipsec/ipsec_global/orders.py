"""What charon is asked to do: one control connection each, none that waits for a peer.

Upstream: src/stroke/stroke.c, src/libcharon/plugins/stroke/stroke_control.c.

- ``down-nb`` takes the unique id of an SA, ``[N]`` or ``{N}``. By name it would do
  nothing for a connection that is merged into another one, and would read the end
  of ``x[1]`` as the id of an SA that is somebody else's.
- ``down-nb`` for an IKE_SA that is DELETING already destroys it at once.
- ``up-nb``, ``up``, ``route`` and ``unroute`` take the exact name of a connection.
- The exit status is 0 whatever comes of it, and nothing is said of an id that is gone.
"""

from enum import Enum
from typing import NamedTuple

from check_ipsec.model.daemon import ChildSa, IkeSa


class Verb(Enum):
    """The commands of stroke; ``up`` alone waits for what it asks for."""

    CLOSE = "down-nb"
    START = "up-nb"
    START_AND_WAIT = "up"
    ROUTE = "route"
    UNROUTE = "unroute"


class Order(NamedTuple):
    """One request. ``target`` is the name of a connection, or the id of an SA."""

    verb: Verb
    target: str

    @property
    def words(self) -> tuple[str, ...]:
        """The command; a name that looks like an option is none after ``--``."""
        options = ("--",) if self.target.startswith("-") else ()
        return ("ipsec", "stroke", *options, self.verb.value, self.target)


def close_ike(ike: IkeSa) -> Order:
    """Close an IKE_SA with all its CHILD_SAs."""
    return Order(Verb.CLOSE, f"[{ike.unique_id}]")


def close_child(child: ChildSa) -> Order:
    """Close a CHILD_SA and leave its IKE_SA."""
    return Order(Verb.CLOSE, f"{{{child.unique_id}}}")
