"""charon itself: what it says of its threads, jobs, memory and SAs, and what runs it.

Each measure is a number or None where it is not known; units as in :data:`MEASURES`.

==================== ===== ==========================================================
measure              unit  from
==================== ===== ==========================================================
uptime               s     statusall, whole units of what it prints
threads_idle               worker threads that wait for a job
working_PRIORITY           worker threads at a job of that priority
queue_PRIORITY             jobs of that priority that wait for a worker thread
queue                      all jobs that wait
scheduled                  jobs that wait for their time
heap, heap_used      B     mallinfo(3); a number that has passed 32 bits is None
resident             B     /proc/PID/status
half_open                  IKE_SAs that a peer has begun and not authenticated
ike_sas, child_sas         those that are listed
unlisted                   IKE_SAs and CHILD_SAs that ipsec.conf does not name
==================== ===== ==========================================================

Upstream: strongSwan, src/libcharon/plugins/stroke/stroke_list.c, ``status``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import CaptureError, DaemonNotRunning, UsageError
from check_ipsec.host.host import DEFAULT_TIMEOUT, Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import IkeSa, IkeState, Memory, Status, Threads
from check_ipsec.model.system import Process
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.second_look import may_look_again
from check_ipsec.moment.surroundings import Surroundings, take
from check_ipsec.truth.modules import lacking
from check_ipsec.truth.observe import OF_CHARON, Question, chosen
from check_ipsec.truth.unlisted import unlisted

AROUND = (
    *(Source.LISTCOUNTERS, Source.PID_FILE, Source.INIT_STATUS, Source.CHARON_STATUS),
    Source.CHARON_CGROUP,
    *(Source.STARTER_SERVICE, Source.SWANCTL_SERVICE, Source.LARVAL_DROP, Source.ACQ_EXPIRES),
    *(Source.MODULES, Source.MODULES_BUILTIN, Source.BOOT_ID),
)
OF_COUNTERS = (Source.LISTCOUNTERS_ALL, Source.COUNTERS, Source.COUNTERS_ALL)
SOURCES = (*OF_CHARON, *OF_COUNTERS, *AROUND, Source.MODULES_DEP)
PRIORITIES = ("critical", "high", "medium", "low")
HALF_OPEN = (IkeState.CREATED, IkeState.CONNECTING)
# where mallinfo counts with 32 bits (strongSwan before glibc's mallinfo2)
WRAPS = 2**32

Measures = dict[str, "float | None"]


class Charon(NamedTuple):
    """charon and its surroundings at one moment.

    ``asked_for`` are the connections that the question is about.
    """

    configuration: Configuration
    asked_for: tuple[Connection, ...]
    snapshot: Surroundings

    @property
    def status(self) -> Status | None:
        """What charon says, None where it does not answer."""
        daemon = self.snapshot.daemon
        return daemon.status if isinstance(daemon, Daemon) else None

    @property
    def silence(self) -> DaemonNotRunning | None:
        """Why it does not answer."""
        daemon = self.snapshot.daemon
        return daemon if isinstance(daemon, DaemonNotRunning) else None

    @property
    def partial(self) -> bool:
        """Whether it has left busy SAs out of its answer."""
        return isinstance(self.snapshot.daemon, Daemon) and self.snapshot.daemon.partial

    @property
    def process(self) -> Process | None:
        """The process that the pid file names, where that is a charon."""
        process = self.snapshot.process
        return process if isinstance(process, Process) and is_charon(process) else None


class Asked(NamedTuple):
    """What is asked of a host.

    ``include`` and ``exclude`` are globs over connection names; ``by_name`` asks for the
    counters of each connection too; ``timeout`` and ``pause``, before the second look, are
    in seconds.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    by_name: bool = False
    timeout: float = DEFAULT_TIMEOUT
    pause: float = 1.0


def is_charon(process: Process) -> bool:
    """Whether it is charon, or one of its kind such as ``charon-systemd``."""
    return process.name.startswith("charon")


