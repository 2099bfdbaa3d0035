"""Traffic selectors as charon prints them, and what a policy covers.

Written by strongSwan's traffic_selector.c (traffic_selector_printf_hook):
``10.1.0.0/16``, ``fd00::1/128[udp/500]``, ``10.1.0.0/16[0/80]``; protocols and ports
by the names that the host's /etc/protocols and /etc/services give them.
"""

import re
from functools import cache
from ipaddress import ip_address
from typing import NamedTuple

PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipencap": 4,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "ipv6": 41,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "ospf": 89,
    "pim": 103,
    "sctp": 132,
    "mobility-header": 135,
    "udplite": 136,
}
SELECTOR = re.compile(r"([0-9A-Fa-f.:]+)/(\d+)(?:\[([^/\]]*)(?:/([^\]]*))?\])?")


class Network(NamedTuple):
    """An IPv4 or IPv6 network: number of the address, prefix and address length."""

    address: int
    prefix: int
    bits: int

    def wider(self, prefix: int) -> "Network":
        """The network of that prefix length that this one lies in."""
        host_bits = self.bits - prefix
        return Network(self.address >> host_bits << host_bits, prefix, self.bits)


class Selector(NamedTuple):
    """One end of the traffic; protocol and port are 0 where any matches."""

    network: Network
    protocol: int
    port: int


@cache
def network(text: str) -> Network:
    """``ADDRESS/PREFIX`` as a network."""
    address, _, prefix = text.partition("/")
    parsed = ip_address(address)
    bits = parsed.max_prefixlen
    return Network(int(parsed), int(prefix), bits).wider(int(prefix))


def protocol_number(text: str) -> int | None:
    """The number of a protocol, None where its name is not a common one."""
    return int(text) if text.isdigit() else PROTOCOLS.get(text)


def selector(text: str) -> Selector | None:
    """A selector that can be compared, None for ranges, names of services and such."""
    match = SELECTOR.fullmatch(text)
    if not match:
        return None
    protocol = protocol_number(match[3] or "0")
    port = match[4] or "0"
    if protocol is None or not port.isdigit():
        return None
    return Selector(network(f"{match[1]}/{match[2]}"), protocol, int(port))
