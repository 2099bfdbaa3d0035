"""What comes in: why a packet would not be let in, or let in unprotected."""

from __future__ import annotations

from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.outbound import packet, template_differences
from check_ipsec.truth.packet import Packet, covers
from check_ipsec.truth.policies import requires_ipsec
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.sa import Defect, Sa
from check_ipsec.truth.selectors import Flow
from check_ipsec.truth.states import came_through


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
        if template.required and True not in [came_through(template, state) for state in states]:
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
