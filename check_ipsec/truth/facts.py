"""All that configuration, daemon and kernel say of one connection, side by side."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Optional

from check_ipsec.configuration.expectation import Expectation, Override, expectation
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa, IkeState, Peer, Shunt, Status, Trap
from check_ipsec.model.kernel import Mark
from check_ipsec.model.unread import EVENTS
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.protection import (
    Selectors,
    Settings,
    configured_if_ids,
    configured_marks,
    configured_selectors,
    resolved,
)
from check_ipsec.truth.stale import is_superseded, loaded_differently

UP = (IkeState.ESTABLISHED, IkeState.PASSIVE, IkeState.REKEYING, IkeState.REKEYED)
CARRYING = (
    ChildState.INSTALLED,
    ChildState.UPDATING,
    ChildState.REKEYING,
    ChildState.REKEYED,
)


class Claims(NamedTuple):
    """What the CHILD_SAs of the whole host say is theirs.

    ``spis`` are all that charon prints, in and out, each with the host that it is for.
    ``silent`` are the names of CHILD_SAs in a state in which no SPIs are printed, by reqid.
    """

    spis: frozenset[tuple[str, Optional[int]]]
    silent: dict[int, set[str]]

    def shares_reqid(self, child: ChildSa) -> bool:
        """Whether unprinted SPIs of its reqid may be those of another connection."""
        return bool(self.silent.get(child.reqid, set()) - {child.name})


class Facts(NamedTuple):
    """All that is known of one connection.

    ``settings`` are those of the connection, by keyword. ``sas`` are the CHILD_SAs with
    its name, each with its IKE_SA, ``carrying`` those that charon would send traffic
    through; ``ike_sas`` are all IKE_SAs that it owns. None of them holds one to a peer that
    the file no longer names.
    ``kernel`` is None where the kernel is not known; ``asked`` is false where it was not to
    be asked. ``policies`` is false with ``installpolicy=no``. The marks are those of its
    packets, if they are known; so are the ids of the interfaces that they go through, None where
    only charon knows them. ``stale`` is the first setting that is loaded, or
    negotiated, otherwise than the file has it. ``hidden``: an unread line may hold an SA,
    a trap or a shunt of it. ``twin`` is another connection whose name charon prints in the
    same way, or an empty text.
    """

    connection: Connection
    settings: Settings
    expectation: Expectation
    peers: tuple[Peer, ...]
    ike_sas: tuple[IkeSa, ...]
    sas: tuple[tuple[IkeSa, ChildSa], ...]
    carrying: tuple[tuple[IkeSa, ChildSa], ...]
    traps: tuple[Trap, ...]
    shunt: Optional[Shunt]
    kernel: Optional[Kernel]
    asked: bool
    policies: bool
    mark_in: Optional[Mark]
    mark_out: Optional[Mark]
    marks_known: bool
    if_id_in: Optional[int]
    if_id_out: Optional[int]
    claims: Claims
    stale: str
    partial: bool
    hidden: bool
    twin: str


def carrying_sas(sas: Iterable[tuple[IkeSa, ChildSa]]) -> Iterator[tuple[IkeSa, ChildSa]]:
    """Those of ``sas`` that charon would send traffic through.

    An IKE_SA of IKEv1 has adopted them before it is up (adopt_children_job.c).
    """
    for ike, child in sas:
        adopted = ike.state is IkeState.CONNECTING and ike.version == "IKEv1"
        if child.state in CARRYING and (ike.state in UP or adopted):
            yield ike, child


def loaded_selectors(facts: Facts, resolve: bool) -> Optional[tuple[Selectors, Selectors]]:
    """The selectors that charon has loaded, local and remote, None where it has not."""
    for peer in facts.peers:
        for config in peer.children:
            if config.name == facts.connection.printed_name:
                local, remote = config.local_ts, config.remote_ts
                if resolve:
                    return resolved(local, peer.local), resolved(remote, peer.remote)
                return local, remote
    return None


def configured_pair(facts: Facts) -> tuple[Selectors, Selectors]:
    """The selectors of a connection that charon has not loaded, left and right."""
    left, right = (
        resolved(configured_selectors(facts.settings, end), facts.settings.get(end, ""))
        for end in ("left", "right")
    )
    return left, right


class Index:
    """The daemon's facts by the name that a connection finds them under."""

    def __init__(self, status: Optional[Status], connections: Iterable[Connection] = ()) -> None:
        self.namesakes: dict[str, list[str]] = defaultdict(list)
        for connection in connections:
            if not connection.problem and connection.setting("auto") not in (None, "ignore"):
                self.namesakes[connection.printed_name].append(connection.name)
        self.peers: dict[str, list[Peer]] = defaultdict(list)
        self.sas: dict[str, list[tuple[IkeSa, ChildSa]]] = defaultdict(list)
        self.ike_sas: dict[str, list[IkeSa]] = defaultdict(list)
        self.traps: dict[str, list[Trap]] = defaultdict(list)
        self.shunts: dict[str, Shunt] = {}
        self.claims = Claims(frozenset(), {})
        self._whole: dict[str, list[Peer]] = defaultdict(list)
        self._hiding: list[str] = []
        self._cut = False
        if status:
            self._fill(status)

    def _fill(self, status: Status) -> None:
        self.shunts = {shunt.name: shunt for shunt in status.shunts}
        self.claims = claims_of(status)
        self._hiding = [line.text.lstrip(" ") for line in status.unread if line.hides]
        # an event of VICI, of which nobody knows what else would stand in it
        self._cut = any(line.hides and line.section in EVENTS for line in status.unread)
        for peer in status.peers:
            self._whole[peer.name].append(peer)
            for name in {child.name for child in peer.children}:
                self.peers[name].append(peer)
        for ike in status.ike_sas:
            self.ike_sas[ike.name].append(ike)
            for child in ike.child_sas:
                self.sas[child.name].append((ike, child))
        for trap in status.traps:
            self.traps[trap.name].append(trap)

    def peers_of(self, connection: Connection) -> tuple[Peer, ...]:
        """The peer configurations that have a connection, or are one without children."""
        alone = connection.section is not None and connection.setting("children") == "none"
        found = self._whole if alone else self.peers
        return tuple(found.get(connection.printed_name, ()))

    def owned_ike_sas(self, name: str) -> Iterator[IkeSa]:
        """The IKE_SAs of the peers that the connection is listed under, and its hosts."""
        owners = {peer.name for peer in self.peers.get(name, ())}
        owned = {ike.unique_id: ike for owner in owners for ike in self.ike_sas.get(owner, ())}
        owned.update((ike.unique_id, ike) for ike, _ in self.sas.get(name, ()))
        return iter(owned.values())

    def hides(self, name: str) -> bool:
        """Whether an unread line is about a connection of this name."""
        if self._cut:
            return True
        if not self._hiding:
            return False
        begin, line_feed, _ = name.partition("\n")
        tags = (begin,) if line_feed else tuple(f"{name}{tag}" for tag in (":", "[", "{"))
        return any(text.startswith(tags) for text in self._hiding)


