"""Traffic selectors as charon prints them, paired to the flows that need policies.

Written by strongSwan's traffic_selector.c (traffic_selector_printf_hook):
``10.1.0.0/16``, ``fd00::1/128[udp/500]``, ``10.1.0.0/16[0/1000-2000]``,
``10.1.0.1..10.1.0.5``; protocols and ports by the names that the host's
/etc/protocols and /etc/services give them.
"""

import re
from collections.abc import Iterable
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
WITHOUT_PORTS = {1, 47, 58, 135}
ANY = 0

ADDRESS = r"[0-9A-Fa-f:.]+"
SELECTOR = re.compile(
    rf"(?P<addresses>{ADDRESS}/\d+|{ADDRESS}\.\.{ADDRESS})"
    r"(?:\[(?P<protocol>[^/\]]{1,64})(?:/(?P<port>[^\]]{1,64}))?\])?"
)
PORTS_ALONE = re.compile(r"\d+-\d+")


class Selector(NamedTuple):
    """One end of the traffic.

    ``addresses`` are a network or a range, as printed. ``protocol`` is a number, or an
    uncommon name as printed. Protocol and port are 0 where any matches. ``port`` is
    None where it cannot be compared with that of a policy: a range, the name of a
    service, OPAQUE, an ICMP type.
    """

    addresses: str
    protocol: int | str
    port: int | None


class Flow(NamedTuple):
    """The traffic of one direction that one policy is for; see :class:`Selector`."""

    source: str
    destination: str
    protocol: int | str
    source_port: int | None
    destination_port: int | None

    @property
    def comparable(self) -> bool:
        """Whether the selector of its policies can be foretold."""
        ranges = ".." in self.source or ".." in self.destination
        return not ranges and None not in (self.source_port, self.destination_port)

    def backwards(self) -> "Flow":
        """The traffic of the other direction."""
        source, destination, protocol, source_port, destination_port = self
        return Flow(destination, source, protocol, destination_port, source_port)


def flows(local_ts: Iterable[str], remote_ts: Iterable[str]) -> list[Flow | None]:
    """The outgoing flows of two lists of selectors.

    None stands for a pair with a selector that says no addresses, like ``dynamic``.
    Selectors of different families and of different protocols are not paired
    (child_sa.c, create_policy_enumerator).
    """
    remote_selectors = [selector(text) for text in remote_ts]
    return [
        flow(local, remote) if local and remote else None
        for local in map(selector, local_ts)
        for remote in remote_selectors
        if local is None or remote is None or are_paired(local, remote)
    ]


def are_paired(local: Selector, remote: Selector) -> bool:
    """Whether charon has a policy between the two ends."""
    return (":" in local.addresses) == (":" in remote.addresses) and (
        local.protocol == remote.protocol or ANY in (local.protocol, remote.protocol)
    )


def flow(local: Selector, remote: Selector) -> Flow:
    """The flow between two ends; the end that names a protocol decides."""
    protocol = local.protocol or remote.protocol
    return Flow(local.addresses, remote.addresses, protocol, local.port, remote.port)


@cache
def selector(text: str) -> Selector | None:
    """A selector by its text, None where it says no addresses."""
    match = SELECTOR.fullmatch(text)
    if not match or not addresses(match["addresses"]):
        return None
    return Selector(match["addresses"], *narrowing(match["protocol"], match["port"]))


def narrowing(protocol: str | None, port: str | None) -> tuple[int | str, int | None]:
    """Protocol and port; before 5.6.3 ports may stand without a protocol."""
    if protocol and PORTS_ALONE.fullmatch(protocol):
        return ANY, None
    number = protocol_number(protocol)
    return number, port_number(port, number)


def protocol_number(text: str | None) -> int | str:
    """The number of a protocol, or its name where that is not a common one."""
    if text is None:
        return ANY
    return int(text) if text.isdecimal() else PROTOCOLS.get(text, text)


def port_number(text: str | None, protocol: int | str) -> int | None:
    """The number of a port, None for what is not one port."""
    if text is None:
        return ANY
    return int(text) if text.isdecimal() and protocol not in WITHOUT_PORTS else None


class Addresses(NamedTuple):
    """All addresses from ``first`` to ``last``, as numbers of ``bits`` bits."""

    bits: int
    first: int
    last: int


@cache
def addresses(text: str) -> Addresses | None:
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
