"""What connections carry, in words, as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from check_ipsec.model.daemon import Status
from check_ipsec.report.headline import connections, shortened
from check_ipsec.report.layout import LEAST_WIDTH, age, columns, folded, row, size
from check_ipsec.report.severity import Severity
from check_ipsec.report.xfrm_errors import meaning
from check_ipsec.truth.flow import Passed
from check_ipsec.truth.observe_traffic import TrafficObservation
from check_ipsec.truth.traffic import WRONG, Flow, Judged, Way, worst_first
from check_ipsec.untrusted import plain

HEADINGS = ("connection", "flow", "in/s", "out/s", "in", "out", "refused", "used in/out")
WIDTHS = (20, 10, 6, 6, 6, 6, 8, 11)
NOTHING = "-"


class TrafficMapping(NamedTuple):
    """How bad what is: ``flow`` of what does not flow, ``refused`` of what was refused.

    ``errors`` per second are too many of a kernel's counter.
    """

    flow: Severity = Severity.WARNING
    refused: Severity = Severity.WARNING
    errors: float = 1.0


REPLAYS = "XfrmInStateSeqError"
BLOCKED = ("XfrmInPolBlock", "XfrmOutPolBlock")
REFUSED = (Flow.DAMAGED, Flow.REPLAYED)


def wrong(observation: TrafficObservation) -> list[Judged]:
    """The connections that do not carry as they should, the worst first."""
    return [one for one in worst_first(observation.judged) if one.flow in WRONG]


def beyond(observation: TrafficObservation, mapping: TrafficMapping) -> dict[str, float]:
    """The kernel's errors that are too many, per second.

    But for those that are wanted so, and for replays, which each connection is judged by.
    """
    shunted = observation.status and has_drop_shunt(observation.status)
    wanted = (REPLAYS, *BLOCKED) if shunted else (REPLAYS,)
    return {
        name: rate
        for name, rate in observation.rates.items()
        if rate > mapping.errors and name not in wanted
    }


def has_drop_shunt(status: Status) -> bool:
    """Whether charon was told to have the kernel block something."""
    return any(shunt.mode == "DROP" for shunt in status.shunts)


def severity(observation: TrafficObservation, mapping: TrafficMapping) -> Severity:
    """How bad it is, thresholds aside."""
    found = [mapping.refused if one.flow in REFUSED else mapping.flow for one in wrong(observation)]
    if beyond(observation, mapping):
        found.append(mapping.refused)
    return max(found, default=Severity.OK)


def least(observation: TrafficObservation, mapping: TrafficMapping) -> Severity:
    """What no threshold goes below."""
    if observation.daemon_error:
        return Severity.CRITICAL
    if observation.statistics_error:
        return Severity.UNKNOWN
    if not observation.configuration.connections:
        return Severity.CRITICAL
    return mapping.refused if beyond(observation, mapping) else Severity.OK


# --- the first line -----------------------------------------------------------------


def first_line(observation: TrafficObservation, mapping: TrafficMapping, room: int) -> str:
    """One line of at most ``room`` bytes; names stay whole, fewer are shown instead."""
    tail = "".join(f"; {text}" for text in remarks(observation, mapping))
    return shortened(total(observation), list(map(named, wrong(observation))), tail, room)


def total(observation: TrafficObservation) -> str:
    """What there is, or how much of it is wrong."""
    if observation.daemon_error:
        return str(observation.daemon_error)
    if observation.statistics_error:
        return plain(str(observation.statistics_error))
    if not observation.judged:
        return f"no connection in {plain(observation.configuration.path)}"
    number = len(wrong(observation))
    up = sum(one.flow is not Flow.DOWN for one in observation.judged)
    if number:
        not_well = "does not carry as it should" if number == 1 else "do not carry as they should"
        return f"{number} of {connections(up)} {not_well}"
    if observation.seconds is None:
        return f"{observation.note}: {connections(up)} up"
    return f"{told(observation)}, {rate_of(observation)}"


def told(observation: TrafficObservation) -> str:
    """How many connections flow, are idle, are down."""
    by_flow = Counter(one.flow for one in observation.judged)
    up = sum(by_flow.values()) - by_flow[Flow.DOWN]
    parts = [f"{connections(up)} up", f"{by_flow[Flow.FLOWS]} with traffic"]
    if by_flow[Flow.DOWN]:
        parts.append(f"{by_flow[Flow.DOWN]} down")
    return ", ".join(parts)


def rate_of(observation: TrafficObservation) -> str:
    """Octets per second, in and out, of all together."""
    rates = [one.carried.rates() for one in observation.judged]
    known = [[rate for rate in way if rate is not None] for way in zip(*rates)]
    told = (f"{size(round(sum(way)))}B/s" if way else "unknown" for way in known)
    return "{} in, {} out".format(*told)


def named(one: Judged) -> str:
    """A connection with its flow."""
    detail = f": {one.detail}" if one.detail else ""
    return f"{plain(one.carried.name)} ({one.flow.value}{detail})"


def remarks(observation: TrafficObservation, mapping: TrafficMapping) -> Iterator[str]:
    """The kernel's errors, and what stands in the way of a full answer."""
    for name, rate in sorted(beyond(observation, mapping).items()):
        words = meaning(name)
        yield f"{name} {rate:.3g}/s" + (f" ({words})" if words else "")
    if observation.seconds is None and observation.note and wrong(observation):
        yield observation.note
    number = len(unread(observation))
    if number:
        yield f"{number} line{'s' * (number != 1)} not understood"


