"""What has become of charon since the earlier reading: rates, memory, another process.

=================== ================================================================
rate per second     counters of ``ipsec listcounters``
=================== ================================================================
unanswered_KIND_in  requests of peers less our responses: INIT, AUTH, CREATE_CHILD_SA
unanswered_KIND_out our requests less the responses of peers, likewise
invalid             messages that could not be read
invalid_spi         messages for an IKE_SA that is not there
ike_rekeys          IKE_SAs rekeyed, by us or by peers
child_rekeys        CHILD_SAs rekeyed
=================== ================================================================

It is the same charon where it says that it was started then, but for the second that
rounding makes (stroke_list.c subtracts two clocks), or where it has the same process and
its uptime has not become less: then the clock was set. Another charon in the same boot has
been restarted. Counters of another charon, and those that are less than they were, began
anew: no rate. IKEv1 counts none of the three kinds (counters_listener.c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from check_ipsec.model.counters import CounterLists
from check_ipsec.moment.memory import Reading, Remembered, same_start
from check_ipsec.truth.charon import Charon, Measures, of_status

# an earlier reading that is younger stays for the next run; a rate is over so much at least
SECONDS = 10.0
# bytes; 39 kB were measured with a CHILD_SA each
OF_AN_SA = 2**16
KINDS = {"init": "Init", "auth": "Auth", "child": "CrChild"}
SUMS = {
    "invalid": ("ikeInInvalid",),
    "invalid_spi": ("ikeInInvalidSpi",),
    "ike_rekeys": ("ikeInitRekey", "ikeRspRekey"),
    "child_rekeys": ("ikeChildSaRekey",),
}
DIFFERENCES = {
    f"unanswered_{kind}_{direction}": (f"ike{asked}{word}Req", f"ike{answered}{word}Rsp")
    for kind, word in KINDS.items()
    for direction, asked, answered in (("in", "In", "Out"), ("out", "Out", "In"))
}
RATES = (*DIFFERENCES, *SUMS)
NO_EARLIER = "no earlier reading yet"


class Since(NamedTuple):
    """What has changed.

    ``rates`` per second, None where unknown; ``growth`` in bytes since charon was smallest,
    beyond what its IKE_SAs explain. ``restarted``: this boot has seen another charon.
    ``note`` says what stands in the way.
    """

    rates: Measures
    growth: float | None
    restarted: bool
    note: str = ""


def reading(charon: Charon, now: float) -> Callable[[Reading | None], Reading]:
    """How the reading of this run is made of the earlier one, which stays while it is young."""

    def made(earlier: Reading | None) -> Reading:
        fresh = fresh_reading(charon, now, earlier)
        young = earlier is not None and now - earlier.time < SECONDS
        return earlier if earlier and young and same_charon(earlier, fresh) else fresh

    return made


def fresh_reading(charon: Charon, now: float, earlier: Reading | None) -> Reading:
    """What is to be remembered."""
    status, process, boot = charon.status, charon.process, charon.snapshot.boot
    facts: dict[str, Any] = {
        "uptime": status and status.daemon.uptime,
        "pid": process and process.pid,
        "counters": counters(charon),
        "memory": memory(charon),
    }
    started = status and status.daemon.since
    fresh = Reading(now, boot if isinstance(boot, str) else None, started or None, facts)
    facts["most"] = most_sas(earlier, fresh, len(status.ike_sas) if status else 0)
    facts["least"] = smallest(earlier, fresh)
    facts["restarted"] = was_restarted(earlier, fresh)
    return fresh


def memory(charon: Charon) -> int | None:
    """charon's memory in bytes: what is in memory, or its heap where more of it is swapped."""
    measures = of_status(charon)
    known = [one for one in (measures.get("resident"), measures.get("heap")) if one is not None]
    return int(max(known)) if known else None


def counters(charon: Charon) -> dict[str, int]:
    """The counters of all connections together; empty where they are not known."""
    known = charon.snapshot.counters
    lists = known.lists if isinstance(known, CounterLists) else ()
    return dict(next((one.values for one in lists if one.name is None), ()))


