"""Why a connection is not as it should be, from what charon's log tells.

The reason of a connection is charon's state; the cause stands behind it. It is looked for
where the state leaves it open, it is of the last attempt, and of nothing that is older than
the state: of a connection that is being negotiated only what was told of that IKE_SA. What
is told of an address alone is a connection's if no other connection has that peer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.grammar.charon_log import moment
from check_ipsec.model.daemon import IkeState, Peer, Status
from check_ipsec.model.log import LogLine
from check_ipsec.truth.cause import About
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.story import Story
from check_ipsec.truth.told import Told
from check_ipsec.truth.verdict import Verdict, Why

OPEN = (
    Reason.NO_SA,
    Reason.NO_CHILD_SA,
    Reason.CLOSING,
    Reason.ONLY_TRAP,
    Reason.PEER_SILENT,
    Reason.NEGOTIATING,
)
UNDER_WAY = (Reason.PEER_SILENT, Reason.NEGOTIATING)
# the seconds that may pass between charon's answer, with its age, and the end of all reading
READING = 30.0


def is_open(verdict: Verdict) -> bool:
    """Whether the state of a connection leaves open why."""
    return verdict.reason in OPEN


def explained(
    verdicts: Iterable[Verdict], status: Status, lines: Iterable[LogLine], now: float
) -> tuple[Verdict, ...]:
    """The verdicts, with their causes where the log tells them.

    ``now`` is the time of the reading in seconds since the epoch.
    """
    story = Story(lines, now)
    return tuple(
        verdict._replace(why=why(verdict, status, story, now)) if is_open(verdict) else verdict
        for verdict in verdicts
    )


def why(verdict: Verdict, status: Status, story: Story, now: float) -> Why | None:
    """The cause of a connection's state, or None."""
    started = now - status.daemon.uptime - READING if status.daemon.uptime is not None else 0.0
    told = []
    for one in all_told(verdict, status, story):
        time = moment(one.line.time, now)
        if (time is None or time >= started) and not is_past(one, verdict):
            told.append((one, time))
    if not told:
        return None
    last = max(one.attempt for one, _ in told)
    cause, time = max(
        ((one, time) for one, time in told if one.attempt == last),
        key=lambda pair: pair[0].cause.weight,
    )
    age = None if time is None else max(0, int(now - time))
    return Why(cause.words, age, cause.line.message, cause.cause.where)


def all_told(verdict: Verdict, status: Status, story: Story) -> Iterator[Told]:
    """What the log tells of a connection: of its CHILD_SA, its IKE_SA, its peer's address."""
    name = verdict.connection.printed_name
    yield from story.of_child.get(name, ())
    for peer in verdict.peers:
        for told in story.of_ike.get(peer.name, ()):
            if is_of(told, name, peer):
                yield told
        if peer.remote in story.of_peer and is_alone(peer, status):
            yield from (told for told in story.of_peer[peer.remote] if is_of(told, name, peer))


def is_of(told: Told, name: str, peer: Peer) -> bool:
    """Whether what is told of an IKE_SA is about this one of its connections."""
    if told.cause.about is not About.CHILD_SA:
        return True
    return told.child == name or (not told.child and len(peer.children) == 1)


def is_alone(peer: Peer, status: Status) -> bool:
    """Whether no other loaded connection has this remote end, or may have it."""
    return not any(other.remote == peer.remote for other in status.peers if other is not peer)


def is_past(told: Told, verdict: Verdict) -> bool:
    """Whether the connection has moved on since it was told."""
    if verdict.reason in UNDER_WAY:
        live = {
            ike.unique_id
            for ike in verdict.ike_sas
            if ike.state in (IkeState.CONNECTING, IkeState.CREATED)
        }
        return told.number not in live or told.cause.about is About.TIMER
    return verdict.reason is Reason.NO_CHILD_SA and told.cause.about is About.TIMER
