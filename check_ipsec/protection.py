"""Which traffic a connection protects, as far as its configuration tells."""

import re
from ipaddress import ip_address

from check_ipsec.model import Connection, Mark

NUMBER = r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*"
Selectors = tuple[str, ...]


def resolved(selectors: Selectors, addresses: str) -> Selectors:
    """``dynamic`` replaced by the one address of that end, where it has just one.

    ``addresses`` is an end of a loaded connection as charon prints it. charon
    itself resolves ``dynamic`` so when it installs a policy
    (traffic_selector.c, set_address).
    """
    network = host_network(addresses)
    if network is None:
        return selectors
    return tuple(
        network + selector.removeprefix("dynamic") if selector.startswith("dynamic") else selector
        for selector in selectors
    )


def configured_selectors(connection: Connection) -> tuple[Selectors, Selectors]:
    """Left and right selectors of a connection that charon has not loaded."""
    return _configured_end(connection, "left"), _configured_end(connection, "right")


def _configured_end(connection: Connection, end: str) -> Selectors:
    subnets = connection.setting(f"{end}subnet")
    if subnets:
        return tuple(_network(subnet.strip()) for subnet in subnets.split(","))
    return resolved(("dynamic",), connection.setting(end) or "")


def _network(subnet: str) -> str:
    return subnet if "/" in subnet else host_network(subnet) or subnet


def host_network(address: str) -> str | None:
    """``10.0.0.1`` as ``10.0.0.1/32``; None for anything but one literal address."""
    try:
        host = ip_address(address.strip())
    except ValueError:
        return None
    return None if host.is_unspecified else f"{host}/{host.max_prefixlen}"


def configured_marks(connection: Connection) -> tuple[Mark | None, Mark | None]:
    """``mark_in`` and ``mark_out``, else ``mark``, where they are numbers.

    ``%unique`` and the like are numbers that only charon knows (confread.c, args.c).
    """
    marks = {key: value for key, value in connection.settings if key.startswith("mark")}
    if not marks:
        return None, None
    both = marks.get("mark", "")
    return _mark(marks.get("mark_in", both)), _mark(marks.get("mark_out", both))


def _mark(text: str) -> Mark | None:
    match = re.fullmatch(rf"({NUMBER})(?:/({NUMBER}))?", text)
    if not match:
        return None
    mask = _c_number(match[2]) if match[2] else 0xFFFFFFFF
    return Mark(_c_number(match[1]) & mask, mask)


def _c_number(text: str) -> int:
    """A number as strtoul(3) reads it with base 0."""
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)
