"""The sections of the text, as known releases print them, and the model made of them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional, Union

from check_ipsec.grammar.of_statusall.child_sas import CHILD_SA, TRAPS
from check_ipsec.grammar.of_statusall.connections import (
    CONNECTION,
    CONNECTIONS,
    PLAIN_CONNECTION,
    SHUNT,
    SHUNTS,
)
from check_ipsec.grammar.of_statusall.head import (
    ADDRESS,
    ADDRESSES,
    MALLOC,
    PLUGINS,
    POOL,
    POOLS,
    THREADS,
    TITLE,
    UPTIME,
)
from check_ipsec.grammar.of_statusall.ike_sas import BLOCK, COUNTS, ENDS, NONE, PLAIN_BLOCK
from check_ipsec.grammar.records import Cursor
from check_ipsec.model.daemon import ChildSa, Daemon, IkeSa, Peer, Status, Trap
from check_ipsec.model.unread import UnreadLine

# of the head: a field of the daemon and its value
Fact = tuple[str, Any]


class Part(NamedTuple):
    """What was understood of a record that a newer release may have printed, and what not."""

    fact: Any
    unread: tuple[UnreadLine, ...]


class Sections(NamedTuple):
    """What stands in each section; facts, :class:`Part`, lines that are unread, or None."""

    title: tuple[Optional[str], Optional[str]]
    head: Iterable[Any]
    pools: Iterable[Any]
    addresses: Iterable[Any]
    connections: Iterable[Any]
    shunts: Iterable[Any]
    traps: Iterable[Any]
    counts: tuple[int, int]
    sas: Iterable[Any]


def read(cursor: Cursor) -> Sections:
    """A whole text in which no line is damaged, or newer. Raises Unlike."""
    return Sections(
        title=cursor.one(TITLE),
        head=cursor.some(UPTIME, MALLOC, THREADS, PLUGINS),
        pools=cursor.section(POOLS, POOL),
        addresses=cursor.section(ADDRESSES, ADDRESS),
        connections=[cursor.one(CONNECTIONS), *cursor.some(PLAIN_CONNECTION, CONNECTION)],
        shunts=cursor.section(SHUNTS, SHUNT),
        traps=cursor.section(TRAPS, CHILD_SA),
        counts=cursor.one(COUNTS),
        sas=cursor.some(PLAIN_BLOCK, BLOCK) or [cursor.one(NONE)],
    )


def status_of(sections: Sections, text: str) -> Status:
    """The model that the sections make."""
    up, connecting = sections.counts
    unread: list[UnreadLine] = []
    lines, pools, addresses, peers, shunts, traps, sas = (
        list(_understood(section, unread)) for section in (*sections[1:7], sections.sas)
    )
    identities = _local_identities(peers)
    return Status(
        daemon=_daemon(sections.title, lines),
        pools=tuple(pools),
        addresses=tuple(addresses),
        peers=tuple(peers),
        shunts=tuple(shunts),
        traps=tuple(map(_trap, traps)),
        up=up,
        connecting=connecting,
        ike_sas=tuple(_divided(ike, identities) for ike in _with_children(sas)),
        unread=tuple(_numbered(unread, text)),
    )


def _trap(routed: ChildSa) -> Trap:
    """What is printed as a CHILD_SA in state ROUTED."""
    return Trap(
        name=routed.name,
        unique_id=routed.unique_id,
        mode=routed.mode,
        reqid=routed.reqid,
        local_ts=routed.local_ts,
        remote_ts=routed.remote_ts,
        understood=routed.understood,
    )


def _daemon(title: tuple[Optional[str], Optional[str]], facts: Iterable[Fact]) -> Daemon:
    said = dict(facts)
    uptime, since = said.get("uptime", (None, None))
    return Daemon(
        version=title[0],
        system=title[1],
        uptime=uptime,
        since=since,
        memory=said.get("memory"),
        threads=said.get("threads"),
        plugins=said.get("plugins", ()),
    )


def _understood(tokens: Iterable[Any], unread: list[UnreadLine]) -> Iterator[Any]:
    """The facts of a section; what of it is unread goes to ``unread``."""
    for token in tokens:
        if token is None:
            continue
        if isinstance(token, UnreadLine):
            unread.append(token)
        elif isinstance(token, Part):
            unread += token.unread
            yield token.fact
        else:
            yield token


def _with_children(tokens: Iterable[Union[IkeSa, ChildSa]]) -> list[IkeSa]:
    """The IKE_SAs, each with the CHILD_SAs that follow it."""
    found: list[IkeSa] = []
    for token in tokens:
        if isinstance(token, IkeSa):
            found.append(token)
        else:
            found[-1] = found[-1]._replace(child_sas=(*found[-1].child_sas, token))
    return found


def _local_identities(peers: Iterable[Peer]) -> set[str]:
    """The configured local identities that hold what divides the ends of an IKE_SA."""
    return {
        auth.identity
        for peer in peers
        for auth in peer.local_rounds
        if auth.identity and "]..." in auth.identity
    }


def _divided(ike: IkeSa, identities: set[str]) -> IkeSa:
    """The IKE_SA with its local identity whole, where that is a configured one."""
    if not identities:
        return ike
    ends = f"{ike.local_id}]...{ike.remote_host}[{ike.remote_id}"
    for identity in identities:
        divider = ends.startswith(identity) and re.match(ENDS, ends[len(identity) :])
        if divider:
            remote_id = ends[len(identity) + divider.end() :]
            return ike._replace(local_id=identity, remote_host=divider[1], remote_id=remote_id)
    return ike


def _numbered(found: Iterable[UnreadLine], text: str) -> Iterator[UnreadLine]:
    first, counted = 1, 0
    for section, place, lines, hides in found:
        first += text.count("\n", counted, place)
        counted = place
        for offset, line_of_text in enumerate(lines.split("\n")):
            yield UnreadLine(section, first + offset, line_of_text, hides)
