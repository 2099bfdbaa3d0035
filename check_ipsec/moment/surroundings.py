"""charon and what surrounds it: counts of the kernel and of charon, its process, the system.

In a module of its own, for check_ipsec needs nothing of it and starts every minute.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from check_ipsec.errors import CheckIpsecError, DaemonNotRunning
from check_ipsec.grammar import listcounters, system, xfrm_stat, xfrm_statistics
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Configuration
from check_ipsec.model.counters import CounterLists
from check_ipsec.model.system import Process
from check_ipsec.model.traffic import ErrorCounts, Statistics
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.snapshot import read, read_daemon, uses_libipsec


class Surroundings(NamedTuple):
    """One moment; a field is None where its source was not to be asked.

    ``counted`` is when the statistics were read, in the middle of that. The kernel is not
    asked for them where it knows nothing of the SAs because charon does ESP itself.
    """

    daemon: Daemon | DaemonNotRunning | None = None
    statistics: Statistics | CheckIpsecError | None = None
    errors: ErrorCounts | CheckIpsecError | None = None
    counted: datetime | None = None
    counters: CounterLists | CheckIpsecError | None = None
    counters_by_name: CounterLists | CheckIpsecError | None = None
    pid: int | CheckIpsecError | None = None
    first_process: Process | CheckIpsecError | None = None
    process: Process | CheckIpsecError | None = None
    group: str | CheckIpsecError | None = None
    starter_service: tuple[int, ...] | CheckIpsecError | None = None
    swanctl_service: tuple[int, ...] | CheckIpsecError | None = None
    larval_drop: int | CheckIpsecError | None = None
    acq_expires: int | CheckIpsecError | None = None
    modules: frozenset[str] | CheckIpsecError | None = None
    builtin_modules: frozenset[str] | CheckIpsecError | None = None
    loadable_modules: frozenset[str] | CheckIpsecError | None = None
    boot: str | CheckIpsecError | None = None


def take(
    host: Host, deadline: Deadline, configuration: Configuration, sources: Collection[Source]
) -> Surroundings:
    """Read and parse ``sources``, as :func:`check_ipsec.moment.snapshot.take` does."""
    taken = Surroundings()
    if Source.STATUSALL in sources:
        taken = taken._replace(daemon=read_daemon(host, deadline, configuration))
    if Source.XFRM_STATISTICS in sources and not uses_libipsec(taken.daemon):
        begin = host.time
        statistics = read(host, deadline, Source.XFRM_STATISTICS, xfrm_statistics.parse)
        taken = taken._replace(statistics=statistics, counted=middle(begin, host.time))
    others: dict[str, Any] = {
        field: read(host, deadline, source, parse)
        for field, (source, parse) in others_of(configuration, sources).items()
    }
    return taken._replace(**others)


def others_of(
    configuration: Configuration, sources: Collection[Source]
) -> dict[str, tuple[Source, Parse]]:
    """What is read as it comes, by field: ``sources``, or what stands for them over VICI."""
    asked = {field: reading for field, reading in OTHERS.items() if reading[0] in sources}
    if configuration.over_vici:
        asked.update({field: over_vici(*asked[field]) for field in OF_CHARON & asked.keys()})
    return asked


def over_vici(source: Source, _: Parse) -> tuple[Source, Parse]:
    """What is asked over VICI in place of a source of stroke."""
    from check_ipsec.grammar.counters import parse

    other = Source.COUNTERS if source is Source.LISTCOUNTERS else Source.COUNTERS_ALL
    return other, parse


def middle(begin: datetime | None, end: datetime | None) -> datetime | None:
    """The time between two."""
    return begin + (end - begin) / 2 if begin and end else None


Parse = Callable[[str, str], Any]
OF_CHARON = {"counters", "counters_by_name"}
# what is read as it comes
OTHERS: dict[str, tuple[Source, Parse]] = {
    "errors": (Source.XFRM_STAT, xfrm_stat.parse),
    "counters": (Source.LISTCOUNTERS, listcounters.parse),
    "counters_by_name": (Source.LISTCOUNTERS_ALL, listcounters.parse),
    "pid": (Source.PID_FILE, system.number),
    "first_process": (Source.INIT_STATUS, system.process),
    "process": (Source.CHARON_STATUS, system.process),
    "group": (Source.CHARON_CGROUP, system.group),
    "starter_service": (Source.STARTER_SERVICE, system.numbers),
    "swanctl_service": (Source.SWANCTL_SERVICE, system.numbers),
    "larval_drop": (Source.LARVAL_DROP, system.number),
    "acq_expires": (Source.ACQ_EXPIRES, system.number),
    "modules": (Source.MODULES, system.modules),
    "builtin_modules": (Source.MODULES_BUILTIN, system.module_files),
    "loadable_modules": (Source.MODULES_DEP, system.module_files),
    "boot": (Source.BOOT_ID, system.name),
}
