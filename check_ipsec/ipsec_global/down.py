"""``down``: every SA and every trap of the chosen connections goes, and stays away.

An SA is asked to close when it is seen first, and again after FORCE_AFTER seconds: a
peer that is dead confirms nothing, and charon drops an IKE_SA without a confirmation
when it is asked for the second time. What a peer has brought back stays: closing it
again would only start a race.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import inf

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.ipsec_global.action import Asked, Unmet
from check_ipsec.ipsec_global.orders import Order
from check_ipsec.ipsec_global.scene import Holding, Scene, half_open, held, reqids, reqids_in_use

FORCE_AFTER = 10.0
SETTLE = 3.0
WITHOUT_SAS = {Expectation.SHUNT, Expectation.LOADED, Expectation.IGNORED}


class Down:
    """``seconds`` are all that there are; ``first`` is what charon held before."""

    name = "down"
    verb = "close"

    def __init__(self, first: Scene, seconds: float) -> None:
        self._patience = min(FORCE_AFTER, seconds / 4)
        self._settle = min(SETTLE, seconds / 10)
        status = first.observation.status
        ike_sas = status.ike_sas if status else ()
        self._ike_sas = {ike.unique_id for ike in ike_sas}
        self._children = {child.unique_id for ike in ike_sas for child in ike.child_sas}
        self._asked: dict[Order, float] = {}
        self._reqids: dict[int, str] = {}
        self._quiet_since = inf

    def orders(self, seen: Scene, now: float) -> tuple[Order, ...]:
        """Traps first, or traffic would bring back what is closed."""
        self._reqids.update(reqids(seen))
        due = tuple(
            holding.order
            for holding in held(seen)
            if holding.order
            and not self.is_back(holding)
            and now - self._asked.get(holding.order, -inf) >= self._patience
        )
        self._asked.update(dict.fromkeys(due, now))
        return due

    def heard(self, asked: Iterable[Asked]) -> None:
        """Nothing that the next look would not show."""

    def concerned(self, seen: Scene) -> int:
        """Those that have SAs or traps when they are healthy, and those that have some."""
        unmet = {one.connection for one in self.unmet(seen)}
        names = {v.connection.name for v in seen.chosen if v.expectation not in WITHOUT_SAS}
        return len(names | unmet)

    def is_back(self, holding: Holding) -> bool:
        """Whether it came meanwhile, and not because of this host."""
        ike, child = holding.ike, holding.child
        if ike is None:
            return False
        if ike.unique_id not in self._ike_sas:
            return ike.initiator is False
        return child is not None and child.unique_id not in self._children

    def unmet(self, seen: Scene) -> tuple[Unmet, ...]:
        """What is left in charon, what came back, what is left in the kernel alone."""
        found: dict[str, list[Holding]] = defaultdict(list)
        for holding in held(seen):
            for name in holding.connections:
                found[name].append(holding)
        kernel = dict(self._left_in_kernel(seen))
        return tuple(
            self._unmet(name, found.get(name, []), kernel.get(name, []))
            for name in dict.fromkeys(verdict.connection.name for verdict in seen.chosen)
            if name in found or name in kernel
        )

    def _unmet(self, name: str, holdings: list[Holding], left_in_kernel: list[int]) -> Unmet:
        back = bool(holdings) and all(map(self.is_back, holdings))
        peers = dict.fromkeys(holding.ike.remote_host for holding in holdings if holding.ike)
        tags = ", ".join(dict.fromkeys(tag for holding in holdings for tag in holding.tags))
        peer = f"peer {' and '.join(peers)}" if peers else ""
        if back:
            return Unmet(name, f"brought back by its {peer}: {tags}", back)
        kernel = f"reqid {', '.join(map(str, left_in_kernel))} in the kernel"
        parts = (tags, peer, kernel if left_in_kernel else "")
        return Unmet(name, f"left: {', '.join(filter(None, parts))}")

    def _left_in_kernel(self, seen: Scene) -> Iterator[tuple[str, list[int]]]:
        kernel = seen.observation.kernel
        if kernel is None:
            return
        unknown_to_charon = self._reqids.keys() - reqids_in_use(seen)
        by_name: dict[str, list[int]] = defaultdict(list)
        for reqid in sorted(filter(kernel.holds, unknown_to_charon)):
            by_name[self._reqids[reqid]].append(reqid)
        yield from by_name.items()

    def refused(self, _seen: Scene) -> tuple[Unmet, ...]:
        """An SA can always be asked to close."""
        return ()

    def finished(self, seen: Scene, now: float) -> bool:
        """Whether nothing is left, and nothing came for a while."""
        waits = seen.observation.partial or half_open(seen) or not self._all_back(seen)
        self._quiet_since = inf if waits else min(self._quiet_since, now)
        return now - self._quiet_since >= self._settle

    def _all_back(self, seen: Scene) -> bool:
        return all(one.back for one in self.unmet(seen))
