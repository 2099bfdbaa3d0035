"""What charon is asked to do: one control connection each, none that waits for a peer.

Upstream: src/stroke/stroke.c, src/libcharon/plugins/stroke/stroke_control.c; over VICI
src/swanctl/commands/initiate.c, terminate.c and install.c,
src/libcharon/plugins/vici/vici_control.c.

- ``down-nb`` takes the unique id of an SA, ``[N]`` or ``{N}``. By name it would do
  nothing for a connection that is merged into another one, and would read the end
  of ``x[1]`` as the id of an SA that is somebody else's.
- ``down-nb`` for an IKE_SA that is DELETING already destroys it at once.
- ``up-nb``, ``up``, ``route`` and ``unroute`` take the exact name of a connection.
- The exit status is 0 whatever comes of it, and nothing is said of an id that is gone.
- Over VICI a time limit below 0 is what does not wait; an order that comes to nothing is
  answered by ``initiate failed: ...`` and exit status 1.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from check_ipsec.model.configuration import Configuration
from check_ipsec.model.daemon import ChildSa, IkeSa

# less than an order may take
WAITS = 8


class Verb(Enum):
    """The commands of stroke; ``up`` alone waits for what it asks for."""

    CLOSE = "down-nb"
    START = "up-nb"
    START_AND_WAIT = "up"
    ROUTE = "route"
    UNROUTE = "unroute"


class Order(NamedTuple):
    """One request. ``target`` is the name of a connection, or the id of an SA.

    ``section`` is that of the connection, where it has one.
    """

    verb: Verb
    target: str
    section: str | None = None
    over_vici: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The command; a name that looks like an option is none after ``--``."""
        if self.over_vici:
            return ("swanctl", *VICI[self.verb](self))
        options = ("--",) if self.target.startswith("-") else ()
        return ("ipsec", "stroke", *options, self.verb.value, self.target)


def child(order: Order) -> tuple[str, ...]:
    """The child that an order is about; those of ipsec.conf are told by their name alone."""
    if order.section is None:
        return (f"--child={order.target}",)
    return f"--ike={order.section}", f"--child={order.target[len(order.section) + 1 :]}"


def identifier(order: Order) -> str:
    """The SA that an order is about."""
    kind = "ike" if order.target.startswith("[") else "child"
    return f"--{kind}-id={order.target[1:-1]}"


VICI: dict[Verb, Callable[[Order], tuple[str, ...]]] = {
    Verb.CLOSE: lambda order: ("--terminate", identifier(order), "--timeout=-1"),
    Verb.START: lambda order: ("--initiate", *child(order), "--timeout=-1"),
    Verb.START_AND_WAIT: lambda order: ("--initiate", *child(order), f"--timeout={WAITS}"),
    Verb.ROUTE: lambda order: ("--install", *child(order)),
    Verb.UNROUTE: lambda order: ("--uninstall", *child(order)),
}


def speaking(configuration: Configuration) -> Callable[[Order], Order]:
    """How an order is given on a host."""
    if not configuration.over_vici:
        return lambda order: order
    sections = {one.name: one.section for one in configuration.connections}
    return lambda order: order._replace(section=sections.get(order.target), over_vici=True)


def close_ike(ike: IkeSa) -> Order:
    """Close an IKE_SA with all its CHILD_SAs."""
    return Order(Verb.CLOSE, f"[{ike.unique_id}]")


def close_child(child: ChildSa) -> Order:
    """Close a CHILD_SA and leave its IKE_SA."""
    return Order(Verb.CLOSE, f"{{{child.unique_id}}}")
