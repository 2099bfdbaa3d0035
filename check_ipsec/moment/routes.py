"""The MTU on the way to each of some hosts."""

from __future__ import annotations

from collections.abc import Iterable

from check_ipsec.errors import CheckIpsecError
from check_ipsec.grammar.ip_route import parse_links, parse_route
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import Source
from check_ipsec.moment.snapshot import ERRORS


def path_mtus(
    host: Host, deadline: Deadline, addresses: Iterable[str]
) -> dict[str, int | CheckIpsecError | None]:
    """The MTU of the route to each address, else that of its device; None: not known.

    An error is why there is no route.
    """
    links = parse_links(text_of(Source.LINKS, host.read(Source.LINKS, deadline)), "ip link")
    return {address: path_mtu(host, deadline, address, links) for address in addresses}


def path_mtu(
    host: Host, deadline: Deadline, address: str, links: dict[str, int]
) -> int | CheckIpsecError | None:
    """That of one."""
    try:
        output = host.read(Source.ROUTE, deadline, address)
        route = parse_route(text_of(Source.ROUTE, output), f"ip route get {address}")
    except ERRORS as error:
        return error
    return route.mtu or links.get(route.device or "")
