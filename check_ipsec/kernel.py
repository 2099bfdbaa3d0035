"""What the kernel holds for an SA: questions to its states and policies.

All is indexed once, so a question costs the same on a host of any size.
"""

from collections import defaultdict
from collections.abc import Iterable

from check_ipsec.model import ChildSa, ChildState, Mark, XfrmPolicy, XfrmState
from check_ipsec.outbound import UNMARKED, Outbound, policy_flow
from check_ipsec.selectors import Flow, flows

COMPRESSION = "comp"


class Kernel:
    """The security association and policy databases of a host at one moment.

    ``states`` and ``policies`` are in the order of ``ip xfrm``.
    """

    def __init__(self, states: Iterable[XfrmState], policies: Iterable[XfrmPolicy]) -> None:
        with_flows = [(policy, policy_flow(policy)) for policy in policies]
        self._states = States(states)
        self._policies = Policies(with_flows)
        self._outbound = Outbound(with_flows)

    def has_states(self, child: ChildSa, local_host: str, remote_host: str) -> bool:
        """Whether the states of a CHILD_SA between two hosts can carry traffic.

        CHILD_SA       it can, if the kernel holds
        -------------  -----------------------------------------------------------------
        INSTALLED      the states of both printed SPIs, and of both CPIs with IPComp
        INSTALLED      another inbound and outbound state of its reqid, the outbound one
                       named by an ``out`` policy: rekeyed since charon was asked
        another state  an inbound and an outbound state of its reqid
        """
        inbound = self._states.spis(child.reqid, local_host)
        outbound = self._states.spis(child.reqid, remote_host)
        if child.state is not ChildState.INSTALLED:
            return bool(inbound and outbound)
        named = self._policies.spis(child.reqid) & outbound
        replaced = bool(inbound - {child.spi_in} and named - {child.spi_out})
        return replaced or self._states.printed(child, local_host, remote_host)

    def missing_policies(
        self, child: ChildSa, mark_in: Mark | None = None, mark_out: Mark | None = None
    ) -> tuple[str, ...]:
        """The directions in which a CHILD_SA lacks a policy: of ``out``, ``in``, ``fwd``.

        Every pair of its selectors needs one with its reqid and that selector, a pair
        that cannot be compared any one with its reqid. Marks are compared where they
        are given. All modes but transport need ``fwd`` (child_sa.c,
        install_policies_inbound).
        """
        inbound = ("in",) if child.mode.startswith("TRANSPORT") else ("in", "fwd")
        outgoing = flows(child.local_ts, child.remote_ts) or [None]
        incoming = [flow and flow.backwards() for flow in outgoing]
        wanted = {"out": (outgoing, mark_out), **dict.fromkeys(inbound, (incoming, mark_in))}
        return tuple(
            direction
            for direction, (wanted_flows, mark) in wanted.items()
            if not all(
                self._policies.has(child.reqid, direction, flow, mark) for flow in wanted_flows
            )
        )

    def has_trap(self, reqid: int) -> bool:
        """Whether an ``out`` policy asks for SAs of this reqid."""
        return self._policies.has(reqid, "out", None, None)

    def holds(self, reqid: int) -> bool:
        """Whether any state that can carry traffic, or any policy, has this reqid."""
        directions = ("out", "in", "fwd")
        policies = (self._policies.has(reqid, way, None, None) for way in directions)
        return bool(self._states.all_spis(reqid)) or any(policies)

    def lacks_named_state(self, reqid: int) -> bool:
        """Whether an ``out`` policy with this reqid names an SPI of which there is no state.

        The policy of an idle trap names none (kernel_netlink_ipsec.c, add_policy_internal).
        """
        return bool(self._policies.spis(reqid) - self._states.all_spis(reqid))

    def in_clear(
        self, local_ts: Iterable[str], remote_ts: Iterable[str], mark: Mark | None = None
    ) -> bool | None:
        """Whether some of the traffic between the selectors leaves unencrypted.

        That is so for a pair of selectors where the ``out`` policy that the kernel
        would choose is absent, or allows without a template of level required. None
        where a pair says no addresses, as ``dynamic``, and no other one is in clear.
        ``mark`` is what the traffic carries.
        """
        pairs = flows(local_ts, remote_ts)
        if any(flow and not self._outbound.holds_back(flow, mark or UNMARKED) for flow in pairs):
            return True
        return None if None in pairs or not pairs else False


class States:
    """The states that can carry traffic; a larval one has no SPI or no algorithm."""

    def __init__(self, states: Iterable[XfrmState]) -> None:
        self._ids: set[tuple[str, str, int | None]] = set()
        self._spis: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._all_spis: dict[int, set[int]] = defaultdict(set)
        for state in states:
            if state.spi and state.algorithms:
                self._all_spis[state.reqid].add(state.spi)
                self._ids.add((state.protocol, state.destination, state.spi))
                if state.protocol != COMPRESSION:
                    self._spis[state.reqid, state.destination].append(state.spi)

    def spis(self, reqid: int, destination: str) -> set[int]:
        """The SPIs of a reqid towards a host, without those of IPComp."""
        return set(self._spis.get((reqid, destination), ()))

    def all_spis(self, reqid: int) -> set[int]:
        """The SPIs and CPIs of a reqid, towards any host."""
        return self._all_spis.get(reqid, set())

    def printed(self, child: ChildSa, local_host: str, remote_host: str) -> bool:
        """Whether all SPIs and CPIs that charon prints are there."""
        protocol = (child.protocol or "").lower()
        wanted = {(protocol, local_host, child.spi_in), (protocol, remote_host, child.spi_out)}
        if child.cpi_in is not None or child.cpi_out is not None:
            wanted.add((COMPRESSION, local_host, child.cpi_in))
            wanted.add((COMPRESSION, remote_host, child.cpi_out))
        return wanted <= self._ids


class Policies:
    """The policies of a reqid, which their templates have."""

    def __init__(self, policies: Iterable[tuple[XfrmPolicy, Flow]]) -> None:
        self._held: set[tuple[int, str, Flow | None, Mark | None]] = set()
        self._named: dict[int, set[int]] = defaultdict(set)
        for policy, flow in policies:
            for template in policy.templates:
                self._hold(template.reqid, policy, None if policy.selector_rest else flow)
                if policy.direction == "out" and template.spi:
                    self._named[template.reqid].add(template.spi)

    def _hold(self, reqid: int, policy: XfrmPolicy, flow: Flow | None) -> None:
        for mark in (None, policy.mark) if policy.mark else (None,):
            self._held.add((reqid, policy.direction, None, mark))
            self._held.add((reqid, policy.direction, flow, mark))

    def has(self, reqid: int, direction: str, flow: Flow | None, mark: Mark | None) -> bool:
        """Whether there is a policy; flow and mark are compared where they are known."""
        return (reqid, direction, flow if flow and flow.comparable else None, mark) in self._held

    def spis(self, reqid: int) -> set[int]:
        """The SPIs and CPIs that templates of ``out`` policies of a reqid name."""
        return self._named.get(reqid, set())
