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

from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import NamedTuple

from check_ipsec.model import (
    Mark,
    Policies,
    Selector,
    States,
    Template,
    XfrmPolicy,
    XfrmState,
)
from check_ipsec.selectors import ANY, Addresses, Flow, addresses, protocol_number

UNMARKED = Mark(0, 0)
TRANSPORT = "transport"
COMPRESSION = "comp"
ANY_HOST = ("0.0.0.0", "::")


class Packet(NamedTuple):
    """Any packet of a flow; ``mark`` is what it carries, ``host`` where its SA ends.

    ``reqid``: policies with it are taken as the flow's own where its ports or addresses
    cannot be compared with those of policies.
    """

    flow: Flow
    host: str
    mark: Mark = UNMARKED
    if_id: int = 0
    reqid: int | None = None


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
    policy: XfrmPolicy | None = None
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


# --- states ---------------------------------------------------------------------


def is_usable(state: XfrmState) -> bool:
    """Whether it can carry traffic; a larval one has no SPI or no algorithm."""
    return bool(state.spi and (state.encryption or state.authentication or state.compression))


class StateTable:
    """The states that can carry traffic, by what they are looked for."""

    def __init__(self, states: States) -> None:
        self._by_id: dict[tuple[str, str, int], list[XfrmState]] = defaultdict(list)
        self._by_reqid: dict[int, list[XfrmState]] = defaultdict(list)
        self._unread = states.unread
        for state in filter(is_usable, states.states):
            self._by_id[state.protocol, state.destination, state.spi].append(state)
            self._by_reqid[state.reqid].append(state)

    def by_spi(self, protocol: str, destination: str, spi: int | None) -> XfrmState | None:
        """The state with an SPI towards a host."""
        return next(iter(self._by_id.get((protocol, destination, spi or 0), ())), None)

    def of_reqid(self, reqid: int, destination: str) -> Iterator[XfrmState]:
        """The states of a reqid towards a host, without those of IPComp."""
        for state in self._by_reqid.get(reqid, ()):
            if state.destination == destination and state.protocol != COMPRESSION:
                yield state

    def compressing(self, reqid: int) -> tuple[XfrmState, ...]:
        """The states of IPComp of a reqid."""
        states = self._by_reqid.get(reqid, ())
        return tuple(state for state in states if state.protocol == COMPRESSION)

    def has(self, reqid: int) -> bool:
        """Whether any state has this reqid."""
        return reqid in self._by_reqid

    def may_hide(self, one_host: str, other_host: str) -> bool:
        """Whether a state between two hosts may be among those that are unread."""
        return any(
            {one.source or one_host, one.destination or other_host} == {one_host, other_host}
            for one in self._unread
        )

    def fitting(
        self, template: Template, policy: XfrmPolicy, flow: Flow, host: str
    ) -> tuple[XfrmState, ...]:
        """The states that a template of an ``out`` policy may take towards a host."""
        if template.spi:
            candidates = self._by_id.get((template.protocol, host, template.spi), [])
        else:
            candidates = self._by_reqid.get(template.reqid, [])
        return tuple(
            state
            for state in candidates
            if state.destination == host
            and state.protocol == template.protocol
            and state.mode == template.mode
            and state.reqid == template.reqid
            and suits(state, policy)
            and (state.selector is None or covers(state.selector, flow))
        )


def suits(state: XfrmState, policy: XfrmPolicy) -> bool:
    """Whether mark, if_id and direction of a state are those that an ``out`` policy wants."""
    if state.mark and (policy.mark or UNMARKED).value & state.mark.mask != state.mark.value:
        return False
    return (state.if_id or 0) == (policy.if_id or 0) and state.direction in (None, "out")


# --- policies -------------------------------------------------------------------


class Ranked(NamedTuple):
    """A policy and its place among all: the kernel takes the lowest."""

    priority: int
    between_hosts: bool
    youth: int
    policy: XfrmPolicy


