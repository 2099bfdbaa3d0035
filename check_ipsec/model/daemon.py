"""What charon says: ``ipsec statusall``."""

from enum import Enum
from typing import NamedTuple, Optional

from check_ipsec.model.unread import UnreadLine


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

    version: Optional[str]
    system: Optional[str]
    uptime: Optional[int]
    since: Optional[str]
    memory: Optional[Memory]
    threads: Optional[Threads]
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

    identity: Optional[str]
    method: str
    constraints: tuple[tuple[str, str], ...] = ()


class ChildConfig(NamedTuple):
    """A ``child:`` line: a CHILD_SA that charon may negotiate."""

    name: str
    local_ts: tuple[str, ...]
    remote_ts: tuple[str, ...]
    mode: str
    dpd_action: Optional[str]


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
    dpd_delay: Optional[int]
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
    packets: Optional[int]
    last_use: Optional[int]


class ChildSa(NamedTuple):
    """A CHILD_SA.

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
    protocol: Optional[str]
    udp_encapsulation: bool
    spi_in: Optional[int]
    spi_out: Optional[int]
    cpi_in: Optional[int]
    cpi_out: Optional[int]
    expires_in: Optional[int]
    proposal: Optional[str]
    inbound: Optional[Traffic]
    outbound: Optional[Traffic]
    rekey_in: Optional[int]
    rekeying_due: bool
    local_ts: tuple[str, ...]
    remote_ts: tuple[str, ...]
    understood: bool = True


class Trap(NamedTuple):
    """A trap: a policy without an SA, which waits for traffic.

    ``reqid`` and ``unique_id`` are as those of a CHILD_SA. Over VICI a trap has no
    ``unique_id`` and, before 6.0.2, no ``reqid``: None.
    """

    name: str
    unique_id: Optional[int]
    mode: str
    reqid: Optional[int]
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
    age: Optional[int]
    local_host: str
    local_id: str
    remote_host: str
    remote_id: str
    remote_eap_id: Optional[str]
    version: str
    initiator_spi: str
    responder_spi: str
    initiator: bool
    rekey_in: Optional[int]
    reauth_in: Optional[int]
    proposal: Optional[str]
    tasks_queued: tuple[str, ...]
    tasks_active: tuple[str, ...]
    tasks_passive: tuple[str, ...]
    child_sas: tuple[ChildSa, ...]
    understood: bool = True


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
    traps: tuple[Trap, ...]
    up: int
    connecting: int
    ike_sas: tuple[IkeSa, ...]
    unread: tuple[UnreadLine, ...]
