"""Whether protected traffic flows: a connection that is up may still carry nothing.

The first row that holds decides. *Flows* is at least one packet since the last run.

===  ===========================================================  ==================
row  since the last runs                                          flow
===  ===========================================================  ==================
1    no CHILD_SA                                                  DOWN
2    no earlier run, or charon or the host started since          NEW
3    integrity failures above their limit                         DAMAGED
4    replayed packets above their limit, and not just a few of    REPLAYED
     all that came
5    one way flows, the other has been silent for so long, and    ONE_WAY
     was never seen to flow
6    the same, and the other one did flow before                  STALLED
7    a hard limit of a state is near, and nothing newer is there  ENDING
7b   the way to the peer carries less than the MTU asked for      NARROW
8    a packet either way                                          FLOWS
9    none                                                         IDLE
===  ===========================================================  ==================

A way is *silent* since the run before the first one in which only the other one flowed. The
other one still *flows* for twice as long as a way may be silent, so that who tries again now
and then is not healthy in between; after that, a connection without traffic is healthy.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from check_ipsec.model.daemon import ChildSa, ChildState
from check_ipsec.model.traffic import StateTraffic
from check_ipsec.truth.flow import Passed, Sa


class Flow(Enum):
    """What a connection carries."""

    DAMAGED = "integrity failures"
    REPLAYED = "replays"
    STALLED = "stalled"
    ONE_WAY = "one way"
    ENDING = "ending"
    NARROW = "MTU too small"
    DOWN = "down"
    NEW = "new"
    FLOWS = "flows"
    IDLE = "idle"


# a rate of what is refused is over so many at least: one packet between two runs that follow
# one another is no storm
SECONDS = 10.0
# of so many packets one may come twice or late, however many there are: the net reorders
RARE = 1000
# the kernel's dates have seconds
LEAST = 2.0
WRONG = (Flow.DAMAGED, Flow.STALLED, Flow.ONE_WAY, Flow.REPLAYED, Flow.ENDING, Flow.NARROW)


class Limit(NamedTuple):
    """What is too much: packets per second, seconds of silence (0: any), percent of a limit.

    ``mtu`` is the least MTU on the way to a peer, 0 where that is not asked for.
    """

    failed: float
    replayed: float
    silent: float
    near: float
    mtu: int = 0


class Way(NamedTuple):
    """One direction of a connection: whether it was ever seen to flow, and since when silent.

    ``silent_since``, None where it is not, and ``last``, when it was last seen to flow, are
    seconds since 1970.
    """

    flowed: bool = False
    silent_since: float | None = None
    last: float | None = None


class Track(NamedTuple):
    """A connection over its runs: all that passed, and how each way does."""

    total: Passed = Passed()
    inbound: Way = Way()
    outbound: Way = Way()


class Carried(NamedTuple):
    """What a connection has carried since the last run, ``seconds`` ago; None without one.

    ``mtu`` is that of the way to the peer, a text why there is none, None where not asked for.
    ``seen_in`` and ``seen_out`` are how many of these seconds its states were seen.
    """

    name: str
    sas: tuple[Sa, ...]
    states: tuple[StateTraffic, ...]
    passed: Passed
    track: Track
    seconds: float | None
    now: float
    mtu: str | int | None = None
    seen_in: float = 0.0
    seen_out: float = 0.0

    def rates(self) -> tuple[float | None, float | None]:
        """Octets per second in and out; None where they were not seen for long enough."""
        ways = ((self.passed.inbound, self.seen_in), (self.passed.outbound, self.seen_out))
        inbound, outbound = (
            way.octets / seen if seen and (seen == self.seconds or seen >= LEAST) else None
            for way, seen in ways
        )
        return inbound, outbound


class Judged(NamedTuple):
    """A connection and its flow; ``detail`` says how much, or since when."""

    carried: Carried
    flow: Flow
    detail: str = ""


def followed(track: Track, passed: Passed, then: float, now: float) -> Track:
    """A connection's track with what has passed from ``then`` until ``now``."""
    inbound, outbound = passed.inbound.packets > 0, passed.outbound.packets > 0
    return Track(
        track.total.plus(passed),
        after(track.inbound, inbound, outbound, then, now),
        after(track.outbound, outbound, inbound, then, now),
    )


def after(way: Way, flows: bool, other_flows: bool, then: float, now: float) -> Way:
    """One way after a run."""
    if flows:
        return Way(flowed=True, last=now)
    if other_flows and way.silent_since is None:
        return way._replace(silent_since=then)
    return way


