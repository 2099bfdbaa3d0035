"""Which traffic a connection protects, as far as its configuration tells."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from check_ipsec.model.kernel import Mark
from check_ipsec.truth.selectors import DYNAMIC, any_selector

NUMBER = r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*"
DOTTED = re.compile(r"[1-9][0-9]{0,2}(?:\.(?:0|[1-9][0-9]{0,2})){3}")
Selectors = tuple[str, ...]
Settings = dict[str, str]


def configured_selectors(settings: Settings, end: str) -> Selectors:
    """The selectors of an end, as charon prints those of a loaded connection.

    Without a subnet that is ``dynamic``, the end itself (stroke_config.c, add_ts).
    """
    subnets = settings.get(f"{end}subnet") or "%dynamic"
    return _selectors(subnets, settings.get(f"{end}protoport", ""))


@lru_cache(maxsize=1024)
def _selectors(subnets: str, protocol_and_port: str) -> Selectors:
    return tuple(_selector(subnet.strip(), protocol_and_port) for subnet in subnets.split(","))


def _selector(subnet: str, protocol_and_port: str) -> str:
    network, bracket, narrowing = subnet.partition("[")
    protocol, _, port = (narrowing.removesuffix("]") if bracket else protocol_and_port).partition(
        "/"
    )
    protocol, port = ("" if text in ("%any", "0") else text for text in (protocol, port))
    ports = f"/{port}" if port else ""
    suffix = f"[{protocol or 0}{ports}]" if protocol or port else ""
    return (DYNAMIC if network == "%dynamic" else _network(network)) + suffix


def _network(subnet: str) -> str:
    if "/" in subnet:
        return subnet
    return subnet.replace("-", "..") if "-" in subnet else host_network(subnet) or subnet


def equivalent(configured: Selectors, loaded: Selectors) -> bool:
    """Whether two lists of selectors stand for the same traffic, as far as that can be told.

    charon leaves out a selector that lies in another one of the list.
    """
    if configured == loaded:
        return True
    ours = [any_selector(text) for text in configured]
    theirs = [any_selector(text) for text in loaded]
    if None in ours or None in theirs:
        return True
    return all(any(one and other and one.covers(other) for one in theirs) for other in ours) and (
        all(any(one and other and one.covers(other) for one in ours) for other in theirs)
    )


@lru_cache(maxsize=4096)
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
        network + selector.removeprefix(DYNAMIC) if selector.startswith(DYNAMIC) else selector
        for selector in selectors
    )


@lru_cache(maxsize=4096)
def host_network(address: str) -> str | None:
    """``10.0.0.1`` as ``10.0.0.1/32``; None for anything but one literal address."""
    if DOTTED.fullmatch(address) and address != "0.0.0.0":
        return f"{address}/32"
    try:
        host = ip_address(address.strip())
    except ValueError:
        return None
    return None if host.is_unspecified else f"{host}/{host.max_prefixlen}"


def configured_marks(settings: Settings) -> tuple[Mark | None, Mark | None, bool]:
    """``mark_in`` and ``mark_out``, else ``mark``, and whether they are known.

    ``%unique`` and the like are numbers that only charon knows (confread.c, args.c).
    """
    both = settings.get("mark", "")
    texts = settings.get("mark_in", both), settings.get("mark_out", both)
    if texts == ("", ""):
        return None, None, True
    return _mark(texts[0]), _mark(texts[1]), not any(text.startswith("%") for text in texts)


def configured_if_ids(settings: Settings) -> tuple[int | None, int | None]:
    """``if_id_in`` and ``if_id_out``, 0 where there is none.

    None is a number that only charon knows (``%unique``; vici_config.c, parse_if_id).
    """
    return _if_id(settings.get("if_id_in")), _if_id(settings.get("if_id_out"))


def _if_id(text: str | None) -> int | None:
    if text is None:
        return 0
    return _c_number(text) if re.fullmatch(NUMBER, text) else None


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
