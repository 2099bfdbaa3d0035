"""From a host to what its connections carry: read, count, compare with the last run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from time import time
from typing import NamedTuple

from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import CheckIpsecError, CommandFailed, DaemonNotRunning, UsageError
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import Status
from check_ipsec.model.traffic import ErrorCounts, StateTraffic, Statistics
from check_ipsec.model.unread import UnreadLine
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.memory import Reading, boot_id, remember
from check_ipsec.moment.routes import path_mtus
from check_ipsec.moment.snapshot import uses_libipsec
from check_ipsec.moment.surroundings import Surroundings, take
from check_ipsec.truth.facts import carrying_sas
from check_ipsec.truth.flow import Counted, Key, Passed, Sa, by_connection, counted, gaps
from check_ipsec.truth.observe import OF_CHARON, Question, chosen
from check_ipsec.truth.past import Past, as_json, comparable
from check_ipsec.truth.traffic import SECONDS, Carried, Judged, Limit, Track, Way, followed, judge
from check_ipsec.truth.traffic import compared as compared_with_others

CHECK = "traffic"
COUNTS = (*OF_CHARON, Source.XFRM_STATISTICS, Source.XFRM_STAT)
SOURCES = (*COUNTS, Source.LINKS, Source.ROUTE)


class TrafficQuestion(NamedTuple):
    """Which connections, and what is too much; ``state`` is the file that is remembered in.

    Without ``state`` nothing is. ``memory`` is the entry of that file: who compares with runs
    of its own has one of its own.
    """

    which: Question
    limit: Limit
    state: str | None = None
    memory: str = CHECK


class TrafficObservation(NamedTuple):
    """The answer: what each connection asked for carries, in the order of the file.

    ``seconds`` have passed since the last run; None, and ``note`` says why, where there is
    none that can be compared with. ``statistics_error`` says why the kernel's counts of the
    states are not known. ``rates`` are the kernel's errors per second, by their names.
    ``adds_up``: totals go on from those of earlier runs.
    """

    configuration: Configuration
    judged: tuple[Judged, ...]
    status: Status | None
    daemon_error: DaemonNotRunning | None
    statistics_error: CheckIpsecError | None
    errors: ErrorCounts | None
    rates: dict[str, float]
    seconds: float | None
    note: str
    unread: tuple[UnreadLine, ...]
    adds_up: bool = True


def observe_traffic(host: Host, question: TrafficQuestion) -> TrafficObservation:
    """Ask ``host``. Raises CheckIpsecError where nothing can be said."""
    configuration = configured(host)
    asked_for = chosen(configuration.connections, question.which)
    if configuration.connections and not asked_for:
        raise UsageError(f"no connection of {configuration.path} matches -i and -e")
    deadline = Deadline(question.which.timeout)
    snapshot = take(host, deadline, configuration, COUNTS)
    now = snapshot.counted.timestamp() if snapshot.counted else time()
    observed = compared(snapshot, configuration, question, now)
    if question.limit.mtu:
        observed = with_mtus(observed, question.limit, host, deadline)
    only = {connection.name for connection in asked_for}
    return observed._replace(
        judged=tuple(one for one in observed.judged if one.carried.name in only)
    )


def compared(
    snapshot: Surroundings, configuration: Configuration, question: TrafficQuestion, now: float
) -> TrafficObservation:
    """All connections, with what has passed since the last run."""
    status = snapshot.daemon.status if isinstance(snapshot.daemon, Daemon) else None
    statistics, errors = snapshot.statistics, snapshot.errors
    known = statistics if isinstance(statistics, Statistics) else None
    counts = errors if isinstance(errors, ErrorCounts) else None
    observed = TrafficObservation(
        configuration=configuration,
        judged=(),
        status=status,
        daemon_error=snapshot.daemon if isinstance(snapshot.daemon, DaemonNotRunning) else None,
        statistics_error=not_counted(snapshot),
        errors=counts,
        rates={},
        seconds=None,
        note="",
        unread=(*(status.unread if status else ()), *(known.lines if known else ()),
                *(counts.lines if counts else ())),
    )  # fmt: skip
    if status is None or known is None:
        return observed
    return remembered(observed, known, question, now)


def not_counted(snapshot: Surroundings) -> CheckIpsecError | None:
    """Why the kernel's counts are not known."""
    if isinstance(snapshot.statistics, CheckIpsecError):
        return snapshot.statistics
    if snapshot.statistics is None and uses_libipsec(snapshot.daemon):
        return CommandFailed("charon does ESP itself (kernel-libipsec), the kernel counts nothing")
    return None


