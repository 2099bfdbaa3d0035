"""What the kernel says of traffic: ``ip -s xfrm state``, /proc/net/xfrm_stat, routes."""

from __future__ import annotations

from typing import NamedTuple

from check_ipsec.model.unread import UnreadLine, UnreadRecord


class Limits(NamedTuple):
    """Where a state ends: octets, packets, and seconds since it was made; None is never."""

    octets: int | None
    packets: int | None
    seconds: int | None


class StateTraffic(NamedTuple):
    """What went through a state, and what of it was refused.

    ``replayed`` packets were sent a second time, ``late`` ones came after the replay window
    had passed, ``failed`` ones were not what their sender had made of them. ``limits`` are
    the hard ones. ``added`` is when it was made, as ``ip`` prints it: in local time.
    """

    source: str
    destination: str
    protocol: str
    spi: int
    reqid: int
    mode: str
    octets: int
    packets: int
    late: int
    replayed: int
    failed: int
    limits: Limits
    added: str = ""
    understood: bool = True


class Statistics(NamedTuple):
    """All of ``ip -s xfrm state``."""

    states: tuple[StateTraffic, ...] = ()
    unread: tuple[UnreadRecord, ...] = ()
    lines: tuple[UnreadLine, ...] = ()


class ErrorCounts(NamedTuple):
    """All of /proc/net/xfrm_stat: packets that the kernel has dropped, by reason."""

    counts: dict[str, int]
    lines: tuple[UnreadLine, ...] = ()


class Route(NamedTuple):
    """The way to a host: through which device, and the MTU where it is not the device's."""

    device: str | None
    mtu: int | None
