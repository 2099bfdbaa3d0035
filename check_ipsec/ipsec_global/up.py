"""``up``: the chosen connections are started, or get their trap or shunt back.

===========  ================================================  =========================
must be      is                                                is asked for
===========  ================================================  =========================
required     no SA; IKE up, no CHILD_SA; only a trap           start
required     kernel state or policy missing                    close that CHILD_SA, start
required     ``trap|start`` without its trap                   route
on demand    no trap                                           route
on demand    trap, kernel state or policy missing              close, unroute, route
shunt        not installed                                     route
===========  ================================================  =========================

What is under way, being closed or not loaded is left to itself; so are connections for
clients and templates. What comes to nothing is asked for once more, now waiting for
it: only so charon says why (controller.c, ``initiate``).
"""

import re
from collections.abc import Iterable, Iterator

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.ipsec_global.action import Asked, Unmet
from check_ipsec.ipsec_global.orders import Order, Verb, close_child
from check_ipsec.ipsec_global.scene import Scene, has_trap, is_setting_up
from check_ipsec.report.table import peer_of
from check_ipsec.truth.facts import carrying_sas
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.verdict import State, Verdict

AGAIN_AFTER = 3.0
TRIES = 2
WANTED = {Expectation.REQUIRED, Expectation.ON_DEMAND, Expectation.SHUNT}
IDLE = {Reason.NO_SA, Reason.NO_CHILD_SA, Reason.ONLY_TRAP}
BROKEN = {
    Reason.NO_KERNEL_STATE,
    Reason.OTHER_STATE,
    Reason.NO_OUTBOUND_POLICY,
    Reason.NO_INBOUND_POLICY,
    Reason.POLICY_UNFIT,
    Reason.POLICY_OPTIONAL,
    Reason.POLICY_BLOCKS,
    Reason.NO_KERNEL_TRAP,
}
WHY = re.compile(
    r"received \w+ (?:notify|error)|^no |^unable |not |failed|refused|constraint|giving up"
)
# swanctl puts the group of the log before each line
GROUP = re.compile(r"^\[[A-Z0-9]{3}\] ")
SAYS_NOTHING = re.compile(
    r"^establishing connection '.*' failed$|^failed to establish CHILD_SA, keeping IKE_SA$"
)


class Up:
    """``now`` is ever later."""

    name = "up"
    verb = "start"

    def __init__(self) -> None:
        self._tries: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        self._complaints: dict[str, str] = {}

    def orders(self, seen: Scene, now: float) -> tuple[Order, ...]:
        """First what makes room, then what waits for no peer, then the rest."""
        wanted = (order for verdict in seen.chosen for order in self._orders(seen, verdict, now))
        return tuple(sorted(wanted, key=lambda order: RANKS[order.verb]))

    def _orders(self, seen: Scene, verdict: Verdict, now: float) -> tuple[Order, ...]:
        name = verdict.connection.name
        if not self._may_try(seen, name, now):
            return ()
        orders = tuple(needed(seen, verdict))
        if orders:
            if self._tries.get(name):
                orders = tuple(map(waiting, orders))
            self._tries[name] = self._tries.get(name, 0) + 1
            self._asked[name] = now
        return orders

    def _may_try(self, seen: Scene, name: str, now: float) -> bool:
        tries = self._tries.get(name, 0)
        settled = not has_jobs(seen) and now - self._asked.get(name, now) >= AGAIN_AFTER
        return not tries or (tries < TRIES and settled)

    def heard(self, asked: Iterable[Asked]) -> None:
        """Keep why charon did not do it."""
        for order, output in asked:
            if order.verb is not Verb.CLOSE and (words := complaint(output.stdout)):
                self._complaints[order.target] = words

    def concerned(self, seen: Scene) -> int:
        """Those that can be brought up."""
        return sum(verdict.expectation in WANTED for verdict in seen.chosen)

    def unmet(self, seen: Scene) -> tuple[Unmet, ...]:
        """What is missing, and why."""
        return tuple(
            Unmet(verdict.connection.name, ", ".join(filter(None, self._why(seen, verdict))))
            for verdict in seen.chosen
            if is_missing(seen, verdict)
        )

    def _why(self, seen: Scene, verdict: Verdict) -> Iterator[str]:
        yield verdict.reason_text or "no trap"
        yield self._complaints.get(verdict.connection.name, "")
        yield peer_of(verdict)

    def refused(self, seen: Scene) -> tuple[Unmet, ...]:
        """Those that are not loaded, and those that charon says it cannot start."""
        hopeless = {v.connection.name for v in seen.chosen if v.reason is Reason.NOT_LOADED}
        hopeless |= self._complaints.keys()
        return tuple(one for one in self.unmet(seen) if one.connection in hopeless)

    def finished(self, seen: Scene, now: float) -> bool:
        """Whether all is there, or nothing under way that could bring the rest."""
        missing = (verdict for verdict in seen.chosen if is_missing(seen, verdict))
        return all(self._is_hopeless(seen, verdict) for verdict in missing)

    def _is_hopeless(self, seen: Scene, verdict: Verdict) -> bool:
        if verdict.reason is Reason.NOT_LOADED:
            return True
        given_up = self._tries.get(verdict.connection.name, 0) >= TRIES
        return given_up and any(needed(seen, verdict))


