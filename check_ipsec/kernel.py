"""What the kernel holds for an SA: questions to its states and policies.

Everything is indexed once, so a question costs the same on a host of any size.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from check_ipsec.model import ChildSa, ChildState, Mark, XfrmPolicy, XfrmState
from check_ipsec.selectors import Network, Selector, network, protocol_number, selector

INBOUND = {"TRANSPORT": ("in",)}
INBOUND_OF_OTHER_MODES = ("in", "fwd")
COMPRESSION = "comp"
ICMP = (1, 58)
Pair = tuple[Selector, Selector]


class Kernel:
    """The kernel's security association and policy databases at one moment."""

    def __init__(self, states: Iterable[XfrmState], policies: Iterable[XfrmPolicy]) -> None:
        self._spis: set[tuple[str, str, int]] = set()
        self._by_reqid: dict[int, list[XfrmState]] = defaultdict(list)
        self._policies: dict[tuple[str, int], list[XfrmPolicy]] = defaultdict(list)
        self._outbound = Outbound()
        for state in states:
            if is_complete(state):
                self._spis.add((state.protocol, state.destination, state.spi))
                self._by_reqid[state.reqid].append(state)
        for policy in policies:
            for reqid in {template.reqid for template in policy.templates}:
                self._policies[policy.direction, reqid].append(policy)
            if policy.direction == "out":
                self._outbound.add(policy)

    def has_states(self, child: ChildSa, local_host: str, remote_host: str) -> bool:
        """Whether the states of a CHILD_SA between two hosts are there.

        INSTALLED: those of both printed SPIs, and with IPComp of both CPIs; or a pair
        that has replaced them since charon was read: complete, of the same reqid, and
        the one that an ``out`` policy names. Other states print no SPI: any complete
        pair of the reqid.
        """
        if child.state is not ChildState.INSTALLED:
            return any(self._pairs(child, local_host, remote_host))
        return self._has_printed(child, local_host, remote_host) or any(
            self._is_named(child.reqid, outbound.spi)
            for _, outbound in self._pairs(child, local_host, remote_host)
        )

    def _has_printed(self, child: ChildSa, local_host: str, remote_host: str) -> bool:
        protocol = (child.protocol or "").lower()
        wanted = [(protocol, local_host, child.spi_in), (protocol, remote_host, child.spi_out)]
        if child.cpi_in is not None:
            wanted.append((COMPRESSION, local_host, child.cpi_in))
            wanted.append((COMPRESSION, remote_host, child.cpi_out))
        return all(key in self._spis for key in wanted)

    def _pairs(
        self, child: ChildSa, local_host: str, remote_host: str
    ) -> Iterator[tuple[XfrmState, XfrmState]]:
        states = [one for one in self._by_reqid[child.reqid] if one.protocol != COMPRESSION]
        inbound = [one for one in states if one.destination == local_host]
        outbound = [one for one in states if one.destination == remote_host]
        return ((one, other) for one in inbound for other in outbound)

    def _is_named(self, reqid: int, spi: int) -> bool:
        return any(
            template.reqid == reqid and template.spi == spi
            for policy in self._policies["out", reqid]
            for template in policy.templates
        )

    def missing_policies(
        self, child: ChildSa, mark_in: Mark | None = None, mark_out: Mark | None = None
    ) -> tuple[str, ...]:
        """The directions in which a CHILD_SA lacks a policy: of ``out``, ``in``, ``fwd``.

        Every pair of selectors that charon would pair needs one with its reqid; a pair
        that cannot be compared is content with any policy of the reqid. Marks are
        compared where they are given. ``fwd`` belongs to all modes but transport
        (child_sa.c, install_policies_internal).
        """
        inbound = INBOUND.get(child.mode.removesuffix("_PROXY"), INBOUND_OF_OTHER_MODES)
        wanted = list(pairs(child.local_ts, child.remote_ts)) or [None]
        return tuple(
            direction
            for direction in ("out", *inbound)
            if not all(
                self._has_policy(direction, child.reqid, pair, mark)
                for pair in wanted
                for mark in [mark_out if direction == "out" else mark_in]
            )
        )

    def _has_policy(self, direction: str, reqid: int, pair: Pair | None, mark: Mark | None) -> bool:
        return any(
            (pair is None or is_for(policy, pair if direction == "out" else pair[::-1]))
            and (mark is None or policy.mark == mark)
            for policy in self._policies[direction, reqid]
        )

    def has_trap(self, reqid: int) -> bool:
        """Whether an ``out`` policy asks for SAs of this reqid."""
        return bool(self._policies["out", reqid])

    def in_clear(
        self, local_ts: Iterable[str], remote_ts: Iterable[str], mark: Mark | None = None
    ) -> bool | None:
        """Whether some of the traffic between the selectors leaves unencrypted.

        That is so where the ``out`` policy that the kernel would choose is absent, or
        allows without a template of level required. None where no selector can be
        compared, as ``dynamic`` cannot.
        """
        known = [pair for pair in pairs(tuple(local_ts), tuple(remote_ts)) if pair]
        if not known:
            return None
        return any(lets_through(self._outbound.chosen(pair, mark)) for pair in known)


