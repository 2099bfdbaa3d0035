"""One reading of a host, and all that follows from it: what the checks judge, to be graphed."""

from __future__ import annotations

from datetime import datetime, timezone
from time import monotonic
from typing import NamedTuple

from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import UsageError
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.metrics.totals import Key, totals
from check_ipsec.model.certificates import Credentials
from check_ipsec.model.configuration import Configuration
from check_ipsec.moment import snapshot
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.credentials import LISTS, Held, certificate_lists
from check_ipsec.moment.whole import Whole, take
from check_ipsec.truth import certificates
from check_ipsec.truth.certificate_items import Item
from check_ipsec.truth.charon import Charon
from check_ipsec.truth.observe import (
    OF_CHARON,
    Observation,
    Question,
    chosen,
    judged,
    may_look_again_at,
    settled,
)
from check_ipsec.truth.observe import SOURCES as OF_STATES
from check_ipsec.truth.observe_traffic import (
    TrafficObservation,
    TrafficQuestion,
    compared,
    with_mtus,
)
from check_ipsec.truth.since import NO_EARLIER
from check_ipsec.truth.traffic import Limit

MEMORY = "metrics"
AROUND = (Source.XFRM_STAT, Source.PID_FILE, Source.CHARON_STATUS, Source.BOOT_ID)
SOURCES = (
    *OF_CHARON,
    *(Source.XFRM_STATISTICS, Source.XFRM_STATE, Source.XFRM_POLICY),
    *(Source.LISTCOUNTERS, Source.LISTCOUNTERS_ALL, Source.COUNTERS, Source.COUNTERS_ALL, *LISTS),
    *AROUND,
    *(Source.LINKS, Source.ROUTE),
)
# a busy host may take so much longer than a plugin can wait
PATIENCE = 3.0
# nothing is judged, so nothing is too much
NO_LIMIT = Limit(failed=0.0, replayed=0.0, silent=0.0, near=100.0)


class Asked(NamedTuple):
    """What is asked of a host.

    ``state`` is the file that is remembered in; without it counters are those of the texts.
    """

    which: Question
    state: str | None = None
    mtus: bool = False
    counters: bool = True
    counters_by_name: bool = False
    certificates: bool = True


class Reading(NamedTuple):
    """The answer.

    ``begin`` is when it was begun, ``seconds`` how long it took. ``counters`` are totals.
    ``certificates`` is None where they were not asked for or could not be had. ``had`` says
    of each source whether its text was had. ``note`` is what is wrong with the memory.
    """

    begin: datetime
    seconds: float
    observation: Observation
    traffic: TrafficObservation
    charon: Charon
    counters: dict[Key, int]
    certificates: tuple[Item, ...] | None
    had: dict[Source, bool]
    note: str


def read(host: Host, asked: Asked) -> Reading:
    """Ask ``host``. Raises CheckIpsecError where nothing can be said."""
    started = monotonic()
    begin = host.time or datetime.now(timezone.utc)
    configuration = configured(host)
    asked_for = chosen(configuration.connections, asked.which)
    if configuration.connections and not asked_for:
        raise UsageError(f"no connection of {configuration.path} matches -i and -e")
    deadline = Deadline(asked.which.timeout, PATIENCE)
    whole = take(host, deadline, configuration, sources(asked, configuration))
    observation = observed(whole, configuration, host, deadline, asked.which)
    charon = Charon(configuration, asked_for, whole.around)
    now = (whole.around.counted or begin).timestamp()
    question = TrafficQuestion(asked.which, NO_LIMIT, asked.state, MEMORY)
    traffic = compared(whole.around, configuration, question, now)
    if asked.mtus:
        traffic = with_mtus(traffic, NO_LIMIT, host, deadline)
    counters, note = totals(charon, asked.state, now)
    return Reading(
        begin=begin,
        seconds=monotonic() - started,
        observation=observation,
        traffic=traffic,
        charon=charon,
        counters=counters,
        certificates=items(whole, charon, begin),
        had=whole.had,
        note="" if note == NO_EARLIER else note,
    )


def sources(asked: Asked, configuration: Configuration) -> tuple[Source, ...]:
    """What is read beside the SAs."""
    return (
        *AROUND,
        *((Source.LISTCOUNTERS,) if asked.counters or asked.counters_by_name else ()),
        *((Source.LISTCOUNTERS_ALL,) if asked.counters_by_name else ()),
        *(certificate_lists(configuration) if asked.certificates else ()),
    )


def observed(
    whole: Whole, configuration: Configuration, host: Host, deadline: Deadline, which: Question
) -> Observation:
    """The verdicts; what may be of a moment is looked at a second time, as check_ipsec does."""
    first = judged(whole.snapshot, configuration, which)
    if not may_look_again_at(first, host, deadline, which):
        return first
    again = snapshot.take(host, deadline, configuration, OF_STATES)
    return settled(first, judged(again, configuration, which))


def items(whole: Whole, charon: Charon, now: datetime) -> tuple[Item, ...] | None:
    """The certificates that connections use."""
    daemon, held = whole.snapshot.daemon, whole.credentials
    if not isinstance(daemon, Daemon) or not isinstance(held, Credentials):
        return None
    found = certificates.Observation(
        charon.configuration, charon.asked_for, Held(daemon, held), now
    )
    return certificates.judged(found).items
