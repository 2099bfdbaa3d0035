"""What charon holds beyond the connections of ipsec.conf."""

from collections.abc import Iterable
from typing import NamedTuple

from check_ipsec.facts import printed
from check_ipsec.model import ChildSa, Connection, IkeSa, Status


class Unlisted(NamedTuple):
    """What charon holds although ipsec.conf does not name it, by name."""

    loaded: tuple[str, ...]
    sas: tuple[tuple[IkeSa, ChildSa], ...]
    ike_sas: tuple[IkeSa, ...]
    traps: tuple[ChildSa, ...]

    def number(self) -> int:
        """How many they are."""
        return sum(map(len, self))


def unlisted(connections: Iterable[Connection], status: Status) -> Unlisted:
    """What charon holds beyond the connections of ipsec.conf.

    An IKE_SA is unlisted that no listed connection owns.
    """
    names = {printed(connection.name) for connection in connections}
    owners = names | {
        peer.name for peer in status.peers if any(child.name in names for child in peer.children)
    }
    return Unlisted(
        loaded=tuple(
            child.name
            for peer in status.peers
            for child in peer.children
            if child.name not in names
        ),
        sas=tuple(
            (ike, child)
            for ike in status.ike_sas
            for child in ike.child_sas
            if child.name not in names
        ),
        ike_sas=tuple(
            ike
            for ike in status.ike_sas
            if ike.name not in owners and not any(child.name in names for child in ike.child_sas)
        ),
        traps=tuple(trap for trap in status.traps if trap.name not in names),
    )
