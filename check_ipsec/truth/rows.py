"""The state of a connection: a row of the table, a function.

A connection owns the CHILD_SAs with its name, wherever they hang, and the IKE_SAs
of the peer configurations that its ``child:`` line is listed under; not those to a peer
that neither the file nor charon names now. A CHILD_SA *carries* when it is INSTALLED,
UPDATING, REKEYING or REKEYED under an IKE_SA that is ESTABLISHED, PASSIVE, REKEYING or
REKEYED, with IKEv1 also CONNECTING, and is *usable* when the kernel would protect its
traffic (``usable``). The first row that holds decides:

===  ==========================================================  ==============
row  daemon and kernel                                           state
===  ==========================================================  ==============
1    expectation ignored                                         IGNORED
2    not among the loaded connections, or dropped by starter     NOT_CONNECTED
3    clients, whatever their SAs do; loaded only                 CLIENTS, LOADED
4    shunt, listed under Shunted Connections                     SHUNT
4b   shunt, not listed                                           NOT_CONNECTED
5    a usable CHILD_SA                                           ESTABLISHED
5b   a carrying CHILD_SA, and the kernel could not be asked      UNVERIFIED
5c   a carrying CHILD_SA, and an answer about it was not         UNVERIFIED
     understood
6    a carrying CHILD_SA, kernel states missing or others        NOT_CONNECTED
7    a carrying CHILD_SA, and the kernel takes no policy that    NOT_CONNECTED
     protects it: missing, bypassed, blocking, not fitting
8    on demand, ROUTED, and the kernel takes no policy that      NOT_CONNECTED
     holds its traffic back
8b   on demand, ROUTED, and its policy names an SPI of which     NOT_CONNECTED
     the kernel has no state
9    on demand, ROUTED                                           ON_DEMAND
9b   on demand, ROUTED, and the kernel could not be asked, or    UNVERIFIED
     was not understood
10   IKE_SA DELETING with IKE_REAUTH among its tasks             CONNECTING
11   IKE_SA CONNECTING or CREATED, or CHILD_SA CREATED,          CONNECTING
     INSTALLING or RETRYING
11b  an SA in a state that no known release prints, or a line    UNVERIFIED
     that may hold an SA of it was not understood (2, 4b too)
12   an IKE_SA that is up, no CHILD_SA of this connection        NOT_CONNECTED
13   only DELETING, DELETED or DESTROYING SAs                    NOT_CONNECTED
14   ROUTED, expectation not on demand                           NOT_CONNECTED
15   nothing of it                                               NOT_CONNECTED
16   a partial answer in place of rows 14 and 15                 UNVERIFIED
17   in place of a healthy row: charon prints the name of        UNVERIFIED
     another connection in the same way
===  ==========================================================  ==============
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Optional

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa, IkeState
from check_ipsec.truth.facts import UP, Facts
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.sa import Defect
from check_ipsec.truth.usable import sa_defect, trap_defect
from check_ipsec.truth.verdict import Finding, State

STARTING = {IkeState.CONNECTING, IkeState.CREATED}
GROWING = {ChildState.CREATED, ChildState.INSTALLING, ChildState.RETRYING}
NO_SPI = "0" * 16
STEPS = (
    ("IKE_INIT", "IKE_SA_INIT"),
    ("MAIN_MODE", "main mode"),
    ("AGGRESSIVE_MODE", "aggressive mode"),
    ("IKE_AUTH", "IKE_AUTH"),
    ("XAUTH", "XAuth"),
    ("MODE_CONFIG", "mode config"),
    ("QUICK_MODE", "quick mode"),
    ("CHILD_CREATE", "CREATE_CHILD_SA"),
)
# starter and swanctl accept what charon may refuse, and only a log says so
OR_REFUSED = ", or charon has refused it"


def ignored(facts: Facts) -> Finding | None:
    """Row 1."""
    if facts.expectation is Expectation.IGNORED:
        return Finding(State.IGNORED, Reason.SWITCHED_OFF)
    return None


def not_loaded(facts: Facts) -> Finding | None:
    """Row 2, and 11b in its place."""
    if facts.connection.problem:
        return Finding(State.NOT_CONNECTED, Reason.NOT_LOADED, facts.connection.problem)
    if facts.peers:
        return None
    due = f"{facts.connection.update}{OR_REFUSED}"
    return unread(facts) or Finding(State.NOT_CONNECTED, Reason.NOT_LOADED, due)


def clients(facts: Facts) -> Finding | None:
    """Row 3."""
    if facts.expectation is Expectation.CLIENTS:
        return Finding(State.CLIENTS, Reason.CLIENTS, str(len(facts.carrying)))
    if facts.expectation is Expectation.LOADED:
        return Finding(State.LOADED)
    return None


def shunt(facts: Facts) -> Finding | None:
    """Rows 4 and 4b, and 11b in its place."""
    if facts.expectation is not Expectation.SHUNT:
        return None
    if facts.shunt:
        return Finding(State.SHUNT) if facts.shunt.understood else NOT_UNDERSTOOD
    return unread(facts) or Finding(State.NOT_CONNECTED, Reason.SHUNT_NOT_INSTALLED)


def established(facts: Facts) -> Finding | None:
    """Rows 5 to 7."""
    if not facts.sas:
        return None
    worst: list[Defect] = []
    for ike, child in facts.carrying:
        found = defect(facts, ike, child)
        if found is None:
            return Finding(State.ESTABLISHED)
        worst.append(found)
    return finding(min(worst, key=badness)) if worst else None


def on_demand(facts: Facts) -> Finding | None:
    """Rows 8, 8b and 9."""
    if facts.expectation is not Expectation.ON_DEMAND or not facts.traps:
        return None
    if facts.kernel is None and facts.asked:
        return Finding(State.UNVERIFIED, Reason.KERNEL_NOT_ASKED)
    if facts.kernel and facts.policies:
        for trap in facts.traps:
            found = trap_defect(facts, facts.kernel, trap)
            if found:
                return finding(found)
    understood = all(trap.understood for trap in facts.traps)
    return Finding(State.ON_DEMAND) if understood else NOT_UNDERSTOOD


def reauthenticating(facts: Facts) -> Finding | None:
    """Row 10."""
    for ike in facts.ike_sas:
        if ike.state is IkeState.DELETING and "IKE_REAUTH" in tasks(ike):
            return Finding(State.CONNECTING, Reason.REAUTHENTICATING)
    return None


def connecting(facts: Facts) -> Finding | None:
    """Row 11."""
    starting = [ike for ike in facts.ike_sas if ike.state in STARTING]
    answered = [ike for ike in starting if ike.responder_spi != NO_SPI]
    if answered or any(child.state in GROWING for _, child in facts.sas):
        return Finding(State.CONNECTING, Reason.NEGOTIATING, step(answered or facts.ike_sas))
    if starting:
        return Finding(State.CONNECTING, Reason.PEER_SILENT)
    return None


def unread(facts: Facts) -> Finding | None:
    """Row 11b."""
    unknown = any(ike.state is IkeState.UNKNOWN for ike in facts.ike_sas) or any(
        child.state is ChildState.UNKNOWN for _, child in facts.sas
    )
    return NOT_UNDERSTOOD if unknown or facts.hidden else None


def childless(facts: Facts) -> Finding | None:
    """Row 12."""
    if any(ike.state in UP for ike in facts.ike_sas):
        return Finding(State.NOT_CONNECTED, Reason.NO_CHILD_SA)
    return None


def closing(facts: Facts) -> Finding | None:
    """Row 13."""
    return Finding(State.NOT_CONNECTED, Reason.CLOSING) if facts.ike_sas else None


def left_out(facts: Facts) -> Finding | None:
    """Row 16, in place of 14 and 15."""
    return Finding(State.UNVERIFIED, Reason.PARTIAL_ANSWER) if facts.partial else None


def only_trap(facts: Facts) -> Finding | None:
    """Row 14."""
    return Finding(State.NOT_CONNECTED, Reason.ONLY_TRAP) if facts.traps else None


def nothing(_: Facts) -> Finding:
    """Row 15."""
    return Finding(State.NOT_CONNECTED, Reason.NO_SA)


def no_daemon(_: Facts) -> Finding:
    """In place of rows 2 to 16 where charon does not answer."""
    return Finding(State.NOT_CONNECTED, Reason.NO_DAEMON)


Row = Callable[[Facts], Optional[Finding]]
ROWS_WITHOUT_DAEMON: tuple[Row, ...] = (ignored, no_daemon)
ROWS: tuple[Row, ...] = (
    ignored,
    not_loaded,
    clients,
    shunt,
    established,
    on_demand,
    reauthenticating,
    connecting,
    unread,
    childless,
    closing,
    left_out,
    only_trap,
    nothing,
)
NOT_UNDERSTOOD = Finding(State.UNVERIFIED, Reason.NOT_UNDERSTOOD)
NOT_PROVED = (Reason.KERNEL_NOT_ASKED, Reason.NOT_UNDERSTOOD)


def defect(facts: Facts, ike: IkeSa, child: ChildSa) -> Defect | None:
    """Why a carrying CHILD_SA is not usable, or None where it is."""
    if facts.kernel is None and facts.asked:
        return Defect(Reason.KERNEL_NOT_ASKED)
    found = sa_defect(facts, facts.kernel, ike, child) if facts.kernel else None
    if found is None and not (ike.understood and child.understood):
        return Defect(Reason.NOT_UNDERSTOOD)
    return found


def badness(defect: Defect) -> int:
    """Of several SAs that are not usable the best decides: what is not proved, policies."""
    if defect.reason in NOT_PROVED:
        return 0
    return 2 if defect.reason is Reason.NO_KERNEL_STATE else 1


def finding(defect: Defect) -> Finding:
    """What a defect makes of a connection."""
    state = State.UNVERIFIED if defect.reason in NOT_PROVED else State.NOT_CONNECTED
    return Finding(state, defect.reason, defect.detail)


def tasks(ike: IkeSa) -> tuple[str, ...]:
    """All tasks of an IKE_SA, active ones first."""
    return ike.tasks_active + ike.tasks_queued + ike.tasks_passive


def step(ike_sas: Iterable[IkeSa]) -> str:
    """The exchange that the active tasks stand for, or an empty text."""
    active = {task for ike in ike_sas for task in ike.tasks_active}
    return next((words for task, words in STEPS if task in active), "")
