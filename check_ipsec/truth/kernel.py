"""What the kernel would do with the next packet, by its policies and states.

Outbound (Linux, net/xfrm/xfrm_policy.c: ``xfrm_lookup_with_ifid``,
``xfrm_policy_lookup_bytype``, ``xfrm_tmpl_resolve_one``; net/xfrm/xfrm_state.c:
``xfrm_state_find``, ``xfrm_state_look_at``):

1. Of the ``out`` policies that cover a packet (addresses, protocol and ports; its mark
   under theirs; the if_id) that of the lowest priority wins, of equals one of networks
   before one between two hosts (``__xfrm_policy_eval_candidates``, seen with Linux 6.1),
   then the one that was added first. Without one the packet leaves in clear text.
2. ``action block``: it does not leave. No template: it leaves in clear text.
3. Each template wants a state: with its protocol, mode and reqid, its SPI if it names one,
   the mark and the if_id of the policy, towards the end of the tunnel or, in transport
   mode, wherever the packet goes; with a key, and a selector that covers the packet. Where
   there is none, level ``required`` keeps the packet back, level ``use`` does without.

Inbound and forwarded (xfrm_policy.c: ``__xfrm_policy_check``, ``xfrm_policy_ok``,
``xfrm_state_ok``): the ``in`` or ``fwd`` policy is found in the same way. Each required
template wants that the packet came through a state with its protocol, mode and reqid, and in
a tunnel with its ends; else it is dropped. Without a policy or template, and with level
``use``, transport mode and clear text are let in. A policy that is bound to an interface
holds for nothing, unless that is ``lo``.

Not known here: where a route leads, so an ``out`` policy that is bound to an interface
counts where it does harm and not where it protects (that of IPv6 never holds for what the
host itself sends); policies of sockets; ``ip xfrm policy setdefault``;
which states have expired, for ``ip`` does not say so (the kernel removes them).
"""

from enum import Enum
from typing import NamedTuple, Optional

from check_ipsec.model.kernel import Policies, States, XfrmPolicy, XfrmState
from check_ipsec.truth.packet import Packet
from check_ipsec.truth.policies import PolicyTable
from check_ipsec.truth.states import TRANSPORT, StateTable


class Fate(Enum):
    """What becomes of a packet that leaves."""

    NO_POLICY = "leaves in clear text, for no policy covers it"
    BYPASS = "leaves in clear text, for its policy asks for no SA"
    BLOCKED = "is dropped by its policy"
    HELD_BACK = "is held back, for no state fits its policy"
    PROTECTED = "leaves through the states of its policy"

    @property
    def in_clear(self) -> bool:
        """Whether it leaves unencrypted."""
        return self in (Fate.NO_POLICY, Fate.BYPASS)


class Choice(NamedTuple):
    """The policy that the kernel takes, and what follows from it.

    ``states`` are those that the last template may take: one, if it names its SPI.
    """

    fate: Fate
    policy: Optional[XfrmPolicy] = None
    states: tuple[XfrmState, ...] = ()


class Kernel:
    """The security association and policy databases of a host at one moment."""

    def __init__(self, states: States, policies: Policies) -> None:
        self.states = StateTable(states)
        self.policies = PolicyTable(policies)
        self.lines = (*states.lines, *policies.lines)
        self._choices: dict[Packet, Choice] = {}

    def sends(self, packet: Packet) -> Choice:
        """What becomes of a packet that leaves."""
        known = self._choices.get(packet)
        if known is None:
            known = self._choices[packet] = self._sends(packet)
        return known

    def _sends(self, packet: Packet) -> Choice:
        policy = self.policies.chosen("out", packet)
        if policy is None:
            return Choice(Fate.NO_POLICY)
        if policy.action == "block":
            return Choice(Fate.BLOCKED, policy)
        states: tuple[XfrmState, ...] = ()
        host = packet.host
        for template in policy.templates:
            if template.mode != TRANSPORT:
                host = template.destination
            found = self.states.fitting(template, policy, packet.flow, host)
            if template.required and not found:
                return Choice(Fate.HELD_BACK, policy)
            states = found or states
        return Choice(Fate.PROTECTED if states else Fate.BYPASS, policy, states)

    def holds(self, reqid: int) -> bool:
        """Whether any state that can carry traffic, or any policy, has this reqid."""
        return self.states.has(reqid) or self.policies.has(reqid)
