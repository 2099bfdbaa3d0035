"""A packet of a connection, and whether a selector covers it."""

from functools import cache
from typing import NamedTuple, Optional

from check_ipsec.model.kernel import Mark, Selector
from check_ipsec.truth.selectors import ANY, Addresses, Flow, addresses, protocol_number

UNMARKED = Mark(0, 0)


class Packet(NamedTuple):
    """Any packet of a flow; ``mark`` is what it carries, ``host`` where its SA ends.

    ``reqid``: policies with it are taken as the flow's own where its ports or addresses
    cannot be compared with those of policies.
    """

    flow: Flow
    host: str
    mark: Mark = UNMARKED
    if_id: int = 0
    reqid: Optional[int] = None


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


def covers_port(own: Optional[str], port: Optional[int], doubt: bool) -> bool:
    """Whether a selector's port is that of a flow, which is None where it is not known."""
    return own is None or (doubt if port is None else int(own) == port)


Ends = tuple[Addresses, Addresses]


@cache
def ends_of(source: str, destination: str) -> Optional[Ends]:
    """Source and destination as numbers, None where they say no addresses."""
    ends = addresses(source), addresses(destination)
    return (ends[0], ends[1]) if ends[0] and ends[1] else None


def contains(outer: Ends, inner: Ends) -> bool:
    """Whether both ends lie in those of another."""
    return all(
        one.bits == other.bits and one.first <= other.first and other.last <= one.last
        for one, other in zip(outer, inner)
    )


def host_bits(network: Addresses) -> int:
    """The number of bits behind the prefix."""
    return (network.last - network.first).bit_length()
