"""What can be wrong with charon and its surroundings.

Those of the first table are a measure or a rate outside its range; those of the second are
wrong by themselves, and found here.

=================== ==================================================================
trouble             where
=================== ==================================================================
COUNTERS            who asks may not ask for the counters, or they are cut
BUSY                charon has left busy SAs out of its answer, which were busy for
                    longer than it was waited for
PID_FILE            the pid file names a process that is not there, or is no charon,
                    though charon answers
BY_HAND             charon is in the session of a login (systemd-logind, session scope),
                    not in a service: ``ipsec restart`` beside systemd, which then takes
                    its service for dead, and starts a second one at will
TWO_SERVICES        both services have processes: one of the two charons has no sockets
MODULE              see modules.py
LARVAL_DROP         0: the kernel queues packets while an SA is negotiated, and sends
                    them when it is there (net/xfrm/xfrm_policy.c,
                    xfrm_create_dummy_bundle)
=================== ==================================================================

What is not known is no trouble: a host without systemd, without a pid file, or in a
container, has none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from check_ipsec.errors import NotPermitted, ParseError
from check_ipsec.model.system import Process
from check_ipsec.moment.surroundings import Surroundings
from check_ipsec.truth.charon import Charon, is_charon
from check_ipsec.truth.modules import missing
from check_ipsec.truth.reasons import Heading

# of systemd-logind, src/login/logind-session.c
SESSION = re.compile(r"/session-[^/]+\.scope(?:/|$)|/user@[0-9]+\.service/")


class Trouble(Heading):
    """The fixed words, which the runbook has as headings."""

    YOUNG = "charon started a moment ago"
    THREADS = "few idle threads"
    QUEUE = "jobs are waiting"
    MEMORY = "much memory"
    GROWTH = "memory grows"
    HALF_OPEN = "half-open IKE_SAs"
    NUMBER = "number of SAs"
    UNANSWERED = "requests without responses"
    INVALID = "invalid messages"
    REKEYS = "many rekeys"
    COUNTERS = "counters not known"
    BUSY = "busy SAs"
    PID_FILE = "pid file of another process"
    BY_HAND = "started by hand"
    TWO_SERVICES = "two services"
    MODULE = "kernel module missing"
    LARVAL_DROP = "larval_drop is off"
    ACQ_EXPIRES = "acq_expires"


class Found(NamedTuple):
    """A trouble, in a few words of this host."""

    trouble: Trouble
    text: str


def troubles(charon: Charon) -> Iterator[Found]:
    """What is wrong by itself with a charon that answers, in the order of the table."""
    snapshot = charon.snapshot
    if isinstance(snapshot.counters, (NotPermitted, ParseError)):
        yield Found(Trouble.COUNTERS, str(snapshot.counters))
    if charon.partial:
        yield Found(Trouble.BUSY, "charon leaves busy SAs out of its answer")
    yield from of_process(snapshot)
    status = charon.status
    if status:
        for module in sorted(missing(charon.asked_for, status, snapshot)):
            yield Found(Trouble.MODULE, f"the kernel has no module {module}")
    if snapshot.larval_drop == 0:
        yield Found(Trouble.LARVAL_DROP, "xfrm_larval_drop is off")


def of_process(snapshot: Surroundings) -> Iterator[Found]:
    """What is wrong with the way in which charon runs."""
    pid, process, group = snapshot.pid, snapshot.process, snapshot.group
    if isinstance(process, Process) and not is_charon(process):
        text = f"the pid file names {process.pid}, which is {process.name}"
        yield Found(Trouble.PID_FILE, text)
    elif isinstance(pid, int) and not isinstance(process, Process) and shows_all(snapshot):
        yield Found(Trouble.PID_FILE, f"the pid file names {pid}, which is no process")
    elif isinstance(group, str) and SESSION.search(group):
        yield Found(Trouble.BY_HAND, "charon was started by hand, not by its service")
    if is_running(snapshot.starter_service) and is_running(snapshot.swanctl_service):
        yield Found(Trouble.TWO_SERVICES, "strongswan-starter and strongswan both run")


def shows_all(snapshot: Surroundings) -> bool:
    """Whether /proc shows processes of other users (proc(5), hidepid)."""
    return isinstance(snapshot.first_process, Process)


def is_running(service: object) -> bool:
    """Whether a service has processes."""
    return isinstance(service, tuple) and bool(service)
