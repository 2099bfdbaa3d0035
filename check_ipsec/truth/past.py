"""What check_ipsec_traffic remembers of its last run, and whether that can be compared with."""

from __future__ import annotations

from typing import Any, NamedTuple

from check_ipsec.moment.memory import Reading, same_start
from check_ipsec.truth.flow import Counted, Key, Passed
from check_ipsec.truth.traffic import Track, Way


class Past(NamedTuple):
    """What was remembered: the track of each connection, the counts of states and errors."""

    tracks: dict[str, Track]
    states: dict[Key, Counted]
    errors: dict[str, int]


NO_PAST = Past({}, {}, {})


def comparable(
    earlier: Reading | None, boot: str | None, since: str | None, now: float
) -> tuple[Past, float | None, str]:
    """What was remembered, how long ago, and why it cannot be compared with."""
    if earlier is None:
        return NO_PAST, None, ""
    past = from_json(earlier.facts)
    if past is None:
        return NO_PAST, None, "no earlier reading: damaged"
    if earlier.boot != boot:
        return Past(past.tracks, {}, {}), None, "the host was started since the last run"
    if not same_start(earlier.daemon, since):
        return past, None, "charon was started since the last run"
    if earlier.time >= now:
        return past, None, "no time has passed since the last run"
    return past, now - earlier.time, ""


def as_json(past: Past) -> dict[str, Any]:
    """As it is kept."""
    return {
        "connections": {
            name: [track.total.as_json(), list(track.inbound), list(track.outbound)]
            for name, track in past.tracks.items()
        },
        "states": [
            [*key, count.name, count.inbound, count.passed.as_json()]
            for key, count in past.states.items()
        ],
        "errors": past.errors,
    }


def from_json(facts: Any) -> Past | None:
    """As it was kept; None where it is something else."""
    try:
        tracks = {
            name: Track(Passed.from_json(total), way(inbound), way(outbound))
            for name, (total, inbound, outbound) in facts["connections"].items()
        }
        states = {
            (str(protocol), str(host), int(spi)): Counted(
                str(name), bool(inbound), Passed.from_json(passed)
            )
            for protocol, host, spi, name, inbound, passed in facts["states"]
        }
        errors = {str(name): int(count) for name, count in facts["errors"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return Past(tracks, states, errors)


def way(stored: Any) -> Way:
    """One way as it was kept. Raises ValueError or TypeError where it is something else."""
    flowed, since, last = stored
    times = (None if time is None else float(time) for time in (since, last))
    return Way(bool(flowed), *times)
