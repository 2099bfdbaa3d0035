"""The facts that the texts state, typed. No behaviour beyond plain questions.

All are named tuples: a host of 10,000 connections has 60,000 of them, and a
named tuple costs a quarter of a frozen dataclass, to create and to define.
Absent is ``None``, never 0. Durations are seconds; charon prints them cut to one
unit (``2 hours`` stands for 2:00:01 to 2:59:59), so they are lower bounds.
Lines are counted from 1.
"""

from enum import Enum
from typing import NamedTuple

# --- ipsec.conf ---------------------------------------------------------------


class Connection(NamedTuple):
    """A ``conn`` section of ipsec.conf with all that it inherits.

    ``settings`` are the effective key-value pairs, sorted by key. A key that is unset
    (``key=``) does not occur; ``key=""`` is an empty value. ``file`` and ``line`` are
    where the section begins first. ``problem`` says why charon's starter would drop
    the connection (file, line and bad keyword), or is None.
    """

    name: str
    file: str
    line: int
    settings: tuple[tuple[str, str], ...]
    problem: str | None = None

    def setting(self, key: str) -> str | None:
        """The effective value of ``key``, or None where it is not set."""
        for name, value in self.settings:
            if name == key:
                return value
        return None

    @property
    def printed_name(self) -> str:
        """The name as it can be told from the padding that charon prints before it."""
        return self.name.lstrip(" ")


class Configuration(NamedTuple):
    """ipsec.conf with its includes, resolved.

    ``setup`` are the pairs of ``config setup``. ``files`` are all files read, in
    order, the main one first.
    """

    path: str
    connections: tuple[Connection, ...]
    setup: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()


# --- ipsec statusall ----------------------------------------------------------


class Memory(NamedTuple):
    """charon's heap in bytes, as mallinfo(3) counts it."""

    sbrk: int
    mmap: int
    used: int
    free: int


class Threads(NamedTuple):
    """charon's worker threads and its job queue.

    ``working`` and ``queued`` count by priority: critical, high, medium, low.
    """

    idle: int
    total: int
    working: tuple[int, int, int, int]
    queued: tuple[int, int, int, int]
    scheduled: int


class Daemon(NamedTuple):
    """The head of ``statusall``; what it does not say, or not as expected, is None.

    ``version`` is strongSwan's, as printed.
    """

    version: str | None
    system: str | None
    uptime: int | None
    since: str | None
    memory: Memory | None
    threads: Threads | None
    plugins: tuple[str, ...]


class Pool(NamedTuple):
    """A virtual IP pool: number of addresses, leases in use, leases kept."""

    name: str
    size: int
    online: int
    offline: int


class AuthRound(NamedTuple):
    """One authentication round of a loaded connection.

    ``identity`` is None where any is accepted. ``constraints`` are the lines
    below it as pairs of keyword (``ca``, ``im-ca``, ``cert``, ``ocsp``, ``crl``,
    ``group``) and text.
    """

    identity: str | None
    method: str
    constraints: tuple[tuple[str, str], ...] = ()


class ChildConfig(NamedTuple):
    """A ``child:`` line: a CHILD_SA that charon may negotiate."""

    name: str
    local_ts: tuple[str, ...]
    remote_ts: tuple[str, ...]
    mode: str
    dpd_action: str | None


class Peer(NamedTuple):
    """A peer configuration that charon has loaded, with its children.

    Connections of ipsec.conf with equal peer settings are merged into one.
    ``local`` and ``remote`` are the configured address lists as printed, after
    charon put the local end first. ``dpd_delay`` is in seconds. ``understood``: as a known
    release prints it, with nothing unread; so in all records below.
    """

    name: str
    local: str
    remote: str
    version: str
    aggressive: bool
    dpd_delay: int | None
    local_rounds: tuple[AuthRound, ...]
    remote_rounds: tuple[AuthRound, ...]
    children: tuple[ChildConfig, ...]
    understood: bool = True


class Shunt(NamedTuple):
    """An installed shunt policy; ``mode`` is PASS or DROP."""

    name: str
    local_ts: tuple[str, ...]
    remote_ts: tuple[str, ...]
    mode: str
    understood: bool = True


