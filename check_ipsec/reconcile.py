"""Configuration, daemon and kernel joined: the state of each connection.

A connection owns the CHILD_SAs with its name, wherever they hang, and the IKE_SAs
of the peer configurations that its ``child:`` line is listed under. A CHILD_SA
*carries* when it is INSTALLED, UPDATING, REKEYING or REKEYED under an IKE_SA that is
ESTABLISHED, PASSIVE, REKEYING or REKEYED, and is *usable* when the kernel has its
states and policies too. The first row that holds decides:

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
6    a carrying CHILD_SA, kernel states missing                  NOT_CONNECTED
7    a carrying CHILD_SA, a policy missing                       NOT_CONNECTED
8    on demand, ROUTED, no ``out`` policy with its reqid         NOT_CONNECTED
8b   on demand, ROUTED, and that policy names an SPI of which    NOT_CONNECTED
     the kernel has no state
9    on demand, ROUTED                                           ON_DEMAND
9b   on demand, ROUTED, and the kernel could not be asked        UNVERIFIED
10   IKE_SA DELETING with IKE_REAUTH among its tasks             CONNECTING
11   IKE_SA CONNECTING or CREATED, or CHILD_SA CREATED,          CONNECTING
     INSTALLING or RETRYING
12   an IKE_SA that is up, no CHILD_SA of this connection        NOT_CONNECTED
13   only DELETING, DELETED or DESTROYING SAs                    NOT_CONNECTED
14   ROUTED, expectation not on demand                           NOT_CONNECTED
15   nothing of it                                               NOT_CONNECTED
16   a partial answer in place of rows 14 and 15                 UNVERIFIED
===  ==========================================================  ==============

What charon and kernel say NOT_CONNECTED of may be a moment: between two reads, between the
old and the new IKE_SA of a peer that reauthenticates, in the middle of ``ipsec update``.
So these verdicts are *fleeting*: seen twice before they are reported. A section that
starter drops (row 2) is no moment.
"""

from collections.abc import Callable, Iterable, Iterator

from check_ipsec.expectation import Expectation, Override
from check_ipsec.facts import UP, Facts, Index, carrying, gather, selectors
from check_ipsec.kernel import Kernel
from check_ipsec.model import ChildSa, ChildState, Connection, IkeSa, IkeState, Status
from check_ipsec.protection import host_network
from check_ipsec.reasons import Reason
from check_ipsec.verdict import Finding, State, Verdict

STARTING = {IkeState.CONNECTING, IkeState.CREATED}
GROWING = {ChildState.CREATED, ChildState.INSTALLING, ChildState.RETRYING}
NO_SPI = "0" * 16
IN_CLEAR = "traffic leaves in clear text"
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


# --- the rows -----------------------------------------------------------------


def ignored(facts: Facts) -> Finding | None:
    """Row 1."""
    if facts.expectation is Expectation.IGNORED:
        return Finding(State.IGNORED, Reason.SWITCHED_OFF)
    return None


def not_loaded(facts: Facts) -> Finding | None:
    """Row 2."""
    if facts.connection.problem:
        return Finding(State.NOT_CONNECTED, Reason.NOT_LOADED, facts.connection.problem)
    if not facts.peers:
        return Finding(State.NOT_CONNECTED, Reason.NOT_LOADED, "`ipsec update` is due")
    return None


def clients(facts: Facts) -> Finding | None:
    """Row 3."""
    if facts.expectation is Expectation.CLIENTS:
        return Finding(State.CLIENTS, Reason.CLIENTS, str(len(list(carrying(facts)))))
    if facts.expectation is Expectation.LOADED:
        return Finding(State.LOADED)
    return None


def shunt(facts: Facts) -> Finding | None:
    """Rows 4 and 4b."""
    if facts.expectation is not Expectation.SHUNT:
        return None
    if facts.shunt:
        return Finding(State.SHUNT)
    return Finding(State.NOT_CONNECTED, Reason.SHUNT_NOT_INSTALLED)


def established(facts: Facts) -> Finding | None:
    """Rows 5 to 7."""
    defects = {defect(facts, ike, child) for ike, child in carrying(facts)}
    if not defects:
        return None
    if None in defects:
        return Finding(State.ESTABLISHED)
    reason = next(reason for reason in DEFECTS if reason in defects)
    leaks = reason is Reason.NO_OUTBOUND_POLICY and cleartext(facts)
    return Finding(DEFECTS[reason], reason, IN_CLEAR if leaks else "")


def on_demand(facts: Facts) -> Finding | None:
    """Rows 8, 8b and 9."""
    if facts.expectation is not Expectation.ON_DEMAND or not facts.traps:
        return None
    if facts.kernel is None:
        if facts.asked:
            return Finding(State.UNVERIFIED, Reason.KERNEL_NOT_ASKED)
        return Finding(State.ON_DEMAND)
    reqids = {trap.reqid for trap in facts.traps} if facts.policies else ()
    if reqids and not any(map(facts.kernel.has_trap, reqids)):
        return Finding(State.NOT_CONNECTED, Reason.NO_KERNEL_TRAP)
    if reqids and all(map(facts.kernel.lacks_named_state, reqids)):
        return Finding(State.NOT_CONNECTED, Reason.NO_KERNEL_STATE)
    return Finding(State.ON_DEMAND)


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


