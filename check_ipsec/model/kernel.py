"""What the kernel says: ``ip xfrm state`` and ``ip xfrm policy``."""

from typing import NamedTuple, Optional

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
    protocol: Optional[str] = None
    source_port: Optional[str] = None
    destination_port: Optional[str] = None
    rest: Optional[str] = None
    interface: Optional[str] = None


class XfrmState(NamedTuple):
    """A state of the kernel's security association database.

    ``protocol`` is a word as ``ip`` prints it (``esp``, ``ah``, ``comp``, or a
    number), the algorithms are the kernel's names. A larval state, waiting for a key
    exchange, has SPI 0 and no algorithm. ``direction`` (``in`` or ``out``) and ``selector``
    are None where it has none. ``esn``: it has extended sequence numbers.
    """

    source: str
    destination: str
    protocol: str
    spi: int
    reqid: int
    mode: str
    authentication: Optional[str] = None
    encryption: Optional[str] = None
    compression: Optional[str] = None
    mark: Optional[Mark] = None
    if_id: Optional[int] = None
    direction: Optional[str] = None
    selector: Optional[Selector] = None
    esn: bool = False
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
    mark: Optional[Mark] = None
    if_id: Optional[int] = None
    understood: bool = True


class States(NamedTuple):
    """All of ``ip xfrm state``."""

    states: tuple[XfrmState, ...] = ()
    unread: tuple[UnreadRecord, ...] = ()
    lines: tuple[UnreadLine, ...] = ()


class Policies(NamedTuple):
    """All of ``ip xfrm policy``, in its order: the policy that was added last comes first."""

    policies: tuple[XfrmPolicy, ...] = ()
    unread: tuple[UnreadRecord, ...] = ()
    lines: tuple[UnreadLine, ...] = ()
