"""What leaves: why a packet would not be protected by its connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.model.kernel import Template, XfrmPolicy, XfrmState
from check_ipsec.truth.facts import Facts
from check_ipsec.truth.kernel import Choice, Fate, Kernel
from check_ipsec.truth.packet import UNMARKED, Packet, covers
from check_ipsec.truth.policies import requires_ipsec
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.sa import Defect, Sa, told_mark
from check_ipsec.truth.selectors import Flow, host_of
from check_ipsec.truth.states import TRANSPORT, came_through

IN_CLEAR = "traffic leaves in clear text"


def packet(
    facts: Facts, kernel: Kernel, flow: Flow, reqid: int, host: str, direction: str
) -> Packet:
    """Any packet of a flow of the connection in one direction.

    A mark, or the id of an interface, that only charon knows (``%unique``) is that of the
    policies with its reqid.
    """
    mark = facts.mark_out if direction == "out" else facts.mark_in
    if not facts.marks_known:
        mark = kernel.policies.mark_of(reqid, direction)
    if_id = facts.if_id_out if direction == "out" else facts.if_id_in
    if if_id is None:
        if_id = kernel.policies.if_id_of(reqid, direction)
    return Packet(flow, host_of(flow.destination) or host, mark or UNMARKED, if_id, reqid)


def outbound_defect(sa: Sa, flow: Flow) -> Defect | None:
    """Why the next packet of a flow would not leave through a state of the connection."""
    child = sa.child
    leaving = packet(sa.facts, sa.kernel, flow, child.reqid, sa.ike.remote_host, "out")
    choice = sa.kernel.sends(leaving)
    if choice.fate is Fate.PROTECTED and True in [is_own(sa, state) for state in choice.states]:
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
