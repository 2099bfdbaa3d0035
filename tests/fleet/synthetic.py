"""200 nodes in 5 sites and what ipsec-metrics would write on each, minute by minute.

Every node has a connection to one node of each other site and to two of its own, by the same
rule on both sides: promtool stops at 10,000 samples a query. What happens to them is told as
faults of connections and of nodes.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from itertools import accumulate, groupby
from typing import NamedTuple, Optional

SITES = tuple(f"dc{number}" for number in range(1, 6))
STATES = ("established", "connecting", "not_connected", "on_demand", "clients", "shunt", "loaded",
          "ignored", "unverified")  # fmt: skip
DAY = 86400
PORT = 9100

Value = Optional[float]
Labels = dict[str, str]


class Node(NamedTuple):
    """A host and where it stands."""

    name: str
    site: str

    @property
    def labels(self) -> Labels:
        """Those of its target."""
        return {"job": "node", "instance": f"{self.name}:{PORT}", "node_site": self.site}


class Connection(NamedTuple):
    """What a node has towards a peer."""

    node: Node
    peer: Node

    @property
    def labels(self) -> Labels:
        """Those of its series."""
        towards = {"connection": f"to-{self.peer.name}", "peer": self.peer.name}
        return self.node.labels | towards | {"site": self.peer.site}


class Fleet:
    """All nodes, healthy until a fault is told, for so many ``minutes``."""

    def __init__(self, minutes: int = 50, nodes_of_a_site: int = 40) -> None:
        self.minutes = minutes
        self.nodes = [
            Node(f"{site}n{number:02}", site) for site in SITES for number in range(nodes_of_a_site)
        ]
        healthy = ["established"] * minutes
        self.states = {connection: list(healthy) for connection in self._connections()}
        self.clear = {connection: [0.0] * minutes for connection in self.states}
        self.scraped = {node: [True] * minutes for node in self.nodes}
        self.read = {node: [True] * minutes for node in self.nodes}
        self.charon = {node: [1.0] * minutes for node in self.nodes}
        self.known = {node: [True] * minutes for node in self.nodes}
        self.standby: dict[Node, list[Value]] = {}
        self.child_sas: dict[Connection, list[Value]] = {}
        self.stale: dict[Connection, list[Value]] = {}
        self.certificate = dict.fromkeys(self.nodes, 90 * DAY)

    def _connections(self) -> Iterator[Connection]:
        places = {site: [node for node in self.nodes if node.site == site] for site in SITES}
        for node in self.nodes:
            place = places[node.site].index(node)
            for site, there in places.items():
                for step in (1, -1) if site == node.site else (0,):
                    yield Connection(node, there[(place + step) % len(there)])

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by their names."""
        return {node.name: node for node in self.nodes}

    def where(self, wanted: Callable[[Connection], bool]) -> list[Connection]:
        """Some of the connections."""
        return [connection for connection in self.states if wanted(connection)]

    def state(
        self, connection: Connection, begin: int, end: Optional[int] = None,
        state: str = "not_connected", clear: bool = True,
    ) -> None:  # fmt: skip
        """From one minute to another it is in that state, its traffic in clear text or not."""
        span = slice(begin, end)
        length = len(self.states[connection][span])
        self.states[connection][span] = [state] * length
        self.clear[connection][span] = [float(clear)] * length

    def gone(self, node: Node, begin: int, end: Optional[int] = None) -> None:
        """It is off: no scrape, and its peers notice one after the other, within three minutes."""
        span = slice(begin, end)
        self.scraped[node][span] = [False] * len(self.scraped[node][span])
        for place, connection in enumerate(self.where(lambda one: one.peer == node)):
            self.state(connection, begin + 2 + place % 3, end)

    def gone_from_prometheus(self, node: Node, begin: int) -> None:
        """It is no target any more."""
        self.known[node][begin:] = self.scraped[node][begin:] = [False] * (self.minutes - begin)

    # --- as series -----------------------------------------------------------------

    def series(self) -> Iterator[tuple[str, Labels, list[Value]]]:
        """Name, labels and the values of all minutes, of everything."""
        for node in self.nodes:
            known = zip(self.scraped[node], self.known[node], strict=True)
            yield "up", node.labels, [float(there) if target else None for there, target in known]
            for name, labels, values in self._of_node(node):
                yield name, node.labels | labels, shown(values, self.scraped[node])
        for connection, states in self.states.items():
            yield from self._of_connection(connection, states)

    def _of_node(self, node: Node) -> Iterator[tuple[str, Labels, list[Value]]]:
        good = self.read[node]
        last = list(accumulate(range(self.minutes), lambda then, now: now if good[now] else then))
        yield "ipsec_reading_success", {}, [float(one) for one in good]
        yield "ipsec_reading_timestamp_seconds", {}, [60.0 * minute for minute in last]
        yield "ipsec_charon_up", {}, list(self.charon[node])
        subject = {"certificate": f"CN={node.name}", "kind": "end entity"}
        ends = [float(self.certificate[node])] * self.minutes
        yield "ipsec_certificate_not_after_timestamp_seconds", subject, ends
        authority = {"certificate": "CN=Fleet CA", "kind": "CA"}
        ends = [900.0 * DAY] * self.minutes
        yield "ipsec_certificate_not_after_timestamp_seconds", authority, ends
        if node in self.standby:
            yield "ipsec_standby", {}, self.standby[node]

    def _of_connection(
        self, connection: Connection, states: list[str]
    ) -> Iterator[tuple[str, Labels, list[Value]]]:
        there = self.scraped[connection.node]
        for state in STATES:
            values = shown([float(now == state) for now in states], there)
            yield "ipsec_connection_state", connection.labels | {"state": state}, values
        sas = self.child_sas.get(connection, [float(state == "established") for state in states])
        yield "ipsec_connection_child_sas", connection.labels, shown(sas, there)
        if connection in self.stale:
            yield "ipsec_connection_stale", connection.labels, self.stale[connection]
        clear = shown(self.clear[connection], there)
        yield "ipsec_connection_cleartext", connection.labels, clear


def shown(values: Sequence[Value], there: list[bool]) -> list[Value]:
    """The values while the node is scraped."""
    return [value if seen else None for value, seen in zip(values, there, strict=True)]


def selector(name: str, labels: Labels) -> str:
    """``name{label="value",...}``."""
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def notation(values: list[Value]) -> str:
    """The values as promtool writes them: runs of equal ones, of one step, of nothing."""
    if len(values) > 2 and None not in values:
        step = (values[1] or 0) - (values[0] or 0)
        if step and values == [values[0] + step * place for place in range(len(values))]:
            return f"{values[0]:g}+{step:g}x{len(values) - 1}"
    return _runs(tuple(values))


@cache
def _runs(values: tuple[Value, ...]) -> str:
    runs = [(value, len(list(run))) for value, run in groupby(values)]
    return " ".join(
        f"_x{length}" if value is None else f"{value!r}+0x{length - 1}" for value, length in runs
    )
