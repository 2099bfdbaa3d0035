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

What ``ipsec statusall`` tells and VICI does not: the release, the addresses that charon
listens on (here those that IKE_SAs end on), the pools of ipsec.conf, the number of a trap.

Children of swanctl.conf are unique within their connection only, so they are named
``connection/child`` here. Those of ipsec.conf, which charon lists too, keep their name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from check_ipsec.grammar import vici
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import Source, TimedOut, text_of
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import IkeSa, Peer, Shunt, Status, Trap
from check_ipsec.moment.answer import Daemon, ask_twice, counted


def read_daemon(host: Host, deadline: Deadline, connections: Iterable[Connection]) -> Daemon:
    """charon's answer; without its busy SAs, if waiting for them takes too long.

    Raises DaemonNotRunning, TimedOut, or as :func:`check_ipsec.moment.snapshot.take`.
    """
    names = Names(tuple(connections))
    try:
        return ask_twice(lambda: ask(host, deadline, names, Source.LIST_SAS))
    except TimedOut:
        return ask_twice(lambda: ask(host, deadline, names, Source.LIST_SAS_NB))


def ask(host: Host, deadline: Deadline, names: Names, source: Source) -> Daemon:
    """charon's answer as it comes."""
    sources = (source, Source.LIST_CONNS, Source.LIST_POLS, Source.STATS)
    outputs = host.read_each(sources, deadline)
    texts = [(text_of(one, output), " ".join(one.words)) for one, output in zip(sources, outputs)]
    said = Texts(
        sas=vici.parse_sas(*texts[0]),
        conns=vici.parse_conns(*texts[1]),
        policies=vici.parse_policies(*texts[2]),
        stats=vici.parse_stats(*texts[3]),
    )
    expected = counted(said.stats.ike_sas) if source is Source.LIST_SAS_NB else 0
    return Daemon(joined(said, names), partial=len(said.sas.facts) < expected)


class Texts(NamedTuple):
    """What charon says of one moment."""

    sas: vici.Answer
    conns: vici.Answer
    policies: vici.Answer
    stats: vici.Stats


class Names:
    """What the children of connections are called."""

    def __init__(self, connections: tuple[Connection, ...]) -> None:
        self._sections = {one.section for one in connections if one.section is not None}
        self._bare = {one.printed_name for one in connections if one.section is None}
        self._holders: dict[str, list[str]] = defaultdict(list)

    def learn(self, peers: Iterable[Peer]) -> None:
        """Note which peer configurations have which children."""
        for peer in peers:
            for child in peer.children:
                self._holders[child.name].append(peer.name)

    def of(self, child: str, peer: str) -> str:
        """The name of a child that ``peer``, or an IKE_SA of that name, has.

        IKE_SAs may have the name of another connection that is equal to theirs
        (ike_sa_manager.c, checkout_by_config): then whoever alone has the child counts.
        """
        holders = self._holders.get(child, [])
        owner = holders[0] if peer not in holders and len(holders) == 1 else peer
        if owner not in self._sections and (child in self._bare or child == owner):
            return child
        return f"{owner}/{child}"


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


def named_peer(peer: Peer, names: Names) -> Peer:
    """A peer configuration, its children by their names."""
    children = (child._replace(name=names.of(child.name, peer.name)) for child in peer.children)
    return peer._replace(children=tuple(children))


def named_ike_sa(ike: IkeSa, names: Names) -> IkeSa:
    """An IKE_SA, its CHILD_SAs by their names."""
    children = (child._replace(name=names.of(child.name, ike.name)) for child in ike.child_sas)
    return ike._replace(child_sas=tuple(children))


def named_policy(policy: vici.Policy, names: Names) -> Trap | Shunt:
    """A trap or a shunt by its name; that of a plugin has no connection."""
    if policy.ike is None:
        return policy.installed
    return policy.installed._replace(name=names.of(policy.installed.name, policy.ike))