def since(charon: Charon, now: float, remembered: Remembered | None) -> Since:
    """What has changed since the earlier reading; None where nothing is remembered at all."""
    earlier = remembered and remembered.earlier
    note = remembered.note if remembered else ""
    fresh = fresh_reading(charon, now, earlier)
    rates: Measures = dict.fromkeys(RATES)
    if earlier is None:
        return Since(rates, None, False, f"{NO_EARLIER}{said_more(note)}")
    restarted = fresh.facts["restarted"]
    if not same_charon(earlier, fresh):
        return Since(rates, None, restarted, note or "no earlier reading of this charon yet")
    before, after = numbers(earlier, "counters"), fresh.facts["counters"]
    if any(after.get(key, 0) < value for key, value in before.items()) and after:
        note = note or "counters began anew"
    elif before and after:
        rates = rates_of(before, after, max(now - earlier.time, SECONDS))
    unexplained, least = beyond_sas(fresh), fresh.facts["least"]
    growth = None if unexplained is None or least is None else unexplained - least
    return Since(rates, growth, restarted, note)


def said_more(note: str) -> str:
    """What is wrong with the memory, if that is more than that it is empty."""
    more = note.removeprefix("no earlier reading").removeprefix(" yet").lstrip(", ")
    return f" ({more})" if more else ""


def rates_of(before: Mapping[str, int], after: Mapping[str, int], seconds: float) -> Measures:
    """All rates, None where a counter of it was not printed both times."""

    def change(key: str) -> int | None:
        return after[key] - before[key] if key in after and key in before else None

    rates: Measures = {}
    for label, keys in {**DIFFERENCES, **SUMS}.items():
        changes = [change(key) for key in keys]
        known = [one for one in changes if one is not None]
        total = known[0] - known[1] if label in DIFFERENCES and len(known) == 2 else sum(known)
        complete = len(known) == len(changes)
        rates[label] = round(max(total, 0) / seconds, 4) if complete else None
    return rates


# --- the same charon ----------------------------------------------------------------


def same_charon(earlier: Reading, fresh: Reading) -> bool:
    """Whether both readings are of one process."""
    if None not in (earlier.boot, fresh.boot) and earlier.boot != fresh.boot:
        return False
    if same_start(earlier.daemon, fresh.daemon):
        return True
    pid, uptime = fact(earlier, "pid"), fact(earlier, "uptime")
    now = fresh.facts["uptime"]
    alike = pid is not None and pid == fresh.facts["pid"]
    return alike and None not in (uptime, now) and now >= uptime


def was_restarted(earlier: Reading | None, fresh: Reading) -> bool:
    """Whether this boot has seen another charon before this one."""
    if earlier is None or earlier.boot is None or earlier.boot != fresh.boot:
        return False
    return fact(earlier, "restarted") == 1 if same_charon(earlier, fresh) else True


def most_sas(earlier: Reading | None, fresh: Reading, number: int) -> int:
    """The most IKE_SAs that this charon was seen with; their memory it does not give back."""
    before = fact(earlier, "most") if earlier and same_charon(earlier, fresh) else None
    return max(number, before or 0)


def beyond_sas(reading: Reading) -> int | None:
    """The memory in bytes that its IKE_SAs do not explain, which may be below 0."""
    whole: int | None = reading.facts["memory"]
    return None if whole is None else whole - OF_AN_SA * int(reading.facts["most"])


def smallest(earlier: Reading | None, fresh: Reading) -> int | None:
    """The least of that memory that this charon was seen with."""
    unexplained = beyond_sas(fresh)
    least = fact(earlier, "least") if earlier and same_charon(earlier, fresh) else None
    if unexplained is None or least is None:
        return least if unexplained is None else unexplained
    return min(least, unexplained)


def fact(reading: Reading, key: str) -> int | None:
    """A number that was remembered; whatever else stands there is none."""
    value = reading.facts.get(key) if isinstance(reading.facts, dict) else None
    return int(value) if isinstance(value, int) else None


def numbers(reading: Reading, key: str) -> dict[str, int]:
    """Numbers by name that were remembered."""
    found = reading.facts.get(key) if isinstance(reading.facts, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if type(value) is int}
