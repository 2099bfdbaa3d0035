"""All that configuration, daemon and kernel say of one connection, side by side."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.expectation import Expectation, Override, expectation
from check_ipsec.kernel import Kernel
from check_ipsec.model import (
    ChildSa,
    ChildState,
    Connection,
    IkeSa,
    IkeState,
    Mark,
    Peer,
    Shunt,
    Status,
)
from check_ipsec.protection import configured_marks, configured_selectors, resolved

UP = {IkeState.ESTABLISHED, IkeState.PASSIVE, IkeState.REKEYING, IkeState.REKEYED}
CARRYING = {
    ChildState.INSTALLED,
    ChildState.UPDATING,
    ChildState.REKEYING,
    ChildState.REKEYED,
}


class Facts(NamedTuple):
    """All that is known of one connection.

    ``sas`` are the CHILD_SAs with its name, each with its IKE_SA; ``ike_sas`` are all
    IKE_SAs that it owns. ``kernel`` is None where the kernel is not known;
    ``asked`` is false where it was not to be asked. ``policies`` is false with
    ``installpolicy=no``.
    """

    connection: Connection
    expectation: Expectation
    peers: tuple[Peer, ...]
    ike_sas: tuple[IkeSa, ...]
    sas: tuple[tuple[IkeSa, ChildSa], ...]
    traps: tuple[ChildSa, ...]
    shunt: Shunt | None
    kernel: Kernel | None
    asked: bool
    policies: bool
    mark_in: Mark | None
    mark_out: Mark | None
    partial: bool


def carrying(facts: Facts) -> Iterator[tuple[IkeSa, ChildSa]]:
    """The SAs through which traffic goes, if daemon and kernel agree."""
    yield from carrying_sas(facts.sas)


def carrying_sas(sas: Iterable[tuple[IkeSa, ChildSa]]) -> Iterator[tuple[IkeSa, ChildSa]]:
    """Those of ``sas`` that charon would send traffic through."""
    for ike, child in sas:
        if child.state in CARRYING and ike.state in UP:
            yield ike, child


def selectors(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the connection protects: negotiated, else trapped, loaded, configured."""
    for child in (*(child for _, child in carrying(facts)), *facts.traps):
        return child.local_ts, child.remote_ts
    for peer in facts.peers:
        for config in peer.children:
            if config.name == printed(facts.connection.name):
                local, remote = config.local_ts, config.remote_ts
                return resolved(local, peer.local), resolved(remote, peer.remote)
    return configured_selectors(facts.connection)


def printed(name: str) -> str:
    """A name as it can be told from the padding that charon prints before it."""
    return name.lstrip(" ")


class Index:
    """The daemon's facts by the name that a connection finds them under."""

    def __init__(self, status: Status | None) -> None:
        self.peers: dict[str, list[Peer]] = defaultdict(list)
        self.sas: dict[str, list[tuple[IkeSa, ChildSa]]] = defaultdict(list)
        self.ike_sas: dict[str, list[IkeSa]] = defaultdict(list)
        self.traps: dict[str, list[ChildSa]] = defaultdict(list)
        self.shunts: dict[str, Shunt] = {}
        if status:
            self._fill(status)

    def _fill(self, status: Status) -> None:
        self.shunts = {shunt.name: shunt for shunt in status.shunts}
        for peer in status.peers:
            for name in {child.name for child in peer.children}:
                self.peers[name].append(peer)
        for ike in status.ike_sas:
            self.ike_sas[ike.name].append(ike)
            for child in ike.child_sas:
                self.sas[child.name].append((ike, child))
        for trap in status.traps:
            self.traps[trap.name].append(trap)

    def owned_ike_sas(self, name: str) -> tuple[IkeSa, ...]:
        """The IKE_SAs of the peers that the connection is listed under, and its hosts."""
        owners = {peer.name for peer in self.peers.get(name, ())}
        owned = {ike.unique_id: ike for owner in owners for ike in self.ike_sas.get(owner, ())}
        owned.update((ike.unique_id, ike) for ike, _ in self.sas.get(name, ()))
        return tuple(owned.values())


def gather(
    connection: Connection,
    index: Index,
    kernel: Kernel | None,
    asked: bool,
    partial: bool,
    overrides: tuple[Override, ...],
) -> Facts:
    """All that is known of one connection."""
    name = printed(connection.name)
    peers = tuple(index.peers.get(name, ()))
    mark_in, mark_out = configured_marks(connection)
    return Facts(
        connection=connection,
        expectation=expectation(connection, peers, overrides),
        peers=peers,
        ike_sas=index.owned_ike_sas(name),
        sas=tuple(index.sas.get(name, ())),
        traps=tuple(index.traps.get(name, ())),
        shunt=index.shunts.get(name),
        kernel=kernel,
        asked=asked,
        policies=connection.setting("installpolicy") != "no",
        mark_in=mark_in,
        mark_out=mark_out,
        partial=partial,
    )