def unread(observation: TrafficObservation) -> list[str]:
    """What nobody understood, but for charon's head."""
    return [
        f"{line.section}, line {line.line}: {plain(line.text)}"
        for line in observation.unread
        if line.section != "Status"
    ]


# --- the table ----------------------------------------------------------------------


def table(observation: TrafficObservation, width: int, details: bool) -> Iterator[str]:
    """The lines of the table; ``details`` adds what each way has done."""
    width = max(width, LEAST_WIDTH)
    yield row(HEADINGS, WIDTHS).rstrip()
    for one in worst_first(observation.judged):
        yield from lines(one, details)
    for name, count in (observation.errors.counts if observation.errors else {}).items():
        rate = observation.rates.get(name, 0.0)
        if count or details:
            words = meaning(name)
            text = f"{name} {count}, {rate:.3g}/s" + (f": {words}" if words else "")
            yield from folded(text, width, 0)
    notes = [observation.note] if observation.note else []
    notes += [f"not understood, {text}" for text in unread(observation)]
    for text in notes:
        yield from folded(text, width, 0)


def lines(one: Judged, details: bool) -> Iterator[str]:
    """One connection."""
    name = plain(one.carried.name)
    if columns(name) > WIDTHS[0]:
        yield name
        name = ""
    whole = one.carried.track.total
    per_second = [NOTHING if rate is None else size(round(rate)) for rate in one.carried.rates()]
    octets = [size(way.octets) for way in whole[:2]]
    cells = (name, one.flow.value, *per_second, *octets, str(sum(whole.refused)), used(one))
    yield row(cells, WIDTHS).rstrip()
    if one.detail:
        yield f"  {plain(one.detail)}"
    for ike in {ike.unique_id: ike for ike, _ in one.carried.sas}.values():
        waiting = (*ike.tasks_active, *ike.tasks_queued)
        if waiting:
            yield f"  waits for the peer: {plain(' '.join(waiting))}"
    if details:
        refused = whole.refused
        yield (
            f"  packets in {whole.inbound.packets}, out {whole.outbound.packets}; replayed "
            f"{refused.replayed}, late {refused.late}, damaged {refused.failed}"
        )


def used(one: Judged) -> str:
    """The last use each way, as charon says."""
    uses = []
    for way in ("inbound", "outbound"):
        traffic = [getattr(child, way) for _, child in one.carried.sas]
        seconds = [t.last_use for t in traffic if t and t.last_use is not None]
        uses.append(age(min(seconds)) if seconds else NOTHING)
    return "/".join(uses)


# --- JSON ---------------------------------------------------------------------------


def document(observation: TrafficObservation, found: Severity, summary: str) -> dict[str, Any]:
    """Everything that is known, as an object."""
    return {
        "status": found.name,
        "summary": summary,
        "seconds": observation.seconds,
        "note": observation.note or None,
        "connections": [connection(one) for one in observation.judged],
        "errors": {
            name: {"count": count, "per_second": observation.rates.get(name)}
            for name, count in (observation.errors.counts if observation.errors else {}).items()
        },
        "not_understood": [line._asdict() for line in observation.unread],
    }


def connection(one: Judged) -> dict[str, Any]:
    """One connection; ``passed`` is what came since the last run, ``total`` all."""
    track = one.carried.track
    return {
        "name": one.carried.name,
        "flow": one.flow.value,
        "detail": one.detail or None,
        "passed": amounts(one.carried.passed),
        "seen_seconds": {"inbound": one.carried.seen_in, "outbound": one.carried.seen_out},
        "octets_per_second": dict(zip(("inbound", "outbound"), one.carried.rates())),
        "total": amounts(track.total),
        "inbound": way(track.inbound),
        "outbound": way(track.outbound),
    }


def amounts(passed: Passed) -> dict[str, Any]:
    """What passed."""
    return {
        "inbound": passed.inbound._asdict(),
        "outbound": passed.outbound._asdict(),
        "refused": passed.refused._asdict(),
    }


def way(one: Way) -> dict[str, Any]:
    """How one way does."""
    return one._asdict()