Row = Callable[[Facts], Finding | None]
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
    childless,
    closing,
    left_out,
    only_trap,
    nothing,
)

# --- what the rows ask ----------------------------------------------------------

# the best of several SAs that are not usable decides, so the order matters
DEFECTS = {
    Reason.KERNEL_NOT_ASKED: State.UNVERIFIED,
    Reason.NO_OUTBOUND_POLICY: State.NOT_CONNECTED,
    Reason.NO_INBOUND_POLICY: State.NOT_CONNECTED,
    Reason.NO_KERNEL_STATE: State.NOT_CONNECTED,
}


def defect(facts: Facts, ike: IkeSa, child: ChildSa) -> Reason | None:
    """Why a carrying CHILD_SA is not usable, or None where it is."""
    if not facts.asked:
        return None
    if facts.kernel is None:
        return Reason.KERNEL_NOT_ASKED
    if not facts.kernel.has_states(child, ike.local_host, ike.remote_host):
        return Reason.NO_KERNEL_STATE
    if not facts.policies:
        return None
    missing = facts.kernel.missing_policies(child, facts.mark_in, facts.mark_out)
    if "out" in missing:
        return Reason.NO_OUTBOUND_POLICY
    return Reason.NO_INBOUND_POLICY if missing else None


def tasks(ike: IkeSa) -> tuple[str, ...]:
    """All tasks of an IKE_SA, active ones first."""
    return ike.tasks_active + ike.tasks_queued + ike.tasks_passive


def step(ike_sas: Iterable[IkeSa]) -> str:
    """The exchange that the active tasks stand for, or an empty text."""
    active = {task for ike in ike_sas for task in ike.tasks_active}
    return next((words for task, words in STEPS if task in active), "")


# --- the whole host -------------------------------------------------------------


def reconcile(
    connections: Iterable[Connection],
    status: Status | None,
    kernel: Kernel | None,
    asked: bool,
    partial: bool = False,
    overrides: tuple[Override, ...] = (),
) -> tuple[Verdict, ...]:
    """The verdict on each connection, in the order of the file.

    ``status`` is None where charon does not answer, ``kernel`` where its texts could
    not be had; ``asked`` is false where it was not to be asked. ``partial`` says that
    the daemon left SAs out of its answer.
    """
    index = Index(status)
    rows = ROWS if status else ROWS_WITHOUT_DAEMON
    return tuple(
        judge(gather(connection, index, kernel, asked, partial, overrides), rows)
        for connection in connections
    )


def judge(facts: Facts, rows: tuple[Row, ...] = ROWS) -> Verdict:
    """The first row that holds, with what belongs to it."""
    finding = next(filter(None, (row(facts) for row in rows)))
    return Verdict(
        connection=facts.connection,
        expectation=facts.expectation,
        state=finding.state,
        reason=finding.reason,
        detail=finding.detail,
        verified=facts.kernel is not None and finding.state is not State.UNVERIFIED,
        cleartext=cleartext(facts),
        peers=facts.peers,
        ike_sas=facts.ike_sas,
        sas=facts.sas,
        notes=tuple(notes(facts, finding)),
    )


def cleartext(facts: Facts) -> bool | None:
    """Whether traffic of a required or on-demand connection leaves unencrypted."""
    protects = facts.expectation in (Expectation.REQUIRED, Expectation.ON_DEMAND)
    if not protects or facts.kernel is None or not facts.policies:
        return None
    local, remote = selectors(facts)
    return facts.kernel.in_clear(local, remote, facts.mark_out)


def notes(facts: Facts, finding: Finding) -> Iterator[str]:
    """What a person wants to know although it changes no verdict."""
    if is_stale(facts):
        yield "loaded with other ends than ipsec.conf has: `ipsec update` is due"
    if facts.asked and not facts.policies:
        yield "installpolicy=no: policies not checked"
    if finding.state is State.CLIENTS and facts.kernel is not None:
        lacking = sum(defect(facts, *sa) is not None for sa in carrying(facts))
        if lacking:
            subject = "1 client SA lacks" if lacking == 1 else f"{lacking} client SAs lack"
            yield f"{subject} kernel state or policy"
    if finding.state is State.ON_DEMAND:
        attempt = reauthenticating(facts) or connecting(facts)
        if attempt and attempt.reason:
            yield f"attempt under way: {attempt.reason.value}"


def is_stale(facts: Facts) -> bool:
    """Whether the address that ``right=`` names is at no end of what is loaded."""
    right = facts.connection.setting("right") or ""
    if not facts.peers or host_network(right) is None:
        return False
    ends = ",".join(f"{peer.local},{peer.remote}" for peer in facts.peers)
    return right not in {end.strip(" %") for end in ends.split(",")}


def fleeting(verdict: Verdict) -> bool:
    """Whether a second look may show the connection in another state."""
    lasting = verdict.reason is Reason.NO_DAEMON or verdict.connection.problem
    return verdict.state is State.NOT_CONNECTED and not lasting