def judge(one: Carried, limit: Limit) -> Judged:
    """The first row that holds."""
    if not one.sas:
        return Judged(one, Flow.DOWN)
    if one.seconds is None:
        return Judged(one, Flow.NEW)
    return (
        refused(one, limit)
        or silent(one, limit)
        or ending(one, limit)
        or narrow(one, limit)
        or Judged(one, Flow.FLOWS if flows(one.passed) else Flow.IDLE)
    )


def flows(passed: Passed) -> bool:
    """Whether anything passed."""
    return passed.inbound.packets > 0 or passed.outbound.packets > 0


def compared(found: Iterable[Judged]) -> tuple[Judged, ...]:
    """The same; a silent one says which other connection to its peer flows both ways."""
    every = tuple(found)
    well: dict[str, str] = {}
    for one in every:
        passed = one.carried.passed
        if one.flow is Flow.FLOWS and passed.inbound.packets and passed.outbound.packets:
            for ike, _ in one.carried.sas:
                well.setdefault(ike.remote_id, one.carried.name)
    return tuple(beside(one, well) for one in every)


def beside(one: Judged, well: dict[str, str]) -> Judged:
    """One of them; ``well`` names a connection that flows by the identity of its peer."""
    if one.flow not in (Flow.ONE_WAY, Flow.STALLED):
        return one
    for ike, _ in one.carried.sas:
        if ike.remote_id in well:
            return one._replace(detail=f"{one.detail}; {well[ike.remote_id]} to that peer flows")
    return one


def refused(one: Carried, limit: Limit) -> Judged | None:
    """Rows 3 and 4."""
    seconds = max(one.seconds or 0.0, SECONDS)
    failed = one.passed.refused.failed / seconds
    again = one.passed.refused.replayed + one.passed.refused.late
    many = again * RARE > one.passed.inbound.packets
    if failed > limit.failed:
        return Judged(one, Flow.DAMAGED, f"{failed:.3g}/s")
    if again / seconds > limit.replayed and many:
        return Judged(one, Flow.REPLAYED, f"{again / seconds:.3g}/s")
    return None


def silent(one: Carried, limit: Limit) -> Judged | None:
    """Rows 5 and 6."""
    for way, other, words in (
        (one.track.inbound, one.track.outbound, ("in", "out")),
        (one.track.outbound, one.track.inbound, ("out", "in")),
    ):
        if way.silent_since is None or other.last is None or not limit.silent:
            continue
        if one.now - other.last > 2 * limit.silent:
            continue
        seconds = one.now - way.silent_since
        if seconds >= limit.silent:
            flow = Flow.STALLED if way.flowed else Flow.ONE_WAY
            return Judged(one, flow, f"nothing {words[0]} for {seconds:.0f} s, {words[1]} flows")
    return None


def ending(one: Carried, limit: Limit) -> Judged | None:
    """Row 7."""
    if any(renews(child) for _, child in one.sas):
        return None
    for state in one.states:
        for used, most, unit in (
            (state.octets, state.limits.octets, "bytes"),
            (state.packets, state.limits.packets, "packets"),
        ):
            if most and used * 100 >= most * limit.near:
                return Judged(one, Flow.ENDING, f"{used} of {most} {unit}")
    left = [child.expires_in for _, child in one.sas if child.expires_in is not None]
    most = max((state.limits.seconds or 0 for state in one.states), default=0)
    if left and most and (most - max(left)) * 100 >= most * limit.near:
        return Judged(one, Flow.ENDING, f"{max(left)} s left")
    return None


def narrow(one: Carried, limit: Limit) -> Judged | None:
    """Row 7b; a text is why there is no route."""
    if isinstance(one.mtu, str):
        return Judged(one, Flow.NARROW, one.mtu)
    if one.mtu is not None and one.mtu < limit.mtu:
        return Judged(one, Flow.NARROW, f"{one.mtu} on the way to the peer")
    return None


def renews(child: ChildSa) -> bool:
    """Whether charon will replace a CHILD_SA, or is about to."""
    return (
        child.rekey_in is not None or child.rekeying_due or child.state is not ChildState.INSTALLED
    )


def worst_first(found: Iterable[Judged]) -> list[Judged]:
    """What is wrong first, then by name."""
    order = list(Flow)
    return sorted(found, key=lambda one: (order.index(one.flow), one.carried.name))
