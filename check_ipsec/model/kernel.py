"""What the kernel says: ``ip xfrm state`` and ``ip xfrm policy``."""

from __future__ import annotations

from typing import NamedTuple

from check_ipsec.model.unread import UnreadLine, UnreadRecord


class Mark(NamedTuple):
    """A firewall mark and the mask under which it is compared."""

    value: int
    mask: int


class Selector(NamedTuple):
    """The traffic that a state or a policy is for.

    ``source`` and ``destination`` are networks as ``ip`` prints them (``10.0.0.1/32``);
    ``protocol``, the ports and ``interface`` are None where any will do. ``rest`` is what
    else narrows the protocol (``type 8 code 0``), as printed.
    """

    source: str
    destination: str
    protocol: str | None = None
    source_port: str | None = None
    destination_port: str | None = None
    rest: str | None = None
    interface: str | None = None


class XfrmState(NamedTuple):
    """A state of the kernel's security association database.

    ``protocol`` is a word as ``ip`` prints it (``esp``, ``ah``, ``comp``, or a
    number), the algorithms are the kernel's names. A larval state, waiting for a key
    exchange, has SPI 0 and no algorithm. ``direction`` (``in`` or ``out``) and ``selector``
    are None where it has none.
    """

    source: str
    destination: str
    protocol: str
    spi: int
    reqid: int
    mode: str
    authentication: str | None = None
    encryption: str | None = None
    compression: str | None = None
    mark: Mark | None = None
    if_id: int | None = None
    direction: str | None = None
    selector: Selector | None = None
    understood: bool = True


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


class Template(NamedTuple):
    """What a policy asks of traffic. ``required`` is false for level ``use``."""

    source: str
    destination: str
    protocol: str
    spi: int
    reqid: int
    mode: str
    required: bool


class XfrmPolicy(NamedTuple):
    """A policy of the kernel's security policy database.

    ``direction`` is ``in``, ``out`` or ``fwd``; ``action`` is ``allow`` or ``block``.
    """

    selector: Selector
    direction: str
    action: str
    priority: int
    templates: tuple[Template, ...]
    mark: Mark | None = None
    if_id: int | None = None
    understood: bool = True


class States(NamedTuple):
    """All of ``ip xfrm state``."""

    states: tuple[XfrmState, ...] = ()
    unread: tuple[UnreadRecord, ...] = ()
    lines: tuple[UnreadLine, ...] = ()


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


class Policies(NamedTuple):
    """All of ``ip xfrm policy``, in its order: the policy that was added last comes first."""

    policies: tuple[XfrmPolicy, ...] = ()
    unread: tuple[UnreadRecord, ...] = ()
    lines: tuple[UnreadLine, ...] = ()