class PolicyTable:
    """The policies, by what they are looked for.

    ``ip`` lists the one that was added last first. Those between two hosts, nearly all of
    a fleet, are found by their text; those of networks by their numbers.
    """

    def __init__(self, policies: Policies) -> None:
        self._hosts: dict[tuple[str, str, str], list[Ranked]] = defaultdict(list)
        self._networks: dict[str, Networks] = defaultdict(Networks)
        self._by_reqid: dict[int, list[XfrmPolicy]] = defaultdict(list)
        self._unread = policies.unread
        for position, policy in enumerate(policies.policies):
            source, destination = policy.selector[:2]
            between_hosts = is_host(source) and is_host(destination)
            ranked = Ranked(policy.priority, between_hosts, -position, policy)
            if between_hosts:
                self._hosts[policy.direction, source, destination].append(ranked)
            else:
                self._networks[policy.direction].add(ranked)
            for reqid in {template.reqid for template in policy.templates}:
                self._by_reqid[reqid].append(policy)

    def chosen(self, direction: str, packet: Packet) -> XfrmPolicy | None:
        """The policy that the kernel takes for a packet."""
        flow = packet.flow
        found = self._hosts.get((direction, flow.source, flow.destination), [])
        if direction in self._networks:
            found = found + list(self._networks[direction].around(flow, packet.mark))
        if not found:
            return None
        best = min((one for one in found if applies(one.policy, packet)), default=None)
        return best and best.policy

    def has(self, reqid: int) -> bool:
        """Whether any policy asks for SAs of this reqid."""
        return reqid in self._by_reqid

    def mark_of(self, reqid: int, direction: str) -> Mark | None:
        """The mark of a policy with this reqid."""
        return next((one.mark for one in self._own(reqid, direction)), None)

    def unfit(self, direction: str, packet: Packet) -> str:
        """What keeps a packet from its own policy with its selector, as ``ip`` prints it."""
        for policy in self._own(packet.reqid, direction):
            selector = policy.selector
            if selector[:2] == packet.flow[:2]:
                if policy.mark and packet.mark.value & policy.mark.mask != policy.mark.value:
                    return f"mark {policy.mark.value:#x}/{policy.mark.mask:#x}"
                if (policy.if_id or 0) != packet.if_id:
                    return f"if_id {policy.if_id or 0:#x}"
                if selector.interface:
                    return f"dev {selector.interface}"
        return ""

    def _own(self, reqid: int | None, direction: str) -> Iterator[XfrmPolicy]:
        for policy in self._by_reqid.get(reqid or 0, ()):
            if policy.direction == direction:
                yield policy

    def may_hide(self, flow: Flow, direction: str) -> bool:
        """Whether the policy of a flow may be among those that are unread."""
        return any(
            one.source in (None, flow.source)
            and one.destination in (None, flow.destination)
            and one.direction in (None, direction)
            for one in self._unread
        )


def is_host(network: str) -> bool:
    """Whether a network is one host."""
    return network.endswith("/128" if ":" in network else "/32")


def applies(policy: XfrmPolicy, packet: Packet) -> bool:
    """Whether a packet, whose addresses a policy covers, falls under it."""
    own = packet.reqid is not None and packet.reqid in [one.reqid for one in policy.templates]
    if policy.mark and packet.mark.value & policy.mark.mask != policy.mark.value:
        return False
    if (policy.if_id or 0) != packet.if_id:
        return False
    if policy.selector.interface and not holds_at_interface(policy):
        return False
    return covers_protocol(policy.selector, packet.flow, doubt=own)


def holds_at_interface(policy: XfrmPolicy) -> bool:
    """Whether a policy that is bound to an interface counts."""
    if policy.direction == "out":
        return not requires_ipsec(policy)
    return policy.selector.interface == "lo"


def requires_ipsec(policy: XfrmPolicy) -> bool:
    """Whether what falls under it passes, but never in clear text."""
    return policy.action != "block" and any(template.required for template in policy.templates)


