"""Whether the kernel would protect the traffic of an SA or a trap, and if not, why.

A CHILD_SA is usable when, for every pair of its selectors,

- the kernel has its inbound and outbound state, as charon negotiated them;
- the ``out`` policy that the kernel takes requires IPsec and leads to a state of this
  connection;
- the ``in`` policy that it takes, and in other modes than transport the ``fwd`` policy
  (child_sa.c, install_policies_inbound), requires IPsec and lets in what comes through its
  inbound state.

A trap waits for traffic when, for every pair of its selectors, the ``out`` policy that the
kernel takes is its own and requires IPsec, and names no SPI or one that is there
(kernel_netlink_ipsec.c, add_policy_internal: that of an idle trap names none).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.model.daemon import ChildSa, IkeSa, Trap
from check_ipsec.truth.facts import Facts
from check_ipsec.truth.inbound import inbound_defect
from check_ipsec.truth.kernel import Fate, Kernel
from check_ipsec.truth.outbound import misled, outbound_defect, packet, weakness
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.sa import MODES, Defect, Sa, differing_states, sa_of
from check_ipsec.truth.selectors import Flow, flows
from check_ipsec.truth.states import TRANSPORT


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
    outgoing = [flow for flow in flows(sa.child.local_ts, sa.child.remote_ts) if flow]
    for flow in outgoing:
        if found := outbound_defect(sa, flow):
            yield found
    for direction in ("in",) if MODES.get(sa.child.mode) == TRANSPORT else ("in", "fwd"):
        for flow in outgoing:
            if found := inbound_defect(sa, flow.backwards(), direction):
                yield found


def trap_defect(facts: Facts, kernel: Kernel, trap: Trap) -> Defect | None:
    """Why a trap would not hold its traffic back until there is an SA, or None."""
    pairs = flows(trap.local_ts, trap.remote_ts)
    found = (flow_defect(facts, kernel, trap, flow) for flow in pairs if flow)
    return worst(filter(None, found))


def flow_defect(facts: Facts, kernel: Kernel, trap: Trap, flow: Flow) -> Defect | None:
    """The same for one flow."""
    reqid = kernel.policies.reqid_of(flow) if trap.reqid is None else trap.reqid
    leaving = packet(facts, kernel, flow, reqid, "", "out")
    choice = kernel.sends(leaving)
    templates = choice.policy.templates if choice.policy else ()
    if reqid in [template.reqid for template in templates]:
        if choice.fate is Fate.PROTECTED:
            return weakness(choice)
        if choice.fate is Fate.HELD_BACK:
            named = any(template.spi for template in templates)
            return Defect(Reason.NO_KERNEL_STATE) if named else None
    return misled(kernel, leaving, choice, Reason.NO_KERNEL_TRAP, ())
