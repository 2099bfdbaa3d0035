"""What each connection and its peer have agreed on, beside what ipsec.conf has of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.configuration.expectation import Expectation, configured_expectation
from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import CheckIpsecError, DaemonNotRunning, UsageError
from check_ipsec.host.host import DEFAULT_TIMEOUT, Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import ChildSa, IkeSa, Peer, Status
from check_ipsec.model.kernel import States, XfrmState
from check_ipsec.model.unread import UnreadLine
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.snapshot import Snapshot, take
from check_ipsec.truth.facts import UP, Index, carrying_sas
from check_ipsec.truth.observe import OF_CHARON, Question, chosen, matches
from check_ipsec.truth.unlisted import unlisted

SOURCES = (*OF_CHARON, Source.XFRM_STATE)
NOT_ENCRYPTED = (Expectation.IGNORED, Expectation.SHUNT, Expectation.LOADED)
Settings = dict[str, str]
StateKey = tuple[str, str, int]


class CryptoQuestion(NamedTuple):
    """What is asked of a host: see :class:`check_ipsec.truth.observe.Question`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ask_kernel: bool = True
    timeout: float = DEFAULT_TIMEOUT


class Agreement(NamedTuple):
    """A connection, or SAs of that name which ipsec.conf does not list.

    ``settings`` are those of the file, None where it has none. ``ike_sas`` are those that
    are up, ``sas`` the CHILD_SAs that carry traffic, each with its IKE_SA. ``hidden``: charon
    may hold an SA of it that could not be read, or was left out of its answer.
    """

    name: str
    settings: Settings | None
    peers: tuple[Peer, ...]
    ike_sas: tuple[IkeSa, ...]
    sas: tuple[tuple[IkeSa, ChildSa], ...]
    hidden: str = ""

    @property
    def has_sa(self) -> bool:
        """Whether anything was agreed on."""
        return bool(self.ike_sas or self.sas)


class Agreements(NamedTuple):
    """The answer.

    ``switched_on``: whether any connection that was asked for is. ``silence`` says why charon
    does not answer. ``states`` are the kernel's by protocol, destination and SPI; None where
    it was not to be asked, or ``kernel_error`` says why.
    """

    configuration: Configuration
    switched_on: bool
    agreements: tuple[Agreement, ...]
    status: Status | None
    silence: DaemonNotRunning | None
    partial: bool
    states: dict[StateKey, XfrmState] | None
    kernel_error: CheckIpsecError | None
    unread: tuple[UnreadLine, ...]


def observe_crypto(host: Host, question: CryptoQuestion) -> Agreements:
    """Ask ``host``. Raises CheckIpsecError where nothing can be said."""
    configuration = configured(host)
    which = Question(question.include, question.exclude)
    asked_for = chosen(configuration.connections, which)
    if configuration.connections and not asked_for:
        raise UsageError(f"no connection of {configuration.path} matches -i and -e")
    switched_on = any(
        configured_expectation(one, ()) is not Expectation.IGNORED for one in asked_for
    )
    if not switched_on and (question.include or question.exclude) and asked_for:
        path = configuration.path
        raise UsageError(f"no connection of {path} that is switched on matches -i and -e")
    sources = SOURCES if question.ask_kernel else OF_CHARON
    snapshot = take(host, Deadline(question.timeout), configuration, sources)
    daemon = snapshot.daemon
    status = daemon.status if isinstance(daemon, Daemon) else None
    partial = isinstance(daemon, Daemon) and daemon.partial
    agreements = list(listed(asked_for, status, partial))
    if status:
        found = others(configuration.connections, status)
        agreements += (one for one in found if is_asked_for(one.name, which))
    return Agreements(
        configuration=configuration,
        switched_on=switched_on,
        agreements=tuple(agreements),
        status=status,
        silence=daemon if isinstance(daemon, DaemonNotRunning) else None,
        partial=partial,
        states=by_key(snapshot),
        kernel_error=snapshot.states if isinstance(snapshot.states, CheckIpsecError) else None,
        unread=tuple(unread(status, snapshot)),
    )


def is_asked_for(name: str, which: Question) -> bool:
    """Whether the globs leave a name."""
    return matches(name, which.include or ("*",)) and not matches(name, which.exclude)


def listed(
    connections: Iterable[Connection], status: Status | None, partial: bool
) -> Iterator[Agreement]:
    """The connections of the file that encrypt, or have an SA in any case."""
    index = Index(status)
    for connection in connections:
        name = connection.printed_name
        peers = tuple(index.peers.get(name, ()))
        expectation = configured_expectation(connection, peers)
        found = Agreement(
            name=connection.name,
            settings=dict(connection.settings),
            peers=peers,
            ike_sas=tuple(ike for ike in index.owned_ike_sas(name) if ike.state in UP),
            sas=tuple(carrying_sas(index.sas.get(name, ()))),
        )
        if index.hides(name):
            found = found._replace(hidden="not understood")
        elif partial and not found.has_sa:
            found = found._replace(hidden="not in charon's partial answer")
        if found.has_sa or not (expectation in NOT_ENCRYPTED or connection.problem):
            yield found


def others(connections: Iterable[Connection], status: Status) -> Iterator[Agreement]:
    """What the file does not list, by the names of SAs."""
    beside = unlisted(connections, status)
    sas = list(carrying_sas(beside.sas))
    alone = [ike for ike in beside.ike_sas if ike.state in UP and not ike.child_sas]
    for name in dict.fromkeys([child.name for _, child in sas] + [ike.name for ike in alone]):
        own = tuple((ike, child) for ike, child in sas if child.name == name)
        hosts = {ike.unique_id: ike for ike, _ in own if ike.state in UP}
        hosts.update((ike.unique_id, ike) for ike in alone if ike.name == name)
        yield Agreement(name, None, (), tuple(hosts.values()), own)


def by_key(snapshot: Snapshot) -> dict[StateKey, XfrmState] | None:
    """The kernel's states."""
    if not isinstance(snapshot.states, States):
        return None
    return {(one.protocol, one.destination, one.spi): one for one in snapshot.states.states}


def unread(status: Status | None, snapshot: Snapshot) -> Iterator[UnreadLine]:
    """The lines that no grammar knows, but for those of charon's head."""
    if status:
        yield from (line for line in status.unread if line.section != "Status")
    if isinstance(snapshot.states, States):
        yield from snapshot.states.lines
