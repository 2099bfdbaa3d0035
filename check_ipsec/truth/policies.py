"""The policies of the kernel, and which of them it takes for a packet."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple, Optional

from check_ipsec.model.kernel import Mark, Policies, XfrmPolicy
from check_ipsec.truth.packet import (
    UNMARKED,
    Ends,
    Packet,
    covers_protocol,
    ends_of,
    host_bits,
)
from check_ipsec.truth.selectors import Flow


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

    def chosen(self, direction: str, packet: Packet) -> Optional[XfrmPolicy]:
        """The policy that the kernel takes for a packet."""
        flow = packet.flow
        found = self._hosts.get((direction, flow.source, flow.destination), [])
        if direction in self._networks:
            found = found + list(self._networks[direction].around(flow, packet.mark))
        fitting = [one for one in found if applies(one.policy, packet)]
        return min(fitting).policy if fitting else None

    def has(self, reqid: int) -> bool:
        """Whether any policy asks for SAs of this reqid."""
        return reqid in self._by_reqid

    def mark_of(self, reqid: int, direction: str) -> Optional[Mark]:
        """The mark of a policy with this reqid."""
        return next((one.mark for one in self._own(reqid, direction)), None)

    def if_id_of(self, reqid: int, direction: str) -> int:
        """The id of the interface of a policy with this reqid, 0 where it has none."""
        return next((one.if_id or 0 for one in self._own(reqid, direction)), 0)

    def reqid_of(self, flow: Flow) -> int:
        """The reqid of an ``out`` policy that is for just this flow, 0 where there is none.

        charon before 6.0.2 does not tell that of a trap over VICI; two connections that
        protect the same traffic cannot be told apart then.
        """
        for policies in self._by_reqid.values():
            for policy in policies:
                if policy.direction == "out" and policy.selector[:2] == flow[:2]:
                    return policy.templates[0].reqid
        return 0

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

    def _own(self, reqid: Optional[int], direction: str) -> Iterator[XfrmPolicy]:
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
    return policy.action != "block" and True in [one.required for one in policy.templates]


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

    def place(self, ends: Ends, mark: int) -> Optional[Place]:
        """Where the policies stand that cover both ends and the mark, if any can."""
        bits, source_bits, destination_bits, mask = self
        source, destination = ends
        begin = source.first >> source_bits, destination.first >> destination_bits
        end = source.last >> source_bits, destination.last >> destination_bits
        return (*begin, mark & mask) if begin == end and source.bits == bits else None


class Networks:
    """The policies of one direction that are not between two hosts, by shape."""

    def __init__(self) -> None:
        self._shapes: dict[Shape, dict[Optional[Place], list[Ranked]]] = {}

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
