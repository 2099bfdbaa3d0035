"""Whether the kernel would protect the traffic of an SA or a trap, and if not, why.

A CHILD_SA is usable when, for every pair of its selectors,

- the kernel has its inbound and outbound state, as charon negotiated them;
- the ``out`` policy that the kernel takes requires IPsec and leads to a state of this
  connection;
- the ``in`` policy that it takes, and in other modes than transport the ``fwd`` policy
  (child_sa.c, install_policies_inbound), requires IPsec and lets in what comes through its
  inbound state.

==============  =======================================================================
CHILD_SA        its states are
==============  =======================================================================
INSTALLED       those of both printed SPIs, and of both CPIs with IPComp
INSTALLED       else, rekeyed since charon was asked: an inbound and an outbound state of
                its reqid whose SPIs charon prints nowhere
another state   an inbound and an outbound state of its reqid whose SPIs charon prints
                nowhere
==============  =======================================================================

A trap waits for traffic when, for every pair of its selectors, the ``out`` policy that the
kernel takes is its own and requires IPsec, and names no SPI or one that is there
(kernel_netlink_ipsec.c, add_policy_internal: that of an idle trap names none).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.facts import Facts
from check_ipsec.kernel import (
    COMPRESSION,
    TRANSPORT,
    UNMARKED,
    Choice,
    Fate,
    Kernel,
    Packet,
    came_through,
    covers,
    requires_ipsec,
)
from check_ipsec.model import ChildSa, ChildState, IkeSa, Mark, Template, XfrmPolicy, XfrmState
from check_ipsec.reasons import Reason
from check_ipsec.selectors import Flow, flows, host_of

IN_CLEAR = "traffic leaves in clear text"
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


def sa_defect(facts: Facts, kernel: Kernel, ike: IkeSa, child: ChildSa) -> Defect | None:
    """Why a carrying CHILD_SA is not usable, or None where it is."""
    sa = sa_of(facts, kernel, ike, child)
    if sa is None:
        unread = kernel.states.may_hide(ike.local_host, ike.remote_host)
        return Defect(Reason.NOT_UNDERSTOOD if unread else Reason.NO_KERNEL_STATE)
    found = worst(sa_defects(sa))
    if found is None and not all(state.understood for state in (*sa.inbound, *sa.outbound)):
        return Defect(Reason.NOT_UNDERSTOOD)
    return found


def worst(found: Iterable[Defect]) -> Defect | None:
    """The first defect that is proved, else the first."""
    doubt = None
    for defect in found:
        if defect.reason is not Reason.NOT_UNDERSTOOD:
            return defect
        doubt = doubt or defect
    return doubt


def sa_defects(sa: Sa) -> Iterator[Defect]:
    """What is wrong with a CHILD_SA: with its states, with what leaves, with what comes in."""
    yield from differing_states(sa)
    if not sa.facts.policies:
        return
    pairs = flows(sa.child.local_ts, sa.child.remote_ts)
    outgoing = [flow for flow in pairs if flow]
    yield from filter(None, (outbound_defect(sa, flow) for flow in outgoing))
    for direction in ("in",) if MODES.get(sa.child.mode) == TRANSPORT else ("in", "fwd"):
        incoming = (flow.backwards() for flow in outgoing)
        yield from filter(None, (inbound_defect(sa, flow, direction) for flow in incoming))


# --- states ---------------------------------------------------------------------


def sa_of(facts: Facts, kernel: Kernel, ike: IkeSa, child: ChildSa) -> Sa | None:
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


def printed_sa(facts: Facts, kernel: Kernel, ike: IkeSa, child: ChildSa) -> Sa | None:
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
    if state.if_id:
        yield f"if_id {state.if_id:#x}"
    if state.direction not in (None, way):
        yield f"dir {state.direction}"


def encrypts(child: ChildSa) -> bool:
    """Whether charon says that a CHILD_SA encrypts; unknown while it prints no proposal."""
    proposal = child.proposal
    return child.protocol == "ESP" and bool(proposal) and not str(proposal).startswith("NULL")


def is_encrypting(state: XfrmState) -> bool:
    """Whether the kernel encrypts with a state."""
    return state.encryption is not None and "cipher_null" not in state.encryption


def told_mark(mark: Mark | None) -> str:
    """A mark as ``ip`` prints it."""
    return f"mark {mark.value:#x}/{mark.mask:#x}" if mark else "no mark"


# --- what leaves ------------------------------------------------------------------


def packet(
    facts: Facts, kernel: Kernel, flow: Flow, reqid: int, host: str, direction: str
) -> Packet:
    """Any packet of a flow of the connection in one direction.

    A mark that only charon knows (``%unique``) is that of the policies with its reqid.
    """
    mark = facts.mark_out if direction == "out" else facts.mark_in
    if not facts.marks_known:
        mark = kernel.policies.mark_of(reqid, direction)
    return Packet(flow, host_of(flow.destination) or host, mark or UNMARKED, 0, reqid)


def outbound_defect(sa: Sa, flow: Flow) -> Defect | None:
    """Why the next packet of a flow would not leave through a state of the connection."""
    child = sa.child
    leaving = packet(sa.facts, sa.kernel, flow, child.reqid, sa.ike.remote_host, "out")
    choice = sa.kernel.sends(leaving)
    if choice.fate is Fate.PROTECTED and any(is_own(sa, state) for state in choice.states):
        return weakness(choice)
    return misled(sa.kernel, leaving, choice, Reason.NO_OUTBOUND_POLICY, sa.outbound)


def is_own(sa: Sa, state: XfrmState) -> bool:
    """Whether it is a state of the connection, of whichever of its CHILD_SAs."""
    if state in sa.outbound:
        return True
    if (state.destination, state.spi) not in sa.facts.claims.spis:
        return any(child.reqid == state.reqid for _, child in sa.facts.carrying)
    return any(
        child.spi_out == state.spi and ike.remote_host == state.destination
        for ike, child in sa.facts.carrying
    )


def weakness(choice: Choice) -> Defect | None:
    """What is wrong with the policy under which a packet leaves protected."""
    policy = choice.policy
    if policy and not requires_ipsec(policy):
        return Defect(Reason.POLICY_OPTIONAL, "out")
    understood = policy is None or policy.understood
    return None if understood else Defect(Reason.NOT_UNDERSTOOD)


def misled(
    kernel: Kernel, leaving: Packet, choice: Choice, missing: Reason, states: Iterable[XfrmState]
) -> Defect:
    """Why a packet does not leave under the policy, or through the states, it ought to.

    ``missing`` is the reason where no policy covers it; ``states`` it ought to leave through.
    """
    policy, clear = choice.policy, f", {IN_CLEAR}" if choice.fate.in_clear else ""
    if policy is None:
        if kernel.policies.may_hide(leaving.flow, "out"):
            return Defect(Reason.NOT_UNDERSTOOD)
        unfit = kernel.policies.unfit("out", leaving)
        if unfit:
            return Defect(Reason.POLICY_UNFIT, f"out, {unfit}{clear}")
        return Defect(missing, IN_CLEAR)
    if choice.fate is Fate.BLOCKED:
        return Defect(Reason.POLICY_BLOCKS, "out")
    if leaving.reqid not in [template.reqid for template in policy.templates]:
        if choice.fate is Fate.BYPASS:
            return Defect(Reason.POLICY_BYPASS, f"out{clear}")
        return Defect(Reason.POLICY_OTHER, f"out, reqid {policy.templates[0].reqid}")
    if choice.fate is Fate.BYPASS:
        return Defect(Reason.POLICY_OPTIONAL, f"out{clear}")
    return unfit_templates(kernel, policy, leaving, tuple(states))


def unfit_templates(
    kernel: Kernel, policy: XfrmPolicy, leaving: Packet, states: tuple[XfrmState, ...]
) -> Defect:
    """What of an ``out`` policy, or of the states it ought to lead to, does not fit."""
    for template in policy.templates:
        same = [state for state in states if state.protocol == template.protocol] or list(states)
        for difference in template_differences(template, same[:1], "out"):
            return Defect(Reason.POLICY_UNFIT, f"out, {difference}")
        for state in same[:1]:
            if state.selector and not covers(state.selector, leaving.flow):
                ends = f"{state.selector.source} {state.selector.destination}"
                return Defect(Reason.OTHER_STATE, f"out, selector {ends}")
            if state.mark != policy.mark:
                return Defect(Reason.POLICY_UNFIT, f"out, {told_mark(policy.mark)}")
    return Defect(Reason.NO_KERNEL_STATE)


def template_differences(
    template: Template, states: Iterable[XfrmState], direction: str
) -> Iterator[str]:
    """Where a template wants another state than those there are."""
    for state in states:
        if state.protocol != template.protocol:
            yield f"proto {template.protocol}"
        if state.mode != template.mode:
            yield f"mode {template.mode}"
        if template.reqid not in (0, state.reqid):
            yield f"reqid {template.reqid}"
        if template.mode != TRANSPORT and direction == "out":
            if template.destination != state.destination:
                yield f"to {template.destination}"
        elif template.mode != TRANSPORT and not came_through(template, state):
            yield f"from {template.source}"
        if template.spi and template.spi != state.spi:
            yield f"SPI {template.spi:08x} is gone"


# --- what comes in ----------------------------------------------------------------


def inbound_defect(sa: Sa, flow: Flow, direction: str) -> Defect | None:
    """Why the next packet of an incoming flow would not be let in, or let in unprotected."""
    arriving = packet(sa.facts, sa.kernel, flow, sa.child.reqid, sa.ike.local_host, direction)
    policy = sa.kernel.policies.chosen(direction, arriving)
    if policy is None:
        return missing_inbound(sa.kernel, arriving, direction)
    if policy.action == "block":
        return Defect(Reason.POLICY_BLOCKS, direction)
    if not requires_ipsec(policy):
        reason = Reason.POLICY_OPTIONAL if policy.templates else Reason.POLICY_BYPASS
        return Defect(reason, direction)
    states = (*sa.inbound, *sa.compressed)
    for template in policy.templates:
        if template.required and not any(came_through(template, state) for state in states):
            wants = next(template_differences(template, sa.inbound[:1], direction), "")
            return Defect(Reason.POLICY_UNFIT, ", ".join(filter(None, (direction, wants))))
    for state in sa.inbound:
        if state.selector and not covers(state.selector, flow):
            ends = f"{state.selector.source} {state.selector.destination}"
            return Defect(Reason.OTHER_STATE, f"in, selector {ends}")
    return None if policy.understood else Defect(Reason.NOT_UNDERSTOOD)


def missing_inbound(kernel: Kernel, arriving: Packet, direction: str) -> Defect:
    """Why there is no policy for an incoming packet."""
    if kernel.policies.may_hide(arriving.flow, direction):
        return Defect(Reason.NOT_UNDERSTOOD)
    unfit = kernel.policies.unfit(direction, arriving)
    if unfit:
        return Defect(Reason.POLICY_UNFIT, f"{direction}, {unfit}")
    return Defect(Reason.NO_INBOUND_POLICY, "" if direction == "in" else direction)


# --- traps ------------------------------------------------------------------------


def trap_defect(facts: Facts, kernel: Kernel, trap: ChildSa) -> Defect | None:
    """Why a trap would not hold its traffic back until there is an SA, or None."""
    pairs = flows(trap.local_ts, trap.remote_ts)
    found = (flow_defect(facts, kernel, trap, flow) for flow in pairs if flow)
    return worst(filter(None, found))


def flow_defect(facts: Facts, kernel: Kernel, trap: ChildSa, flow: Flow) -> Defect | None:
    """The same for one flow."""
    leaving = packet(facts, kernel, flow, trap.reqid, "", "out")
    choice = kernel.sends(leaving)
    templates = choice.policy.templates if choice.policy else ()
    if trap.reqid in [template.reqid for template in templates]:
        if choice.fate is Fate.PROTECTED:
            return weakness(choice)
        if choice.fate is Fate.HELD_BACK:
            named = any(template.spi for template in templates)
            return Defect(Reason.NO_KERNEL_STATE) if named else None
    return misled(kernel, leaving, choice, Reason.NO_KERNEL_TRAP, ())
