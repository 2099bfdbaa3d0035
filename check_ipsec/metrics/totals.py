"""Counts that begin anew with charon or with the kernel, as totals that never go down.

Kept from run to run: of each counter what it said last, and the total. While charon (for IKE)
or the boot (for the kernel) is the same one, the difference is added, else all that it says.
A counter that is less than it was has begun anew too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from check_ipsec.model.counters import CounterLists
from check_ipsec.model.traffic import ErrorCounts
from check_ipsec.moment.memory import Reading, remember
from check_ipsec.truth.charon import Charon
from check_ipsec.truth.since import same_charon

MEMORY = "metrics-counters"
ALL = ""
IKE, KERNEL = "ike", "kernel"

# kind, connection (ALL for the whole host), name of the counter
Key = tuple[str, str, str]


class Total(NamedTuple):
    """What a counter said last, and all that it has counted."""

    last: int
    total: int


def counts_of(charon: Charon) -> dict[Key, int]:
    """What charon and the kernel say now; what could not be had is not in it."""
    found: dict[Key, int] = {}
    around = charon.snapshot
    if isinstance(around.counters, CounterLists) and listed(around.counters_by_name):
        found.update(nothing_yet(charon, around.counters))
    for lists in (around.counters, around.counters_by_name):
        for one in lists.lists if isinstance(lists, CounterLists) else ():
            found.update(((IKE, one.name or ALL, key), value) for key, value in one.values)
    if isinstance(around.errors, ErrorCounts):
        found.update(((KERNEL, ALL, key), value) for key, value in around.errors.counts.items())
    return found


def listed(lists: object) -> bool:
    """Whether charon says what it counts."""
    return isinstance(lists, CounterLists) and lists.available


def nothing_yet(charon: Charon, whole: CounterLists) -> Iterator[tuple[Key, int]]:
    """Zeros for connections with IKE_SAs of their own; charon lists them once it has counted."""
    keys = [key for one in whole.lists if one.name is None for key, _ in one.values]
    for peer in charon.status.peers if charon.status else ():
        yield from (((IKE, peer.name, key), 0) for key in keys)


def totals(charon: Charon, file: str | None, now: float) -> tuple[dict[Key, int], str]:
    """The totals, and what is wrong with the memory; without ``file`` nothing is remembered.

    There is none where the memory cannot be used this time: less than before would look like
    a counter that began anew, and the next one like a burst. A counter that is not there now,
    but was for this kind, keeps its total: charon lists a connection only once it has counted
    something.
    """
    counts = counts_of(charon)
    if file is None:
        return counts, ""
    names = {ALL, *(connection.name for connection in charon.configuration.connections)}
    kept: dict[Key, Total] = {}

    def reading(earlier: Reading | None) -> Reading:
        fresh = of_now(charon, now, earlier)
        before = from_json(earlier.facts) if earlier else {}
        found = added(before, counts, anew(earlier, fresh))
        kept.clear()
        kept.update((key, total) for key, total in found.items() if key[1] in names)
        stored = [[*key, *total] for key, total in kept.items()]
        return fresh._replace(facts={**fresh.facts, "counters": stored})

    remembered = remember(file, MEMORY, now, reading)
    if not remembered.usable:
        return {}, remembered.note
    readable = {(kind, name != ALL) for kind, name, _ in counts}
    return {
        key: total.total for key, total in kept.items() if (key[0], key[1] != ALL) in readable
    }, remembered.note


def of_now(charon: Charon, now: float, earlier: Reading | None) -> Reading:
    """Which charon and which boot it is; where charon is silent, the one that it was."""
    boot = charon.snapshot.boot if isinstance(charon.snapshot.boot, str) else None
    if charon.status is None:
        known = earlier or Reading(now, None, None, {})
        facts = known.facts if isinstance(known.facts, dict) else {}
        return known._replace(time=now, boot=boot or known.boot, facts=facts)
    daemon = charon.status.daemon
    facts = {"uptime": daemon.uptime, "pid": charon.process and charon.process.pid}
    return Reading(now, boot, daemon.since or None, facts)


def anew(earlier: Reading | None, fresh: Reading) -> frozenset[str]:
    """The kinds that have begun anew since the earlier reading."""
    if earlier is None:
        return frozenset((IKE, KERNEL))
    boots = None not in (earlier.boot, fresh.boot) and earlier.boot != fresh.boot
    kinds = ((IKE, not same_charon(earlier, fresh)), (KERNEL, boots))
    return frozenset(kind for kind, is_new in kinds if is_new)


def added(
    before: dict[Key, Total], counts: dict[Key, int], new: frozenset[str]
) -> dict[Key, Total]:
    """The totals with what has been counted since."""
    found = dict(before)
    for key, value in counts.items():
        last, total = before.get(key, Total(0, 0))
        grown = value if key[0] in new or value < last else value - last
        found[key] = Total(value, total + grown)
    return {
        key: Total(0, total.total) if key[0] in new and key not in counts else total
        for key, total in found.items()
    }


def from_json(facts: Any) -> dict[Key, Total]:
    """The totals as they were kept; none where something else stands there."""
    try:
        return {
            (str(kind), str(name), str(key)): Total(int(last), int(total))
            for kind, name, key, last, total in facts["counters"]
        }
    except (KeyError, TypeError, ValueError):
        return {}