def claims_of(status: Status) -> Claims:
    """What all CHILD_SAs say is theirs."""
    spis: set[tuple[str, Optional[int]]] = set()
    silent: dict[int, set[str]] = {}
    for ike in status.ike_sas:
        for child in ike.child_sas:
            if child.spi_in is not None:
                spis.add((ike.local_host, child.spi_in))
                spis.add((ike.remote_host, child.spi_out))
            elif child.state in CARRYING:
                silent.setdefault(child.reqid, set()).add(child.name)
    return Claims(frozenset(spis), silent)


def gather(
    connection: Connection,
    index: Index,
    kernel: Optional[Kernel],
    asked: bool,
    partial: bool,
    overrides: tuple[Override, ...],
) -> Facts:
    """All that is known of one connection."""
    name, settings = connection.printed_name, dict(connection.settings)
    peers = index.peers_of(connection)
    mark_in, mark_out, marks_known = configured_marks(settings)
    if_id_in, if_id_out = configured_if_ids(settings)
    owned = [ike for ike in index.owned_ike_sas(name) if not is_superseded(settings, peers, ike)]
    hosts = {ike.unique_id for ike in owned}
    sas = tuple((ike, child) for ike, child in index.sas.get(name, ()) if ike.unique_id in hosts)
    return Facts(
        connection=connection,
        settings=settings,
        expectation=expectation(connection, peers, overrides),
        peers=peers,
        ike_sas=tuple(owned),
        sas=sas,
        carrying=tuple(carrying_sas(sas)),
        traps=tuple(index.traps.get(name, ())),
        shunt=index.shunts.get(name),
        kernel=kernel,
        asked=asked,
        policies=settings.get("installpolicy") != "no",
        mark_in=mark_in,
        mark_out=mark_out,
        marks_known=marks_known,
        if_id_in=if_id_in,
        if_id_out=if_id_out,
        claims=index.claims,
        stale=loaded_differently(name, settings, peers),
        partial=partial,
        hidden=index.hides(name),
        twin=next((one for one in index.namesakes[name] if one != connection.name), ""),
    )
