"""What charon holds beyond the connections of ipsec.conf."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import ChildSa, IkeSa, Peer, Status, Trap
from check_ipsec.truth.stale import is_superseded


class Unlisted(NamedTuple):
    """What charon holds although ipsec.conf does not name it.

    ``superseded`` are CHILD_SAs of a listed connection to a peer that it no longer has.
    """

    loaded: tuple[str, ...]
    sas: tuple[tuple[IkeSa, ChildSa], ...]
    ike_sas: tuple[IkeSa, ...]
    traps: tuple[Trap, ...]
    superseded: tuple[tuple[IkeSa, ChildSa], ...] = ()

    def number(self) -> int:
        """How many connections that may be, by name."""
        installed = {child.name for _, child in self.sas} | {trap.name for trap in self.traps}
        names = {*self.loaded, *installed}
        names |= {ike.name for ike in self.ike_sas if not ike.child_sas}
        return len(names) + len({child.name for _, child in self.superseded})


def unlisted(connections: Iterable[Connection], status: Status) -> Unlisted:
    """What charon holds beyond the connections of ipsec.conf.

    An IKE_SA is unlisted that no listed connection owns.
    """
    by_name = {connection.printed_name: connection for connection in connections}
    names = by_name.keys()
    owners = names | {
        peer.name for peer in status.peers for child in peer.children if child.name in names
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
        superseded=tuple(
            (ike, child)
            for ike in status.ike_sas
            for child in ike.child_sas
            if child.name in names
            and is_superseded(dict(by_name[child.name].settings), peers_of(child.name, status), ike)
        ),
    )


def peers_of(name: str, status: Status) -> Iterator[Peer]:
    """The peers that have a child of this name."""
    for peer in status.peers:
        if any(child.name == name for child in peer.children):
            yield peer
