"""Traffic selectors as charon prints them, paired to the flows that need policies.

Written by strongSwan's traffic_selector.c (traffic_selector_printf_hook):
``10.1.0.0/16``, ``fd00::1/128[udp/500]``, ``10.1.0.0/16[0/1000-2000]``,
``10.1.0.1..10.1.0.5``; protocols and ports by the names that the host's
/etc/protocols and /etc/services give them.
"""

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import NamedTuple, Optional, Union

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
WITHOUT_PORTS = {1, 47, 58, 135}
ANY = 0

ADDRESS = r"[0-9A-Fa-f:.]+"
SELECTOR = re.compile(
    rf"(?P<addresses>dynamic|{ADDRESS}/[0-9]+|{ADDRESS}\.\.{ADDRESS})"
    r"(?:\[(?P<protocol>[^/\]]{1,64})(?:/(?P<port>[^\]]{1,64}))?\])?"
)
PORTS_ALONE = re.compile(r"[0-9]+-[0-9]+")
DYNAMIC = "dynamic"


class TrafficSelector(NamedTuple):
    """One end of the traffic.

    ``addresses`` are a network or a range, as printed, or ``dynamic``. ``protocol`` is a
    number, or an uncommon name as printed. Protocol and port are 0 where any matches.
    ``port`` is None where it cannot be compared with that of a policy: a range, the name of
    a service, OPAQUE, an ICMP type.
    """

    addresses: str
    protocol: Union[int, str]
    port: Optional[int]

    def covers(self, other: "TrafficSelector") -> bool:
        """Whether all of the other's traffic is among this one's, as far as ports tell."""
        return (
            contains(self.addresses, other.addresses)
            and self.protocol in (ANY, other.protocol)
            and (self.port in (ANY, None, other.port) or other.port is None)
        )


class Flow(NamedTuple):
    """The traffic of one direction that one policy is for; see :class:`TrafficSelector`."""

    source: str
    destination: str
    protocol: Union[int, str]
    source_port: Optional[int]
    destination_port: Optional[int]

    def lies_in(self, other: "Flow") -> bool:
        """Whether all of it is among the traffic of another flow, as far as ports tell."""
        return self == other or (
            contains(other.source, self.source)
            and contains(other.destination, self.destination)
            and other.protocol in (ANY, self.protocol)
            and other.source_port in (ANY, None, self.source_port)
            and other.destination_port in (ANY, None, self.destination_port)
        )

    def backwards(self) -> "Flow":
        """The traffic of the other direction."""
        source, destination, protocol, source_port, destination_port = self
        return Flow(destination, source, protocol, destination_port, source_port)


@lru_cache(maxsize=1024)
def flows(local_ts: tuple[str, ...], remote_ts: tuple[str, ...]) -> tuple[Optional[Flow], ...]:
    """The outgoing flows of two lists of selectors.

    None stands for a pair with a selector that says no addresses, like ``dynamic``.
    Selectors of different families and of different protocols are not paired
    (child_sa.c, create_policy_enumerator).
    """
    remote_selectors = [selector(text) for text in remote_ts]
    return tuple(
        flow(local, remote) if local and remote else None
        for local in map(selector, local_ts)
        for remote in remote_selectors
        if local is None or remote is None or are_paired(local, remote)
    )


def are_paired(local: TrafficSelector, remote: TrafficSelector) -> bool:
    """Whether charon has a policy between the two ends."""
    return (":" in local.addresses) == (":" in remote.addresses) and (
        local.protocol == remote.protocol or ANY in (local.protocol, remote.protocol)
    )


def flow(local: TrafficSelector, remote: TrafficSelector) -> Flow:
    """The flow between two ends; the end that names a protocol decides."""
    protocol = local.protocol or remote.protocol
    return Flow(local.addresses, remote.addresses, protocol, local.port, remote.port)


def selector(text: str) -> Optional[TrafficSelector]:
    """A selector by its text, None where it says no addresses."""
    found = any_selector(text)
    return found if found and found.addresses != DYNAMIC else None


@cache
def any_selector(text: str) -> Optional[TrafficSelector]:
    """A selector by its text, ``dynamic`` too, None where the text is none."""
    match = SELECTOR.fullmatch(text)
    if match is None:
        return None
    ends, protocol, port = match.groups()
    return TrafficSelector(ends, *narrowing(protocol, port))


def narrowing(
    protocol: Optional[str], port: Optional[str]
) -> tuple[Union[int, str], Optional[int]]:
    """Protocol and port; before 5.6.3 ports may stand without a protocol."""
    if protocol and PORTS_ALONE.fullmatch(protocol):
        return ANY, None
    number = protocol_number(protocol)
    return number, port_number(port, number)


def protocol_number(text: Optional[str]) -> Union[int, str]:
    """The number of a protocol, or its name where that is not a common one."""
    if text is None:
        return ANY
    return int(text) if is_number(text) else PROTOCOLS.get(text, text)


def port_number(text: Optional[str], protocol: Union[int, str]) -> Optional[int]:
    """The number of a port, None for what is not one port."""
    if text is None:
        return ANY
    return int(text) if is_number(text) and protocol not in WITHOUT_PORTS else None


def is_number(text: str) -> bool:
    """Whether a text is a decimal number."""
    return text.isascii() and text.isdecimal()


def contains(outer: str, inner: str) -> bool:
    """Whether the addresses of one selector are among those of another."""
    if outer == inner:
        return True
    one, other = addresses(outer), addresses(inner)
    if one is None or other is None or one.bits != other.bits:
        return False
    return one.first <= other.first and other.last <= one.last


class Addresses(NamedTuple):
    """All addresses from ``first`` to ``last``, as numbers of ``bits`` bits."""

    bits: int
    first: int
    last: int


@cache
def addresses(text: str) -> Optional[Addresses]:
    """A network or a range as numbers, None where the text is neither."""
    begin, is_range, end = text.partition("..")
    try:
        return range_of(begin, end) if is_range else network(text)
    except ValueError:
        return None


def range_of(begin: str, end: str) -> Addresses:
    """The addresses from one to another. Raises ValueError where these are none."""
    first, last = ip_address(begin), ip_address(end)
    return Addresses(first.max_prefixlen, int(first), int(last))


def network(text: str) -> Addresses:
    """``ADDRESS/PREFIX``. Raises ValueError for any other text."""
    address, _, prefix = text.partition("/")
    parsed = ip_address(address)
    host_bits = parsed.max_prefixlen - int(prefix)
    first = int(parsed) >> host_bits << host_bits
    return Addresses(parsed.max_prefixlen, first, first + (1 << host_bits) - 1)


@lru_cache(maxsize=4096)
def host_of(text: str) -> Optional[str]:
    """The address of a network that is one host, None for any other."""
    address, _, prefix = text.partition("/")
    return address if prefix == ("128" if ":" in address else "32") else None
