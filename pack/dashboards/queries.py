"""What is asked of Prometheus by more than one panel, and what it is to record.

A textfile stays when its writer is gone, and node_exporter goes on to show it. So no state
counts as one whose reading is older than FRESH: it is "not read".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.truth.verdict import State
from pack.dashboards.panels import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW

# seconds; five of the timer's
FRESH = 300
# one that the node dates ahead is no younger
IS_FRESH = f"abs(time() - ipsec_reading_timestamp_seconds) < {FRESH}"
WHERE = "job, instance, node_site, site"
UNWELL = (State.CONNECTING, State.NOT_CONNECTED, State.UNVERIFIED)


def label(state: State) -> str:
    """A state as the label of that name has it."""
    return state.value.replace(" ", "_")


# --- the worst that is true of a connection, as a number -----------------------------------


class Worst(NamedTuple):
    """What may be true of a connection: its number in a timeline, words, colour."""

    number: int
    words: str
    colour: str


STATES = {
    State.IGNORED: Worst(1, "ignored", GREY),
    State.ESTABLISHED: Worst(2, "established", GREEN),
    State.LOADED: Worst(3, "loaded", BLUE),
    State.SHUNT: Worst(4, "shunt", BLUE),
    State.CLIENTS: Worst(5, "clients", BLUE),
    State.ON_DEMAND: Worst(6, "on demand", BLUE),
    State.UNVERIFIED: Worst(8, "unverified", YELLOW),
    State.CONNECTING: Worst(9, "connecting", ORANGE),
    State.NOT_CONNECTED: Worst(10, "not connected", RED),
}
STALE = Worst(7, "unlike ipsec.conf", YELLOW)
CLEARTEXT = Worst(11, "in clear text", PURPLE)
NOT_READ = Worst(12, "not read", "#2c3235")
ALL = sorted((*STATES.values(), STALE, CLEARTEXT, NOT_READ))
VALUES = {one.number: (one.words, one.colour) for one in ALL}
COLOURS = {label(state): one.colour for state, one in STATES.items()} | {"not_read": GREY}


def worst(by: str, series: str, clear: str, stale: str, where: str) -> str:
    """The greatest number that holds, for each value of ``by``.

    ``series`` has a label ``state``; what it says counts where it is not 0. Of series with the
    same labels ``or`` takes the first, so what is in clear text comes before what is stale.
    """
    states = (
        f'({series}{{state="{label(state)}", {where}}} > 0) ^ 0 * {one.number}'
        for state, one in STATES.items()
    )
    marks = (f"({name}{{{where}}} > 0) ^ 0 * {one.number}"
             for name, one in ((clear, CLEARTEXT), (stale, STALE)))  # fmt: skip
    return f"max by ({by}) (\n    " + "\n    or ".join((*marks, *states)) + "\n)"


def of_connections(where: str) -> str:
    """The worst of each connection, over time."""
    known = worst("instance, connection", "ipsec_connection_state", "ipsec_connection_cleartext",
                  "ipsec_connection_stale", where)  # fmt: skip
    named = f"group by (instance, connection) (ipsec_connection_state{{{where}}})"
    return f"({known} and on (instance) {IS_FRESH})\nor {named} * {NOT_READ.number}"


def of_nodes(where: str, most: int) -> str:
    """The worst of all connections of each node, over time; the ``most`` nodes with the most
    trouble.

    Which these are is asked at the end of the time that is shown, so that they stay the same.
    """
    known = worst("instance", CONNECTIONS, IN_CLEAR, UNLIKE, where)
    states = "|".join((*map(label, UNWELL), "not_read"))
    trouble = f'{CONNECTIONS}{{state=~"{states}", {where}}}[$__range] @ end()'
    which = f"topk({most}, sum by (instance) (sum_over_time({trouble})))"
    silent = f'(sum by (instance) ({CONNECTIONS}{{state="not_read", {where}}}) > 0)'
    return f"({silent} ^ 0 * {NOT_READ.number}\nor {known})\nand on (instance) {which}"


# --- which of many series are shown: the same ones for all of the time ----------------------


def most(number: int, series: str) -> str:
    """The series with the greatest values, of however short a moment."""
    return f"{series}\nand topk({number}, max_over_time({series}[$__range] @ end()))"


def least(number: int, series: str) -> str:
    """Those with the smallest values."""
    return f"{series}\nand bottomk({number}, min_over_time({series}[$__range] @ end()))"


def busiest(number: int, counter: str, times: int = 1) -> str:
    """The rates of the counters that have grown most, if at all, ``times`` so much."""
    grown = f"topk({number}, increase({counter}[$__range] @ end())) > 0"
    return f"{factor(times)}rate({counter}[$__rate_interval])\nand {grown}"


def happened(counter: str, by: str, times: int = 1) -> str:
    """The rate of all that happened, for each value of ``by``, ``times`` so much."""
    rates = f"{factor(times)}sum by ({by}) (rate({counter}[$__rate_interval]))"
    return f"{rates}\nand sum by ({by}) (increase({counter}[$__range] @ end())) > 0"


def factor(times: int) -> str:
    """What multiplies a rate."""
    return "" if times == 1 else f"{times} * "


# --- what Prometheus records: of a node and a site of peers, not of a connection ------------

CONNECTIONS = "instance_site_state:ipsec_connections:sum"
REASONS = "instance_site_reason:ipsec_connections:sum"
IN_CLEAR = "instance_site:ipsec_connections_cleartext:sum"
UNLIKE = "instance_site:ipsec_connections_stale:sum"
BYTES = "instance_site_direction:ipsec_connection_bytes:rate5m"
PACKETS = "instance_site_direction:ipsec_connection_packets:rate5m"
REFUSED = "instance_site_error:ipsec_connection_refused_packets:rate5m"
ERRORS = {
    "replayed": "ipsec_connection_replayed_packets_total",
    "late": "ipsec_connection_late_packets_total",
    "integrity": "ipsec_connection_integrity_failures_total",
}


class Recorded(NamedTuple):
    """A recording rule; ``error`` is a label that it adds."""

    name: str
    expression: str
    error: str | None = None


def recorded() -> Iterator[Recorded]:
    """All rules."""
    yield Recorded(CONNECTIONS, f"{total('ipsec_connection_state', 'state')}\nor {unread()}")
    yield Recorded(REASONS, total("ipsec_connection_reason", "reason"))
    yield Recorded(IN_CLEAR, total("ipsec_connection_cleartext"))
    yield Recorded(UNLIKE, total("ipsec_connection_stale"))
    yield Recorded(BYTES, rate("ipsec_connection_bytes_total", "direction"))
    yield Recorded(PACKETS, rate("ipsec_connection_packets_total", "direction"))
    for error, name in ERRORS.items():
        yield Recorded(REFUSED, rate(name), error)


def total(series: str, *labels: str) -> str:
    """How many connections of a node and a site it holds for, by its last reading."""
    return f"sum by ({', '.join((WHERE, *labels))}) ({series})\nand on (instance) {IS_FRESH}"


def rate(series: str, *labels: str) -> str:
    """The same as a rate."""
    return total(f"rate({series}[5m])", *labels)


def unread() -> str:
    """How many connections the last file of a node had, where that file is old."""
    one = f'ipsec_connection_state{{state="{label(State.ESTABLISHED)}"}}'
    old = f"count by ({WHERE}) ({one})\nunless on (instance) {IS_FRESH}"
    return f'label_replace(\n{old},\n"state", "not_read", "", "")'


HEADER = """\
# What the dashboard "IPsec fleet" is drawn from: sums of a node and a site of peers, so that
# thousands of connections stay a few series. `rule_files` of prometheus.yml names this file.
# Made from pack/dashboards/queries.py; an upgrade replaces it.

groups:
  - name: ipsec-dashboards
    interval: 1m
    rules:
"""


def rules(every: Iterable[Recorded]) -> str:
    """The rules as Prometheus loads them."""
    return HEADER + "".join(map(rule, every))


def rule(one: Recorded) -> str:
    """One rule, its expression as a block."""
    block = "".join(f"          {line.strip()}\n" for line in one.expression.splitlines())
    labels = f"        labels:\n          error: {one.error}\n" if one.error else ""
    return f"      - record: {one.name}\n        expr: |\n{block}{labels}"
