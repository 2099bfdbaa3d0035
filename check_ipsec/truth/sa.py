"""A CHILD_SA of a connection, and what the kernel has of it.

==============  =======================================================================
CHILD_SA        its states are
==============  =======================================================================
INSTALLED       those of both printed SPIs, and of both CPIs with IPComp
INSTALLED       else, rekeyed since charon was asked: an inbound and an outbound state of
                its reqid whose SPIs charon prints nowhere
another state   an inbound and an outbound state of its reqid whose SPIs charon prints
                nowhere
==============  =======================================================================
"""

from collections.abc import Iterator
from typing import NamedTuple, Optional

from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa
from check_ipsec.model.kernel import Mark, XfrmState
from check_ipsec.truth.facts import Facts
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.states import COMPRESSION, TRANSPORT

MODES = {
    "TUNNEL": "tunnel",
    "TRANSPORT": TRANSPORT,
    "TRANSPORT_PROXY": TRANSPORT,
    "BEET": "beet",
    "IPTFS": "iptfs",
}


class Defect(NamedTuple):
    """Why an SA or a trap is of no use."""

    reason: Reason
    detail: str = ""


class Sa(NamedTuple):
    """A CHILD_SA of a connection and what the kernel has of it; ``compressed`` by IPComp."""

    facts: Facts
    kernel: Kernel
    ike: IkeSa
    child: ChildSa
    inbound: tuple[XfrmState, ...]
    outbound: tuple[XfrmState, ...]
    compressed: tuple[XfrmState, ...] = ()


def sa_of(facts: Facts, kernel: Kernel, ike: IkeSa, child: ChildSa) -> Optional[Sa]:
    """A CHILD_SA with its states, by the table above; None where they are not there."""
    if child.state is ChildState.INSTALLED:
        printed = printed_sa(facts, kernel, ike, child)
        if printed or facts.claims.shares_reqid(child):
            return printed
    inbound = unprinted(facts, kernel, child.reqid, ike.local_host)
    outbound = unprinted(facts, kernel, child.reqid, ike.remote_host)
    if not inbound or not outbound:
        return None
    return Sa(facts, kernel, ike, child, inbound, outbound, kernel.states.compressing(child.reqid))


def printed_sa(facts: Facts, kernel: Kernel, ike: IkeSa, child: ChildSa) -> Optional[Sa]:
    """A CHILD_SA with the states whose SPIs and CPIs charon prints, if all are there."""
    protocol = (child.protocol or "").lower()
    wanted = [(protocol, ike.local_host, child.spi_in), (protocol, ike.remote_host, child.spi_out)]
    if child.cpi_in is not None or child.cpi_out is not None:
        wanted.append((COMPRESSION, ike.local_host, child.cpi_in))
        wanted.append((COMPRESSION, ike.remote_host, child.cpi_out))
    found = [state for one in wanted if (state := kernel.states.by_spi(*one))]
    if len(found) < len(wanted):
        return None
    inbound, outbound, *compressed = found
    return Sa(facts, kernel, ike, child, (inbound,), (outbound,), tuple(compressed))


def unprinted(facts: Facts, kernel: Kernel, reqid: int, host: str) -> tuple[XfrmState, ...]:
    """The states of a reqid towards a host whose SPIs charon prints nowhere."""
    states = kernel.states.of_reqid(reqid, host)
    return tuple(state for state in states if (host, state.spi) not in facts.claims.spis)


def differing_states(sa: Sa) -> Iterator[Defect]:
    """Where the kernel's states are not those that charon negotiated."""
    for way, states in (("out", sa.outbound), ("in", sa.inbound)):
        for state in states:
            for difference in differences(sa, state, way):
                yield Defect(Reason.OTHER_STATE, f"{way}, {difference}")


def differences(sa: Sa, state: XfrmState, way: str) -> Iterator[str]:
    """What of a state charon has negotiated otherwise.

    A compressed tunnel has its states in transport mode, an inbound state a mark in old
    releases only (``mark_in_sa``).
    """
    child, facts = sa.child, sa.facts
    mode = TRANSPORT if sa.compressed else MODES.get(child.mode)
    if mode and state.mode != mode:
        yield f"mode {state.mode}"
    if state.reqid != child.reqid:
        yield f"reqid {state.reqid}"
    if encrypts(child) and not is_encrypting(state):
        yield "without encryption"
    mark = facts.mark_out if way == "out" else facts.mark_in
    if facts.marks_known and state.mark != mark and (way == "out" or state.mark):
        yield told_mark(state.mark)
    if_id = facts.if_id_out if way == "out" else facts.if_id_in
    if if_id is not None and (state.if_id or 0) != if_id and (way == "out" or state.if_id):
        yield f"if_id {state.if_id or 0:#x}"
    if state.direction not in (None, way):
        yield f"dir {state.direction}"


def encrypts(child: ChildSa) -> bool:
    """Whether charon says that a CHILD_SA encrypts; unknown while it prints no proposal."""
    proposal = child.proposal
    return child.protocol == "ESP" and bool(proposal) and not str(proposal).startswith("NULL")


def is_encrypting(state: XfrmState) -> bool:
    """Whether the kernel encrypts with a state."""
    return state.encryption is not None and "cipher_null" not in state.encryption


def told_mark(mark: Optional[Mark]) -> str:
    """A mark as ``ip`` prints it."""
    return f"mark {mark.value:#x}/{mark.mask:#x}" if mark else "no mark"