def covers(selector: Selector, flow: Flow) -> bool:
    """Whether all of a flow falls under a selector."""
    if (selector.source, selector.destination) != (flow.source, flow.destination):
        inner, outer = ends_of(flow.source, flow.destination), ends_of(*selector[:2])
        if inner is None or outer is None or not contains(outer, inner):
            return False
    return covers_protocol(selector, flow, doubt=True)


def covers_protocol(selector: Selector, flow: Flow, doubt: bool) -> bool:
    """Whether protocol and ports of a flow are among those of a selector.

    ``doubt``: so it is where the ports of the flow cannot be compared.
    """
    _, _, protocol, source_port, destination_port, rest, _ = selector
    if protocol is None and source_port is None and destination_port is None and not rest:
        return True
    unknown = None in (flow.source_port, flow.destination_port)
    return (
        protocol_number(protocol) in (ANY, flow.protocol)
        and (not rest or (doubt and unknown))
        and covers_port(source_port, flow.source_port, doubt)
        and covers_port(destination_port, flow.destination_port, doubt)
    )


def covers_port(own: str | None, port: int | None, doubt: bool) -> bool:
    """Whether a selector's port is that of a flow, which is None where it is not known."""
    return own is None or (doubt if port is None else int(own) == port)


# --- policies of networks ---------------------------------------------------------

Ends = tuple[Addresses, Addresses]
Place = tuple[int, int, int]


class Shape(NamedTuple):
    """What policies have in common that can be looked up in one place.

    ``source_bits`` and ``destination_bits`` are those of an address that lie behind
    the prefix, ``bits`` all of them, ``mask`` is that of the mark.
    """

    bits: int
    source_bits: int
    destination_bits: int
    mask: int

    def place(self, ends: Ends, mark: int) -> Place | None:
        """Where the policies stand that cover both ends and the mark, if any can."""
        bits, source_bits, destination_bits, mask = self
        source, destination = ends
        begin = source.first >> source_bits, destination.first >> destination_bits
        end = source.last >> source_bits, destination.last >> destination_bits
        return (*begin, mark & mask) if begin == end and source.bits == bits else None


class Networks:
    """The policies of one direction that are not between two hosts, by shape."""

    def __init__(self) -> None:
        self._shapes: dict[Shape, dict[Place | None, list[Ranked]]] = {}

    def add(self, ranked: Ranked) -> None:
        """Take one over; one without addresses covers nothing."""
        selector, mark = ranked.policy.selector, ranked.policy.mark or UNMARKED
        ends = ends_of(selector.source, selector.destination)
        if ends:
            shape = Shape(ends[0].bits, host_bits(ends[0]), host_bits(ends[1]), mark.mask)
            places = self._shapes.setdefault(shape, defaultdict(list))
            places[shape.place(ends, mark.value)].append(ranked)

    def around(self, flow: Flow, mark: Mark) -> Iterator[Ranked]:
        """Those that cover the addresses of a flow."""
        ends = ends_of(flow.source, flow.destination)
        if ends:
            for shape, places in self._shapes.items():
                yield from places.get(shape.place(ends, mark.value), ())


@cache
def ends_of(source: str, destination: str) -> Ends | None:
    """Source and destination as numbers, None where they say no addresses."""
    ends = addresses(source), addresses(destination)
    return (ends[0], ends[1]) if ends[0] and ends[1] else None


def contains(outer: Ends, inner: Ends) -> bool:
    """Whether both ends lie in those of another."""
    return all(
        one.bits == other.bits and one.first <= other.first and other.last <= one.last
        for one, other in zip(outer, inner, strict=True)
    )


def host_bits(network: Addresses) -> int:
    """The number of bits behind the prefix."""
    return (network.last - network.first).bit_length()


# --- what comes in ----------------------------------------------------------------


def came_through(template: Template, state: XfrmState) -> bool:
    """Whether a packet that came through a state satisfies a template (xfrm_state_ok)."""
    in_tunnel = template.mode != TRANSPORT
    return (
        state.protocol == template.protocol
        and state.mode == template.mode
        and template.reqid in (0, state.reqid)
        and template.spi in (0, state.spi)
        and not (in_tunnel and template.source not in (*ANY_HOST, state.source))
    )