RANKS = {
    Verb.CLOSE: 0,
    Verb.UNROUTE: 1,
    Verb.ROUTE: 2,
    Verb.START: 3,
    Verb.START_AND_WAIT: 4,
}


def needed(seen: Scene, verdict: Verdict) -> Iterator[Order]:
    """The orders of the table above."""
    name = verdict.connection.name
    if verdict.reason is Reason.NOT_LOADED or verdict.expectation not in WANTED:
        return
    broken = verdict.state is State.NOT_CONNECTED and verdict.reason in BROKEN
    if broken:
        yield from (close_child(child) for _, child in carrying_sas(verdict.sas))
    if verdict.expectation is Expectation.REQUIRED:
        if is_unguarded(seen, verdict):
            yield Order(Verb.ROUTE, name)
        idle = verdict.state is State.NOT_CONNECTED and verdict.reason in IDLE
        if broken or (idle and not any(map(is_setting_up, verdict.ike_sas))):
            yield Order(Verb.START, name)
    elif broken or is_unguarded(seen, verdict):
        if has_trap(seen, verdict):
            yield Order(Verb.UNROUTE, name)
        yield Order(Verb.ROUTE, name)


def is_unguarded(seen: Scene, verdict: Verdict) -> bool:
    """Whether a trap or a shunt is missing."""
    if verdict.expectation is Expectation.SHUNT:
        return verdict.state is not State.SHUNT
    trapped = verdict.connection.setting("trap") == "yes"
    wanted = trapped or verdict.expectation is Expectation.ON_DEMAND
    return wanted and not has_trap(seen, verdict)


def is_missing(seen: Scene, verdict: Verdict) -> bool:
    """Whether a connection that can be brought up is not."""
    if verdict.expectation not in WANTED:
        return False
    there = verdict.state in (State.ESTABLISHED, State.ON_DEMAND, State.SHUNT)
    return not there or is_unguarded(seen, verdict)


def waiting(order: Order) -> Order:
    """The same order, waiting for what comes of it."""
    return order._replace(verb=Verb.START_AND_WAIT) if order.verb is Verb.START else order


def has_jobs(seen: Scene) -> bool:
    """Whether charon has not begun yet with all that it was asked for."""
    status = seen.observation.status
    threads = status and status.daemon.threads
    return bool(threads and sum(threads.queued))


def complaint(text: str) -> str:
    """The last line in which charon says what went wrong, or an empty text."""
    said = (GROUP.sub("", line) for line in text.splitlines())
    lines = [line for line in said if not SAYS_NOTHING.search(line)]
    return next((line for line in reversed(lines) if WHY.search(line)), "")