def remembered(
    observed: TrafficObservation, statistics: Statistics, question: TrafficQuestion, now: float
) -> TrafficObservation:
    """The same, put in the place of what was remembered."""
    status = observed.status
    assert status
    boot = boot_id() if question.state else None
    sas = sas_by_name(observed.configuration.connections, status)
    found = []

    def reading(earlier: Reading | None) -> Reading:
        past, seconds, note = comparable(earlier, boot, status.daemon.since, now)
        states = counted(statistics.states, sas, status.addresses, past.states)
        passed = by_connection(states, past.states)
        then = None if seconds is None else now - seconds
        tracks = {
            name: tracked(past.tracks.get(name, Track()), passed.get(name, Passed()), then, now)
            for name in sas
        }
        errors = observed.errors.counts if observed.errors else {}
        found.append((states, passed, tracks, past, seconds, note))
        return Reading(now, boot, status.daemon.since, as_json(Past(tracks, states, errors)))

    said, usable = "no earlier reading yet", True
    if question.state:
        kept = remember(question.state, question.memory, now, reading)
        said, usable = kept.note, kept.usable
    else:
        reading(None)
    states, passed, tracks, past, seconds, note = found[-1]
    by_name = states_by_name(statistics.states, states)
    then = now - (seconds or 0.0)
    unseen = gaps(statistics.states, states, past.states, then) if seconds else {}
    judged = (
        judge(
            Carried(
                name=name,
                sas=tuple(owned),
                states=by_name[name],
                passed=passed.get(name, Passed()),
                track=tracks[name],
                seconds=seconds,
                now=now,
                seen_in=(seconds or 0.0) - unseen.get((name, True), 0.0),
                seen_out=(seconds or 0.0) - unseen.get((name, False), 0.0),
            ),
            question.limit,
        )
        for name, owned in sas.items()
    )
    return observed._replace(
        judged=compared_with_others(judged),
        rates=rates(observed.errors, past.errors, seconds),
        seconds=seconds,
        note="; ".join(filter(None, (note, said))),
        adds_up=usable,
    )


def with_mtus(
    observed: TrafficObservation, limit: Limit, host: Host, deadline: Deadline
) -> TrafficObservation:
    """The same, with the MTU on the way to the peer of each connection that is up."""
    peers = {ike.remote_host for one in observed.judged for ike, _ in one.carried.sas}
    mtus = path_mtus(host, deadline, sorted(peers))

    def widened(one: Judged) -> Judged:
        found = [mtus[ike.remote_host] for ike, _ in one.carried.sas]
        known = [mtu for mtu in found if isinstance(mtu, int)]
        errors = [str(mtu) for mtu in found if isinstance(mtu, CheckIpsecError)]
        mtu = errors[0] if errors else min(known, default=None)
        return judge(one.carried._replace(mtu=mtu), limit)

    return observed._replace(judged=compared_with_others(map(widened, observed.judged)))


def sas_by_name(connections: Iterable[Connection], status: Status) -> dict[str, list[Sa]]:
    """The CHILD_SAs that carry, of each connection."""
    names = {connection.printed_name: connection.name for connection in connections}
    found: dict[str, list[Sa]] = {connection.name: [] for connection in connections}
    every = ((ike, child) for ike in status.ike_sas for child in ike.child_sas)
    for ike, child in carrying_sas(every):
        if child.name in names:
            found[names[child.name]].append((ike, child))
    return found


def states_by_name(
    states: Iterable[StateTraffic], counts: dict[Key, Counted]
) -> dict[str, tuple[StateTraffic, ...]]:
    """The states of each connection."""
    found: dict[str, tuple[StateTraffic, ...]] = defaultdict(tuple)
    for state in states:
        count = counts.get((state.protocol, state.destination, state.spi))
        if count:
            found[count.name] += (state,)
    return found


def tracked(track: Track, passed: Passed, then: float | None, now: float) -> Track:
    """A track with what has passed since ``then``; each way begins anew where that is None."""
    if then is None:
        return Track(track.total.plus(passed), *(Way(flowed=bool(a.packets)) for a in passed[:2]))
    return followed(track, passed, then, now)


def rates(
    errors: ErrorCounts | None, before: dict[str, int], seconds: float | None
) -> dict[str, float]:
    """The kernel's errors per second since the last run; none without one.

    A counter that is less than it was has begun anew.
    """
    if errors is None or not seconds:
        return {}
    over = max(seconds, SECONDS)
    return {name: grown(before.get(name, 0), n) / over for name, n in errors.counts.items()}


def grown(before: int, now: int) -> int:
    """By how much a counter has grown."""
    return now - before if before <= now else now
