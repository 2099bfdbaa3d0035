"""Configuration, daemon and kernel joined: the verdict on each connection.

A healthy connection (3, 4, 5, 9) that charon has loaded or negotiated otherwise than
the file has it now, or whose peer has agreed to a part only of what was asked for, is that
and has the reason beside it.

What charon and kernel say NOT_CONNECTED of, or in clear text, may be a moment: between
two reads, between the old and the new IKE_SA of a peer that reauthenticates, in the
middle of ``ipsec update``. So these verdicts are *fleeting*: seen twice before they are
reported. A section that starter drops (row 2) is no moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.configuration.expectation import Expectation, Override
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import Status
from check_ipsec.truth.coverage import in_clear, uncovered
from check_ipsec.truth.facts import Facts, Index, gather
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.rows import (
    ROWS,
    ROWS_WITHOUT_DAEMON,
    Row,
    connecting,
    defect,
    reauthenticating,
)
from check_ipsec.truth.sa import Defect
from check_ipsec.truth.stale import negotiated_differently
from check_ipsec.truth.verdict import Finding, State, Verdict

HEALTHY = (State.ESTABLISHED, State.ON_DEMAND, State.CLIENTS, State.SHUNT, State.LOADED)


def reconcile(
    connections: Iterable[Connection],
    status: Status | None,
    kernel: Kernel | None,
    asked: bool,
    partial: bool = False,
    overrides: tuple[Override, ...] = (),
    others: Iterable[Connection] = (),
) -> tuple[Verdict, ...]:
    """The verdict on each connection, in the order of the file.

    ``status`` is None where charon does not answer, ``kernel`` where its texts could
    not be had; ``asked`` is false where it was not to be asked. ``partial`` says that
    the daemon left SAs out of its answer. ``others`` are in the file too.
    """
    asked_for = tuple(connections)
    index = Index(status, (*asked_for, *others))
    rows = ROWS if status else ROWS_WITHOUT_DAEMON
    return tuple(
        judge(gather(connection, index, kernel, asked, partial, overrides), rows)
        for connection in asked_for
    )


def judge(facts: Facts, rows: tuple[Row, ...] = ROWS) -> Verdict:
    """The first row that holds, with what belongs to it."""
    found = next(filter(None, (row(facts) for row in rows)))
    if facts.twin and found.state in HEALTHY:
        found = Finding(State.UNVERIFIED, Reason.NOT_TOLD_APART, f'"{facts.twin}"')
    stale = staleness(facts, found.state)
    return Verdict(
        connection=facts.connection,
        expectation=facts.expectation,
        state=found.state,
        reason=found.reason or (stale and stale.reason),
        detail=found.detail if found.reason or not stale else stale.detail,
        verified=facts.kernel is not None and found.state is not State.UNVERIFIED,
        cleartext=in_clear(facts, usable=found.state is State.ESTABLISHED),
        stale=stale is not None,
        peers=facts.peers,
        ike_sas=facts.ike_sas,
        sas=facts.sas,
        notes=tuple(notes(facts, found, stale)),
    )


def staleness(facts: Facts, state: State) -> Defect | None:
    """Where daemon and file differ, or the peer has agreed to less than was asked for."""
    if facts.expectation is Expectation.IGNORED or not facts.peers:
        return None
    if facts.stale:
        said = facts.connection.told(facts.stale)
        return Defect(Reason.LOADED_DIFFERENTLY, f"{said}, {facts.connection.update}")
    if state is State.ESTABLISHED and facts.settings.get("trap") == "yes" and not facts.traps:
        return Defect(Reason.TRAP_NOT_INSTALLED)
    if state is not State.ESTABLISHED:
        return None
    for ike, child in facts.carrying:
        difference = negotiated_differently(facts.settings, ike, child)
        if difference:
            return Defect(Reason.NEGOTIATED_DIFFERENTLY, facts.connection.told(difference))
    missing = uncovered(facts)
    return Defect(Reason.COVERS_A_PART, missing) if missing else None


def notes(facts: Facts, found: Finding, stale: Defect | None) -> Iterator[str]:
    """What a person wants to know although it changes no verdict."""
    if stale and found.reason:
        yield f"{stale.reason.value}: {stale.detail}"
    if facts.asked and not facts.policies:
        yield "installpolicy=no: policies not checked"
    if found.state is State.CLIENTS and facts.kernel is not None:
        lacking = sum(defect(facts, *sa) is not None for sa in facts.carrying)
        if lacking:
            subject = "1 client SA lacks" if lacking == 1 else f"{lacking} client SAs lack"
            yield f"{subject} kernel state or policy"
    if found.state is State.ON_DEMAND:
        attempt = reauthenticating(facts) or connecting(facts)
        if attempt and attempt.reason:
            yield f"attempt under way: {attempt.reason.value}"


def fleeting(verdict: Verdict) -> bool:
    """Whether a second look may show the connection in another state."""
    lasting = verdict.reason is Reason.NO_DAEMON or verdict.connection.problem
    return not lasting and (verdict.state is State.NOT_CONNECTED or verdict.cleartext is True)
