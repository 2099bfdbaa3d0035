r"""``ip route get ADDRESS`` and ``ip -o link show``: the MTU on the way to a peer.

Written by iproute2's ip/iproute.c (``print_route``, ``print_rta_metrics``) and ip/ipaddress.c
(``print_linkinfo``).

Samples::

    10.1.0.2 dev eth0 src 10.1.0.1 uid 0
        cache expires 590sec mtu 1400

    2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT

EBNF (ROUTE, LINK and LINE are line patterns below)::

    route = ROUTE ;
    links = { LINK | LINE } ;

Of the words of a route only ``dev`` and ``mtu``, with ``lock`` or without, are asked for.
"""

from __future__ import annotations

import re

from check_ipsec.errors import ParseError
from check_ipsec.grammar.records import (
    Cursor,
    Record,
    plainly,
    require_whole_lines,
    unnamed,
)
from check_ipsec.model.traffic import Route

TYPE = r"(?:unicast |local |broadcast |multicast |anycast )?"
ROUTE = rf"{TYPE}[0-9a-f:.]+(?P<words> [^\n]*)\n(?P<more>(?:[ \t]+[^\n]*\n)*)"
LINK = r"\d+: (?P<name>[^\s:@]+)(?:@[^\s:]+)?: <[^>\n]*> mtu (?P<mtu>\d+) [^\n]*\n"
DEV = r"(?<= dev )\S+"
MTU = r"(?<= mtu )(?:lock )?(\d+)"


def _route(found: re.Match[str]) -> Route:
    device, mtu = re.search(DEV, found["words"]), re.search(MTU, found[0])
    return Route(device and device[0], int(mtu[1]) if mtu else None)


ROUTES = Record(ROUTE, _route, "a route")
LINKS = Record(LINK, lambda found: (found["name"], int(found["mtu"])), "a link")
LINE = Record(rf"(?!{unnamed(LINK)})[^\n]*\n", lambda found: None, "a line")


def parse_route(text: str, source: str) -> Route:
    """Device and MTU of a route; its MTU is None where the device's holds.

    Raises ParseError.
    """
    require_whole_lines(text, source)
    route: Route | None = plainly(lambda cursor: cursor.one(ROUTES), text)
    if route is None:
        raise ParseError(source, 1, "expected one route")
    return route


def parse_links(text: str, source: str) -> dict[str, int]:
    """The MTU of each device. Raises ParseError where the text ends in the middle of a line."""
    require_whole_lines(text, source)
    return dict(filter(None, Cursor(text).some(LINKS, LINE)))