class IkeState(Enum):
    """States of an IKE_SA (ike_sa.c, ike_sa_state_names)."""

    CREATED = "CREATED"
    CONNECTING = "CONNECTING"
    ESTABLISHED = "ESTABLISHED"
    PASSIVE = "PASSIVE"
    REKEYING = "REKEYING"
    REKEYED = "REKEYED"
    DELETING = "DELETING"
    DESTROYING = "DESTROYING"
    UNKNOWN = "(unknown)"


class ChildState(Enum):
    """States of a CHILD_SA (child_sa.c, child_sa_state_names)."""

    CREATED = "CREATED"
    ROUTED = "ROUTED"
    INSTALLING = "INSTALLING"
    INSTALLED = "INSTALLED"
    UPDATING = "UPDATING"
    REKEYING = "REKEYING"
    REKEYED = "REKEYED"
    RETRYING = "RETRYING"
    DELETING = "DELETING"
    DELETED = "DELETED"
    DESTROYING = "DESTROYING"
    UNKNOWN = "(unknown)"


class Traffic(NamedTuple):
    """What went through a CHILD_SA in one direction.

    ``packets`` is None where the release does not print it, ``last_use`` (seconds
    ago) where no use is known.
    """

    octets: int
    packets: int | None
    last_use: int | None


class ChildSa(NamedTuple):
    """A CHILD_SA or, in state ROUTED, a trap.

    SPIs and CPIs are numbers and known in state INSTALLED only, ``in`` and
    ``out`` as seen from this host. ``reqid`` is the one that ties it to the
    kernel's policies (releases before 5.3.0 print it as ``{N}``, so there
    ``unique_id`` is that number too). ``rekey_in`` is None where rekeying is disabled,
    ``rekeying_due`` is true for ``rekeying active``.
    """

    name: str
    unique_id: int
    state: ChildState
    mode: str
    reqid: int
    protocol: str | None
    udp_encapsulation: bool
    spi_in: int | None
    spi_out: int | None
    cpi_in: int | None
    cpi_out: int | None
    expires_in: int | None
    proposal: str | None
    inbound: Traffic | None
    outbound: Traffic | None
    rekey_in: int | None
    rekeying_due: bool
    local_ts: tuple[str, ...]
    remote_ts: tuple[str, ...]
    understood: bool = True


class IkeSa(NamedTuple):
    """An IKE_SA with the CHILD_SAs below it.

    ``age`` is known in state ESTABLISHED only. The SPIs are 16 hexadecimal
    digits as printed; ``initiator`` says that ours is the first.
    """

    name: str
    unique_id: int
    state: IkeState
    age: int | None
    local_host: str
    local_id: str
    remote_host: str
    remote_id: str
    remote_eap_id: str | None
    version: str
    initiator_spi: str
    responder_spi: str
    initiator: bool
    rekey_in: int | None
    reauth_in: int | None
    proposal: str | None
    tasks_queued: tuple[str, ...]
    tasks_active: tuple[str, ...]
    tasks_passive: tuple[str, ...]
    child_sas: tuple[ChildSa, ...]
    understood: bool = True


class UnreadLine(NamedTuple):
    """A line that the grammar does not know, and the section that it stands in.

    ``hides``: a connection or an SA may stand in it; else it is more of one that was read.
    """

    section: str
    line: int
    text: str
    hides: bool = True


class Status(NamedTuple):
    """All of ``ipsec statusall``.

    ``up`` and ``connecting`` are the counts of the header of the Security
    Associations.
    """

    daemon: Daemon
    pools: tuple[Pool, ...]
    addresses: tuple[str, ...]
    peers: tuple[Peer, ...]
    shunts: tuple[Shunt, ...]
    traps: tuple[ChildSa, ...]
    up: int
    connecting: int
    ike_sas: tuple[IkeSa, ...]
    unread: tuple[UnreadLine, ...]


# --- ip xfrm ------------------------------------------------------------------


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


class UnreadRecord(NamedTuple):
    """A state or a policy that could not be read; its ends and direction where they could."""

    source: str | None
    destination: str | None
    direction: str | None


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
