r"""charon's answer over VICI: four texts of one moment, put together as one.

Measured against the same charon at the same moment (strongSwan 5.9.8, 6.0.1, 6.1.0):

=========================  ==============================  ==============================
\\                          text of ``swanctl``             protocol (library ``vici``)
=========================  ==============================  ==============================
rights                     sudo, five fixed commands       the socket is root's, and who
                                                           may connect may terminate too
start-up                   15 ms and 15 MB each            an import, and a runtime
                                                           dependency more
judged later               a captured text, as everything  messages, which nobody reads
a charon that hangs        the command is ended, as        a time limit in this process
                           ``ipsec stroke`` is
ambiguous                  ``--raw`` is, ``--pretty`` is   not
                           not (grammar/vici.py)
=========================  ==============================  ==============================

So the text is read. It is complete when it ends in its reply. Without ``--noblock`` it
lists every IKE_SA; with it, it leaves out those that are busy, and says nothing of that:
then it is compared with the number that ``--stats`` counts.

What ``ipsec statusall`` tells and VICI does not: the release (but with ``swanctl --version
--daemon``, a process more), the addresses that charon
listens on (here those that IKE_SAs end on), the pools of ipsec.conf, the number of a trap.

Children of swanctl.conf are unique within their connection only, so they are named
``connection/child`` here. Those of ipsec.conf, which charon lists too, keep their name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from check_ipsec.errors import CommandFailed
from check_ipsec.grammar import vici
from check_ipsec.grammar.of_vici.charon import Stats
from check_ipsec.grammar.of_vici.policies import Policy
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import Output, Source
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import (
    ChildConfig,
    ChildSa,
    IkeSa,
    Peer,
    Shunt,
    Status,
    Trap,
)
from check_ipsec.moment.answer import Daemon, counted

OTHERS = (Source.STATS, Source.LIST_CONNS, Source.LIST_POLS)


def read_daemon(host: Host, deadline: Deadline, connections: Iterable[Connection]) -> Daemon:
    """charon's answer; without its busy SAs, if waiting for them takes too long.

    One that is partial is asked for once more; it stands where no other one comes in time.
    Raises DaemonNotRunning, TimedOut, or as :func:`check_ipsec.moment.snapshot.take`.
    """
    asked = tuple(connections)
    first = ask(host, deadline, Names(asked))
    if not first.partial:
        return first
    try:
        return ask(host, deadline, Names(asked), wait=False)
    except CommandFailed:
        return first


def ask(host: Host, deadline: Deadline, names: Names, wait: bool = True) -> Daemon:
    """charon's answer as it comes, all asked for at the same time.

    One that answers the rest, and does not list its SAs, waits for one that is busy; whoever
    knows of that does not ``wait``. Where another text does not come, the host is slow: a
    CommandFailed that says nothing of charon.
    """
    source = Source.LIST_SAS if wait else Source.LIST_SAS_NB
    listing, *outputs = host.read_each((source, *OTHERS), deadline)
    if any(output.timed_out for output in outputs) and not all(
        output.timed_out for output in (listing, *outputs)
    ):
        raise CommandFailed(f"too slow: {', '.join(late(outputs))}")
    stats = vici.parse_stats(*text(Source.STATS, outputs[0]))
    conns = vici.parse_conns(*text(Source.LIST_CONNS, outputs[1]))
    policies = vici.parse_policies(*text(Source.LIST_POLS, outputs[2]))
    if wait and listing.timed_out:
        wait, source = False, Source.LIST_SAS_NB
        listing = host.read(source, deadline)
    sas = vici.parse_sas(*text(source, listing))
    said = Texts(sas, conns, policies, stats)
    partial = not wait and len(sas.facts) < counted(stats.ike_sas)
    return Daemon(joined(said, names), partial)


def late(outputs: Iterable[Output]) -> Iterator[str]:
    """The commands that did not end within their time."""
    for output in outputs:
        if output.timed_out:
            yield f"{' '.join(output.asked)} did not end within {output.seconds:.1f} s"


def text(source: Source, output: Output) -> tuple[str, str]:
    """A text, and how errors call it."""
    return text_of(source, output), " ".join(source.words)


# local and remote
Selectors = tuple[tuple[str, ...], tuple[str, ...]]


class Texts(NamedTuple):
    """What charon says of one moment."""

    sas: vici.Answer
    conns: vici.Answer
    policies: vici.Answer
    stats: Stats


class Names:
    """What the children of connections are called."""

    def __init__(self, connections: tuple[Connection, ...]) -> None:
        self._sections = {one.section for one in connections if one.section is not None}
        self._bare = {one.printed_name for one in connections if one.section is None}
        self._holders: dict[str, set[str]] = defaultdict(set)
        self._with: dict[tuple[str, Selectors], set[str]] = defaultdict(set)

    def learn(self, peers: Iterable[Peer]) -> None:
        """Note which peer configurations have which children."""
        for peer in peers:
            for child in peer.children:
                self._holders[child.name].add(peer.name)
                self._with[child.name, (child.local_ts, child.remote_ts)].add(peer.name)

    def of(self, child: str, peer: str, selectors: Selectors) -> str:
        """The name of a child that ``peer``, or an IKE_SA of that name, has.

        IKE_SAs may have the name of another connection that is equal to theirs
        (ike_sa_manager.c, checkout_by_config): then whoever alone has the child counts, or
        alone has it with these selectors.
        """
        owner = self._owner(child, peer, selectors)
        if owner not in self._sections and (child in self._bare or child == owner):
            return child
        return f"{owner}/{child}"

    def _owner(self, child: str, peer: str, selectors: Selectors) -> str:
        alike = self._with.get((child, selectors), set())
        holders = self._holders.get(child, set())
        if peer in alike or (peer in holders and len(alike) != 1):
            return peer
        if len(alike) == 1:
            return next(iter(alike))
        return next(iter(holders)) if len(holders) == 1 else peer


def joined(said: Texts, names: Names) -> Status:
    """All that charon says, as ``ipsec statusall`` would."""
    peers: tuple[Peer, ...] = said.conns.facts
    names.learn(peers)
    ike_sas = tuple(named_ike_sa(ike, names) for ike in said.sas.facts)
    policies = [named_policy(policy, names) for policy in said.policies.facts]
    stats = said.stats
    return Status(
        daemon=stats.daemon,
        pools=(),
        addresses=tuple(sorted({ike.local_host for ike in ike_sas})),
        peers=tuple(named_peer(peer, names) for peer in peers),
        shunts=tuple(one for one in policies if isinstance(one, Shunt)),
        traps=tuple(one for one in policies if isinstance(one, Trap)),
        up=stats.ike_sas - stats.half_open,
        connecting=stats.half_open,
        ike_sas=ike_sas,
        unread=(*said.conns.unread, *said.policies.unread, *said.sas.unread),
    )


Named = TypeVar("Named", ChildConfig, ChildSa, Trap, Shunt)


def named(one: Named, peer: str, names: Names) -> Named:
    """What is of a child, by its name."""
    return one._replace(name=names.of(one.name, peer, (one.local_ts, one.remote_ts)))


def named_peer(peer: Peer, names: Names) -> Peer:
    """A peer configuration, its children by their names."""
    return peer._replace(children=tuple(named(one, peer.name, names) for one in peer.children))


def named_ike_sa(ike: IkeSa, names: Names) -> IkeSa:
    """An IKE_SA, its CHILD_SAs by their names."""
    return ike._replace(child_sas=tuple(named(one, ike.name, names) for one in ike.child_sas))


def named_policy(policy: Policy, names: Names) -> Trap | Shunt:
    """A trap or a shunt by its name; that of a plugin has no connection."""
    peer, installed = policy
    if peer is None:
        return installed
    if isinstance(installed, Trap):
        return named(installed, peer, names)
    return named(installed, peer, names)