class Outbound:
    """The ``out`` policies by the lengths of their prefixes.

    A policy with an interface, an if_id or another mark does not apply to traffic
    without.
    """

    def __init__(self) -> None:
        self._classes: dict[tuple[int, int, int], dict[tuple[int, int], list[XfrmPolicy]]] = (
            defaultdict(lambda: defaultdict(list))
        )

    def add(self, policy: XfrmPolicy) -> None:
        """Take a policy in, in the order that ``ip`` lists them."""
        if policy.if_id is None and policy.interface is None:
            source, destination = network(policy.source), network(policy.destination)
            lengths = (source.bits, source.prefix, destination.prefix)
            self._classes[lengths][source.address, destination.address].append(policy)

    def chosen(self, pair: Pair, mark: Mark | None) -> XfrmPolicy | None:
        """The policy with the lowest priority number that covers the pair."""
        covering = (
            policy
            for policy in self._near(pair[0].network, pair[1].network)
            if policy.mark in (None, mark) and covers(policy, pair)
        )
        return min(covering, key=lambda policy: policy.priority, default=None)

    def _near(self, source: Network, destination: Network) -> Iterator[XfrmPolicy]:
        for (bits, longest, other_longest), policies in self._classes.items():
            if (
                bits == source.bits
                and longest <= source.prefix
                and other_longest <= destination.prefix
            ):
                ends = (source.wider(longest).address, destination.wider(other_longest).address)
                yield from policies.get(ends, ())


def is_complete(state: XfrmState) -> bool:
    """Whether a state can carry traffic; a larval one cannot."""
    return state.spi != 0 and bool(state.algorithms)


def pairs(local_ts: tuple[str, ...], remote_ts: tuple[str, ...]) -> Iterator[Pair | None]:
    """The pairs of selectors for which charon installs policies.

    None stands for one that cannot be compared. Different families and different
    protocols are not paired (child_sa.c, create_policy_enumerator).
    """
    for local in map(selector, local_ts):
        for remote in map(selector, remote_ts):
            if local is None or remote is None:
                yield None
            elif belong_together(local, remote):
                yield None if names_icmp_type(local) or names_icmp_type(remote) else (local, remote)


def belong_together(local: Selector, remote: Selector) -> bool:
    """Whether one policy can hold both."""
    same_protocol = not local.protocol or not remote.protocol or local.protocol == remote.protocol
    return local.network.bits == remote.network.bits and same_protocol


def names_icmp_type(one: Selector) -> bool:
    """Whether the port is no port."""
    return one.protocol in ICMP and one.port != 0


def is_for(policy: XfrmPolicy, pair: tuple[Selector, ...]) -> bool:
    """Whether the policy's selector is exactly that of the pair."""
    source, destination = pair
    return (
        network(policy.source) == source.network
        and network(policy.destination) == destination.network
        and protocol_of(policy) == max(source.protocol, destination.protocol)
        and int(policy.source_port or 0) == source.port
        and int(policy.destination_port or 0) == destination.port
    )


def covers(policy: XfrmPolicy, pair: Pair) -> bool:
    """Whether all traffic of the pair, whose networks it covers, falls under the policy."""
    source, destination = pair
    return (
        not policy.selector_rest
        and protocol_of(policy) in (0, max(source.protocol, destination.protocol))
        and int(policy.source_port or 0) in (0, source.port)
        and int(policy.destination_port or 0) in (0, destination.port)
    )


def protocol_of(policy: XfrmPolicy) -> int | None:
    """The policy's protocol, 0 for any, None for one whose name is not a common one."""
    return protocol_number(policy.protocol or "0")


def lets_through(policy: XfrmPolicy | None) -> bool:
    """Whether traffic under the policy leaves unencrypted."""
    if policy is None:
        return True
    protected = any(template.required for template in policy.templates)
    return policy.action == "allow" and not protected
