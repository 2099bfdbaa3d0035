"""IKE_SAs and CHILD_SAs in words."""

from __future__ import annotations

from collections.abc import Iterator

from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa, IkeState, Trap
from check_ipsec.report.layout import age
from check_ipsec.truth.verdict import Verdict
from check_ipsec.untrusted import plain


def ike_tag(ike: IkeSa) -> str:
    """``bob[2]``, with its state where that is not the usual one."""
    state = "" if ike.state is IkeState.ESTABLISHED else f" {ike.state.value}"
    return f"{ike.name}[{ike.unique_id}]{state}"


def child_tag(child: ChildSa) -> str:
    """``bob{5}``, with its state where that is not the usual one."""
    state = "" if child.state is ChildState.INSTALLED else f" {child.state.value}"
    return f"{child.name}{{{child.unique_id}}}{state}"


def trap_tag(trap: Trap) -> str:
    """``bob{1} ROUTED``; charon does not always say the number."""
    number = "" if trap.unique_id is None else f"{{{trap.unique_id}}}"
    return f"{trap.name}{number} ROUTED"


def sa_details(verdict: Verdict) -> Iterator[str]:
    """IKE_SAs and CHILD_SAs of a connection, in full."""
    for ike in verdict.ike_sas:
        facts = ", ".join(filter(None, ike_facts(ike)))
        yield plain(f"{ike.name}[{ike.unique_id}]: {facts}")
        yield plain(f"{ike.local_host} [{ike.local_id}] ... {ike.remote_host} [{ike.remote_id}]")
    for _, child in verdict.sas:
        yield plain(
            f"{child.name}{{{child.unique_id}}}: {', '.join(filter(None, child_facts(child)))}"
        )
        yield plain(f"{' '.join(child.local_ts)} === {' '.join(child.remote_ts)}")


def ike_facts(ike: IkeSa) -> Iterator[str | None]:
    """State, role, SPIs, proposal, timers and tasks."""
    yield ike.state.value
    yield ike.version
    yield "initiator" if ike.initiator else "responder"
    yield f"SPIs {ike.initiator_spi}_i {ike.responder_spi}_r"
    yield ike.proposal
    yield f"rekeying in {age(ike.rekey_in)}" if ike.rekey_in is not None else None
    yield f"reauthentication in {age(ike.reauth_in)}" if ike.reauth_in is not None else None
    yield f"EAP or XAuth identity {ike.remote_eap_id}" if ike.remote_eap_id else None
    for queue in ("active", "queued", "passive"):
        tasks = getattr(ike, f"tasks_{queue}")
        yield f"tasks {queue} {' '.join(tasks)}" if tasks else None


def child_facts(child: ChildSa) -> Iterator[str | None]:
    """State, mode, SPIs, proposal and timers."""
    yield f"{child.state.value} {child.mode}"
    yield f"reqid {child.reqid}"
    if child.spi_in is not None and child.spi_out is not None:
        udp = " in UDP" if child.udp_encapsulation else ""
        yield f"{child.protocol}{udp} SPIs {child.spi_in:08x}_i {child.spi_out:08x}_o"
    if child.cpi_in is not None and child.cpi_out is not None:
        yield f"IPCOMP CPIs {child.cpi_in:04x}_i {child.cpi_out:04x}_o"
    yield child.proposal
    yield "rekeying active" if child.rekeying_due else None
    yield f"rekeying in {age(child.rekey_in)}" if child.rekey_in is not None else None
    yield f"expires in {age(child.expires_in)}" if child.expires_in is not None else None
