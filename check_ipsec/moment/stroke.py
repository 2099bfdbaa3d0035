"""charon's answer by stroke: one text of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from check_ipsec.grammar import statusall
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import TimedOut, text_of
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Connection
from check_ipsec.moment.answer import Daemon, counted


def read_daemon(host: Host, deadline: Deadline, connections: Iterable[Connection]) -> Daemon:
    """charon's answer; without its busy SAs, if waiting for them takes too long.

    Raises DaemonNotRunning, TimedOut, or as :func:`check_ipsec.moment.snapshot.take`.
    """
    names = tuple(connection.name for connection in connections)
    try:
        return ask_twice(lambda: ask(host, deadline, names, Source.STATUSALL))
    except TimedOut:
        return ask_twice(lambda: ask(host, deadline, names, Source.STATUSALL_NB))


def ask_twice(ask: Callable[[], Daemon]) -> Daemon:
    """charon's answer, the second one where the first is shorter than it counts."""
    first = ask()
    return ask() if first.partial else first


def ask(host: Host, deadline: Deadline, names: tuple[str, ...], source: Source) -> Daemon:
    """charon's answer as it comes.

    A waiting read lists all that are up; those that are connecting may have gone
    since they were counted. One that does not wait lists all that are not busy.
    """
    text = text_of(source, host.read(source, deadline))
    status = statusall.parse(text, " ".join(source.words), names)
    expected = counted(status.up)
    if source is Source.STATUSALL_NB:
        expected += counted(status.connecting)
    return Daemon(status, partial=len(status.ike_sas) < expected)
