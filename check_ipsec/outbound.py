"""Which ``out`` policy the kernel would choose for traffic, and what becomes of it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from check_ipsec.model import Mark, XfrmPolicy
from check_ipsec.selectors import ANY, Addresses, Flow, addresses, protocol_number

UNMARKED = Mark(0, 0)
Ends = tuple[Addresses, Addresses]
Place = tuple[int, int, int] | None


def policy_flow(policy: XfrmPolicy) -> Flow:
    """The traffic that a policy is for, but for what narrows it further."""
    return Flow(
        policy.source,
        policy.destination,
        protocol_number(policy.protocol),
        int(policy.source_port or ANY),
        int(policy.destination_port or ANY),
    )


class Shape(NamedTuple):
    """What policies have in common that can be looked up in one place.

    ``source_bits`` and ``destination_bits`` are those of an address that lie behind
    the prefix, ``bits`` all of them, ``mask`` is that of the mark.
    """

    bits: int
    source_bits: int
    destination_bits: int
    mask: int

    def place(self, ends: Ends, mark: int) -> Place:
        """Where the policies stand that cover both ends and the mark, if any can."""
        bits, source_bits, destination_bits, mask = self
        source, destination = ends
        begin = source.first >> source_bits, destination.first >> destination_bits
        end = source.last >> source_bits, destination.last >> destination_bits
        return (*begin, mark & mask) if begin == end and source.bits == bits else None


class Candidate(NamedTuple):
    """An ``out`` policy; the kernel takes the one of the lowest ``rank``.

    ``holds_back``: traffic under it never leaves unencrypted. ``narrowed``: by more
    than addresses, protocol and ports.
    """

    rank: int
    flow: Flow
    holds_back: bool
    narrowed: bool

    def covers(self, flow: Flow) -> bool:
        """Whether all of a flow, whose addresses it covers, falls under the policy.

        Where the ports of the flow cannot be compared, a policy that narrows them has
        the benefit of the doubt if it holds traffic back: it may be the flow's own.
        """
        doubt = self.holds_back and None in (flow.source_port, flow.destination_port)
        return (
            self.flow.protocol in (ANY, flow.protocol)
            and (doubt or not self.narrowed)
            and covers_port(self.flow.source_port, flow.source_port, doubt)
            and covers_port(self.flow.destination_port, flow.destination_port, doubt)
        )


def covers_port(own: int | None, other: int | None, doubt: bool) -> bool:
    """Whether a policy's port is that of a flow, which is None where it is not known."""
    return own in (ANY, other) or (doubt and other is None)


class Outbound:
    """The ``out`` policies by shape.

    Traffic falls under a policy with a mark if it carries that; under one with an
    interface or an if_id it need not fall, so these cover nothing. Of two policies with
    one priority the older one wins, which ``ip`` lists later; between single hosts and
    networks Linux is not that consistent (net/xfrm/xfrm_policy.c,
    xfrm_policy_lookup_bytype).
    """

    def __init__(self, policies: list[tuple[XfrmPolicy, Flow]]) -> None:
        self._shapes: dict[Shape, dict[Place, list[Candidate]]] = defaultdict(
            lambda: defaultdict(list)
        )
        by_age = [one for one in reversed(policies) if is_general(one[0])]
        by_age.sort(key=lambda one: one[0].priority)
        for rank, (policy, flow) in enumerate(by_age):
            self._add(rank, policy, flow)

    def _add(self, rank: int, policy: XfrmPolicy, flow: Flow) -> None:
        ends = ends_of(flow)
        if ends:
            mark = policy.mark or UNMARKED
            shape = Shape(ends[0].bits, host_bits(ends[0]), host_bits(ends[1]), mark.mask)
            candidate = Candidate(rank, flow, holds_back(policy), bool(policy.selector_rest))
            self._shapes[shape][shape.place(ends, mark.value)].append(candidate)

    def holds_back(self, flow: Flow, mark: Mark) -> bool:
        """Whether the policy that the kernel would choose keeps a flow from leaving."""
        chosen = min(self._covering(flow, mark), default=None)
        return chosen is not None and chosen.holds_back

    def _covering(self, flow: Flow, mark: Mark) -> Iterator[Candidate]:
        ends = ends_of(flow)
        if ends is None:
            return
        for shape, places in self._shapes.items():
            candidates = places.get(shape.place(ends, mark.value), ())
            yield from (one for one in candidates if one.covers(flow))


def ends_of(flow: Flow) -> Ends | None:
    """Source and destination as numbers, None where they say no addresses."""
    source, destination = addresses(flow.source), addresses(flow.destination)
    return (source, destination) if source and destination else None


def host_bits(network: Addresses) -> int:
    """The number of bits behind the prefix."""
    return (network.last - network.first).bit_length()


def is_general(policy: XfrmPolicy) -> bool:
    """Whether traffic out of any interface falls under the policy."""
    return policy.direction == "out" and policy.interface is None and not policy.if_id


def holds_back(policy: XfrmPolicy) -> bool:
    """Whether traffic under the policy is dropped or encrypted."""
    return policy.action == "block" or any(template.required for template in policy.templates)
