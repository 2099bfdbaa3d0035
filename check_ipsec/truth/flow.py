"""What went through each connection since the last run, and in all.

The kernel counts for each state, and states come and go: a connection that is rekeyed has
two pairs, then one. So the counts of a connection are sums over all states that it ever had,
kept from run to run (:mod:`check_ipsec.moment.memory`): of a state that was there before the
difference, of a new one all. They never go down. What went through a state between the last
run and its end is lost with it.

A state belongs to the connection

1. whose CHILD_SA prints its SPI,
2. that it belonged to in the last run (a rekeyed CHILD_SA prints none),
3. that alone has a CHILD_SA with its reqid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from check_ipsec.model.daemon import ChildSa, IkeSa
from check_ipsec.model.traffic import StateTraffic

Sa = tuple[IkeSa, ChildSa]
Key = tuple[str, str, int]


class Amount(NamedTuple):
    """What went one way: octets and packets."""

    octets: int = 0
    packets: int = 0

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.octets + other.octets, self.packets + other.packets)


class Refused(NamedTuple):
    """Incoming packets that were dropped: replayed, late for the replay window, damaged."""

    replayed: int = 0
    late: int = 0
    failed: int = 0

    def plus(self, other: Refused) -> Refused:
        """Both together."""
        return Refused(*(one + another for one, another in zip(self, other)))


class Passed(NamedTuple):
    """What went through a connection, each way."""

    inbound: Amount = Amount()
    outbound: Amount = Amount()
    refused: Refused = Refused()

    def plus(self, other: Passed) -> Passed:
        """Both together."""
        return Passed(
            self.inbound.plus(other.inbound),
            self.outbound.plus(other.outbound),
            self.refused.plus(other.refused),
        )

    def as_json(self) -> list[list[int]]:
        """As the memory keeps it."""
        return [list(part) for part in self]

    @classmethod
    def from_json(cls, stored: Any) -> Passed:
        """As it was kept. Raises ValueError or TypeError where it is something else."""
        inbound, outbound, refused = stored
        numbers = [type(number) for part in stored for number in part]
        if [len(part) for part in stored] != [2, 2, 3] or set(numbers) != {int}:
            raise ValueError
        return cls(Amount(*inbound), Amount(*outbound), Refused(*refused))


class Counted(NamedTuple):
    """A state's counts at one time, with the connection and the way that it is of."""

    name: str
    inbound: bool
    passed: Passed

    def since(self, earlier: Counted | None) -> Passed:
        """What has come since an earlier count; all, where the state has begun anew."""
        if earlier is None:
            return self.passed
        before = earlier.passed
        pairs = [(now, then) for a, b in zip(self.passed, before) for now, then in zip(a, b)]
        if any(now < then for now, then in pairs):
            return self.passed
        return Passed(
            Amount(*(now - then for now, then in pairs[:2])),
            Amount(*(now - then for now, then in pairs[2:4])),
            Refused(*(now - then for now, then in pairs[4:])),
        )


def counted(
    states: Iterable[StateTraffic],
    sas: dict[str, list[Sa]],
    addresses: Iterable[str],
    earlier: dict[Key, Counted],
) -> dict[Key, Counted]:
    """The counts of all states that belong to a connection.

    ``sas`` are the CHILD_SAs of each connection, ``addresses`` those of this host,
    ``earlier`` what the last run has counted.
    """
    printed = dict(printed_spis(sas))
    by_reqid = names_by_reqid(sas)
    own = {ike.local_host for found in sas.values() for ike, _ in found}.union(addresses)
    found = {}
    for state in states:
        key = (state.protocol, state.destination, state.spi)
        name = printed.get(key) or (earlier[key].name if key in earlier else None)
        if name is None and len(by_reqid[state.reqid]) == 1:
            (name,) = by_reqid[state.reqid]
        if name in sas and state.spi and state.protocol != "comp":
            found[key] = one(state, name, state.destination in own)
    return found


def one(state: StateTraffic, name: str, inbound: bool) -> Counted:
    """The counts of a state."""
    amount = Amount(state.octets, state.packets)
    refused = Refused(state.replayed, state.late, state.failed)
    passed = Passed(inbound=amount, refused=refused) if inbound else Passed(outbound=amount)
    return Counted(name, inbound, passed)


def printed_spis(sas: dict[str, list[Sa]]) -> Iterator[tuple[Key, str]]:
    """Whose the states are whose SPIs charon prints."""
    for name, found in sas.items():
        for ike, child in found:
            protocol = (child.protocol or "").lower()
            if child.spi_in is not None:
                yield (protocol, ike.local_host, child.spi_in), name
            if child.spi_out is not None:
                yield (protocol, ike.remote_host, child.spi_out), name


def names_by_reqid(sas: dict[str, list[Sa]]) -> dict[int, set[str]]:
    """The connections that have a CHILD_SA with each reqid."""
    found: dict[int, set[str]] = defaultdict(set)
    for name, owned in sas.items():
        for _, child in owned:
            found[child.reqid].add(name)
    return found


def gaps(
    states: Iterable[StateTraffic],
    now: dict[Key, Counted],
    earlier: dict[Key, Counted],
    then: float,
) -> dict[tuple[str, bool], float]:
    """Seconds from the last run, ``then``, that no state was seen of, by connection and way.

    Where a state has gone, its last count is of the last run: what it carried until the new
    one was made is not known, and does not belong into a rate.
    """
    gone = {(count.name, count.inbound) for key, count in earlier.items() if key not in now}
    found: dict[tuple[str, bool], float] = {}
    for state in states:
        key = (state.protocol, state.destination, state.spi)
        count = now.get(key)
        made = made_at(state) if count and key not in earlier else None
        if count and made is not None and (count.name, count.inbound) in gone:
            way = (count.name, count.inbound)
            found[way] = min(found.get(way, made - then), made - then)
    return {way: max(0.0, gap) for way, gap in found.items()}


def made_at(state: StateTraffic) -> float | None:
    """When a state was made, in seconds since 1970: in the middle of the second that is told."""
    try:
        return datetime.strptime(state.added, "%Y-%m-%d %H:%M:%S").timestamp() + 0.5
    except ValueError:
        return None


def by_connection(now: dict[Key, Counted], earlier: dict[Key, Counted]) -> dict[str, Passed]:
    """What has come since the last run, for each connection that has a state."""
    found: dict[str, Passed] = defaultdict(Passed)
    for key, count in now.items():
        found[count.name] = found[count.name].plus(count.since(earlier.get(key)))
    return found