def observe(host: Host, asked: Asked, fleeting: Callable[[Measures], bool]) -> Charon:
    """Ask ``host``; charon a second time where its measures are ``fleeting``.

    Raises CheckIpsecError where nothing can be said.
    """
    configuration = configured(host)
    asked_for = chosen(configuration.connections, Question(asked.include, asked.exclude))
    if configuration.connections and not asked_for:
        raise UsageError(f"no connection of {configuration.path} matches -i and -e")
    deadline = Deadline(asked.timeout)
    found = Charon(configuration, asked_for, take(host, deadline, configuration, OF_CHARON))
    status = found.status
    if status is None:
        return found
    around = take(host, deadline, configuration, AROUND)._replace(daemon=found.snapshot.daemon)
    found = found._replace(snapshot=around)
    if asked.by_name:
        found = with_more(host, deadline, found, Source.LISTCOUNTERS_ALL, "counters_by_name")
    if lacking(found.asked_for, status, found.snapshot):
        found = with_more(host, deadline, found, Source.MODULES_DEP, "loadable_modules")
    if not fleeting(of_status(found)) or not may_look_again(host, deadline, asked.pause):
        return found
    daemon = take(host, deadline, configuration, OF_CHARON).daemon
    if not isinstance(daemon, Daemon):
        return found
    return found._replace(snapshot=found.snapshot._replace(daemon=daemon))


def with_more(host: Host, deadline: Deadline, found: Charon, source: Source, field: str) -> Charon:
    """The same with one more source, which a captured host need not have."""
    try:
        more = getattr(take(host, deadline, found.configuration, (source,)), field)
    except CaptureError:
        return found
    return found._replace(snapshot=found.snapshot._replace(**{field: more}))


# --- measures -----------------------------------------------------------------------


def of_status(charon: Charon) -> Measures:
    """The measures of one moment."""
    status = charon.status
    if status is None:
        return {}
    resident = charon.process.resident if charon.process else None
    memory = status.daemon.memory
    heap = whole_heap(memory, resident)
    return {
        "uptime": status.daemon.uptime,
        **dict(of_threads(status.daemon.threads)),
        "heap": heap,
        "heap_used": memory.used % WRAPS if memory and heap is not None else None,
        "resident": resident,
        "half_open": sum(map(is_half_open, status.ike_sas)),
        "ike_sas": len(status.ike_sas),
        "child_sas": sum(len(ike.child_sas) for ike in status.ike_sas),
        "unlisted": number_unlisted(charon.configuration.connections, status),
    }


def of_threads(threads: Threads | None) -> Iterator[tuple[str, float | None]]:
    """Threads, those working and jobs waiting by priority, jobs to come."""
    yield "threads_idle", threads and threads.idle
    for kind, field in (("working", "working"), ("queue", "queued")):
        for number, priority in enumerate(PRIORITIES):
            yield f"{kind}_{priority}", getattr(threads, field)[number] if threads else None
    yield "queue", sum(threads.queued) if threads else None
    yield "scheduled", threads and threads.scheduled


def whole_heap(memory: Memory | None, resident: int | None) -> int | None:
    """charon's heap in bytes, None where it is not known, or has passed 32 bits.

    A process that has more in memory than its heap and its programs has a larger heap.
    """
    if memory is None:
        return None
    heap = memory.sbrk % WRAPS + memory.mmap % WRAPS
    wrapped = resident is not None and resident - heap > WRAPS // 2
    return None if wrapped else heap


def is_half_open(ike: IkeSa) -> bool:
    """Whether a peer has begun the IKE_SA, and not yet shown who it is."""
    return ike.state in HALF_OPEN and not ike.initiator


def number_unlisted(connections: Iterable[Connection], status: Status) -> int:
    """How many SAs ipsec.conf does not name; half-open ones have no name yet."""
    found = unlisted(connections, status)
    ike_sas = (ike for ike in found.ike_sas if not is_half_open(ike))
    return len(found.sas) + len(found.superseded) + sum(1 for _ in ike_sas)
