"""From a host to the truth about its connections: read, join, look twice if needed."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple, Optional, Union

from check_ipsec.configuration.expectation import Override
from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import CheckIpsecError, DaemonNotRunning, UsageError
from check_ipsec.host.host import DEFAULT_TIMEOUT, Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import Status
from check_ipsec.model.kernel import Policies, States
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.snapshot import Snapshot, take
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.reconcile import fleeting, reconcile
from check_ipsec.truth.unlisted import Unlisted, unlisted
from check_ipsec.truth.verdict import State, Verdict

BY_STROKE = (Source.STATUSALL, Source.STATUSALL_NB)
OVER_VICI = (
    *(Source.LIST_SAS, Source.LIST_SAS_NB, Source.LIST_CONNS, Source.LIST_POLS, Source.STATS),
)
OF_CHARON = (*BY_STROKE, *OVER_VICI)
OF_THE_KERNEL = (Source.XFRM_STATE, Source.XFRM_POLICY)
SOURCES = (*OF_CHARON, *OF_THE_KERNEL)


class Question(NamedTuple):
    """What is asked of a host.

    ``include`` and ``exclude`` are case-sensitive globs over connection names; an
    excluded name stays out even if it is included. ``timeout`` and ``pause``, what a
    fleeting picture gets to settle before the second look, are in seconds. ``details``:
    charon's release too, though that is one more command over VICI.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    ask_kernel: bool = True
    timeout: float = DEFAULT_TIMEOUT
    pause: float = 1.0
    details: bool = False


class Observation(NamedTuple):
    """The answer: a verdict on each connection asked for, in the order of the file.

    ``status`` is None and ``daemon_error`` says why where charon does not answer.
    ``kernel_asked`` is false where the kernel was not to be asked or has no part in
    it; ``kernel_error`` says why ``kernel`` is None although it was asked. ``partial``:
    charon left SAs out of its answer. ``log``: why charon's log does not say more. ``labels``
    are the site's own for each connection, keys and values.
    """

    configuration: Configuration
    verdicts: tuple[Verdict, ...]
    status: Optional[Status]
    partial: bool
    daemon_error: Optional[DaemonNotRunning]
    kernel: Optional[Kernel]
    kernel_asked: bool
    kernel_error: Optional[CheckIpsecError]
    unlisted: Unlisted
    log: tuple[str, ...] = ()
    labels: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType({})


def observe(host: Host, question: Question) -> Observation:
    """Ask ``host``. Raises CheckIpsecError where nothing can be said."""
    configuration = configured(host)
    filtered = bool(configuration.connections and (question.include or question.exclude))
    if filtered and not chosen(configuration.connections, question):
        raise UsageError(f"no connection of {configuration.path} matches -i and -e")
    deadline = Deadline(question.timeout)
    first = look(host, deadline, configuration, question)
    if filtered and all(one.state is State.IGNORED for one in first.verdicts):
        raise UsageError(
            f"no connection of {configuration.path} that is switched on matches -i and -e"
        )
    if not may_look_again_at(first, host, deadline, question):
        return first
    return settled(first, look(host, deadline, configuration, question))


def may_look_again_at(
    first: Observation, host: Host, deadline: Deadline, question: Question
) -> bool:
    """Whether something was seen that may be of a moment, and the time allows a second look."""
    if not any(map(fleeting, first.verdicts)):
        return False
    from check_ipsec.moment.second_look import may_look_again

    return may_look_again(host, deadline, question.pause)


def settled(first: Observation, second: Observation) -> Observation:
    """What both looks together say."""
    if saw_less(second, first):
        return first
    return second._replace(verdicts=tuple(map(confirmed, first.verdicts, second.verdicts)))


def saw_less(second: Observation, first: Observation) -> bool:
    """Whether the second look failed; then it proves nothing against the first."""
    lost_kernel = second.kernel_error is not None and first.kernel_error is None
    left_out = second.partial and not first.partial
    return second.daemon_error is not None or lost_kernel or left_out


def confirmed(first: Verdict, second: Verdict) -> Verdict:
    """The second verdict on a connection, unless it is fleeting and was seen only once."""
    return first if fleeting(second) and not fleeting(first) else second


def look(
    host: Host, deadline: Deadline, configuration: Configuration, question: Question
) -> Observation:
    """One moment of the host, judged."""
    sources = SOURCES if question.ask_kernel else OF_CHARON
    if question.details:
        sources = (*sources, Source.VERSION)
    snapshot = take(host, deadline, configuration, sources)
    return judged(snapshot, configuration, question)


def judged(snapshot: Snapshot, configuration: Configuration, question: Question) -> Observation:
    """What a moment says of the connections that are asked for."""
    connections = configuration.connections
    asked_for = chosen(connections, question)
    daemon, kernel = snapshot.daemon, kernel_of(snapshot)
    status = daemon.status if isinstance(daemon, Daemon) else None
    known = kernel if isinstance(kernel, Kernel) else None
    partial = isinstance(daemon, Daemon) and daemon.partial
    return Observation(
        configuration=configuration,
        verdicts=reconcile(
            asked_for,
            status,
            known,
            asked=kernel is not None,
            partial=partial,
            overrides=question.overrides,
            others=() if len(asked_for) == len(connections) else connections,
        ),
        status=status,
        partial=partial,
        daemon_error=daemon if isinstance(daemon, DaemonNotRunning) else None,
        kernel=known,
        kernel_asked=kernel is not None,
        kernel_error=kernel if isinstance(kernel, CheckIpsecError) else None,
        unlisted=unlisted(connections, status) if status else Unlisted((), (), (), ()),
    )


def kernel_of(snapshot: Snapshot) -> Optional[Union[Kernel, CheckIpsecError]]:
    """The kernel, the first error where a part of it could not be had, None if not asked."""
    for part in (snapshot.states, snapshot.policies):
        if isinstance(part, CheckIpsecError):
            return part
    if isinstance(snapshot.states, States) and isinstance(snapshot.policies, Policies):
        return Kernel(snapshot.states, snapshot.policies)
    return None


def chosen(connections: Iterable[Connection], question: Question) -> tuple[Connection, ...]:
    """The connections that the globs of the question leave."""
    if not question.include and not question.exclude:
        return tuple(connections)
    return tuple(
        connection
        for connection in connections
        if any(matches(name, question.include or ("*",)) for name in connection.names)
        and not any(matches(name, question.exclude) for name in connection.names)
    )


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether any of the globs matches the whole name."""
    return any(fnmatchcase(name, glob) for glob in globs)
