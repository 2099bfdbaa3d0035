"""Daemon and kernel at one moment, parsed: the sources that a question needs, in one order.

What could not be had stays as its error, for each source.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple, Optional, TypeVar, Union

from check_ipsec.errors import (
    CaptureError,
    CheckIpsecError,
    CommandFailed,
    DaemonNotRunning,
    NotPermitted,
    ParseError,
)
from check_ipsec.grammar import xfrm_policy, xfrm_state
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import TimedOut, text_of
from check_ipsec.host.sources import Source
from check_ipsec.model.configuration import Configuration
from check_ipsec.model.kernel import Policies, States
from check_ipsec.moment.answer import Daemon

T = TypeVar("T")
ERRORS = (NotPermitted, CommandFailed, ParseError, DaemonNotRunning)


class Snapshot(NamedTuple):
    """One moment; a field is None where its source was not to be asked.

    The kernel is not asked either where it knows nothing of the SAs because charon does
    ESP itself.
    """

    daemon: Optional[Union[Daemon, DaemonNotRunning]] = None
    states: Optional[Union[States, CheckIpsecError]] = None
    policies: Optional[Union[Policies, CheckIpsecError]] = None


def take(
    host: Host, deadline: Deadline, configuration: Configuration, sources: Collection[Source]
) -> Snapshot:
    """Read and parse ``sources``; without busy SAs where charon is slow and that is one.

    charon's release is no part of its answer over VICI: who wants it names its source.
    ``configuration`` says how charon is asked, and how the connections are called. Raises
    NotPermitted or CommandFailed where charon may not be asked or the command is missing,
    ParseError where its text cannot be understood, CaptureError where a captured host lacks
    a text.
    """
    taken = Snapshot()
    if Source.STATUSALL in sources:
        taken = taken._replace(daemon=read_daemon(host, deadline, configuration))
    if not uses_libipsec(taken.daemon):
        if Source.XFRM_STATE in sources:
            taken = taken._replace(states=read(host, deadline, *STATES))
        if Source.XFRM_POLICY in sources:
            taken = taken._replace(policies=read(host, deadline, *POLICIES))
    if isinstance(taken.states, States) and isinstance(taken.policies, Policies):
        taken = taken._replace(states=completed(host, deadline, taken.states, taken.policies))
    if Source.VERSION in sources and configuration.over_vici:
        # last, for no verdict needs it
        taken = taken._replace(daemon=with_release(taken.daemon, host, deadline))
    return taken


def uses_libipsec(daemon: Optional[Union[Daemon, DaemonNotRunning]]) -> bool:
    """Whether ESP is done by charon itself (plugin kernel-libipsec)."""
    return isinstance(daemon, Daemon) and "kernel-libipsec" in daemon.status.daemon.plugins


# --- charon -----------------------------------------------------------------------


def read_daemon(
    host: Host, deadline: Deadline, configuration: Configuration
) -> Union[Daemon, DaemonNotRunning]:
    """charon's answer; without its busy SAs, if waiting for them takes too long."""
    try:
        read = read_vici if configuration.over_vici else read_stroke
        return read(host, deadline, configuration)
    except TimedOut:
        return DaemonNotRunning("charon does not answer")
    except DaemonNotRunning as error:
        return error


def read_vici(host: Host, deadline: Deadline, configuration: Configuration) -> Daemon:
    """The texts of ``swanctl``; that of stroke where both files list connections, and charon
    has no VICI. Raises TimedOut or DaemonNotRunning.
    """
    from check_ipsec.moment import vici

    try:
        return vici.read_daemon(host, deadline, configuration.connections)
    except DaemonNotRunning:
        if len({one.section is None for one in configuration.connections}) < 2:
            raise
    return read_stroke(host, deadline, configuration)


def read_stroke(host: Host, deadline: Deadline, configuration: Configuration) -> Daemon:
    """The text of ``ipsec statusall``. Raises TimedOut or DaemonNotRunning."""
    from check_ipsec.moment import stroke

    return stroke.read_daemon(host, deadline, configuration.connections)


def with_release(
    daemon: Optional[Union[Daemon, DaemonNotRunning]], host: Host, deadline: Deadline
) -> Optional[Union[Daemon, DaemonNotRunning]]:
    """The same with charon's release, which no other text over VICI has, if it can be had."""
    from check_ipsec.grammar import vici

    if not isinstance(daemon, Daemon) or daemon.status.daemon.version:
        return daemon
    try:
        text = text_of(Source.VERSION, host.read(Source.VERSION, deadline))
        release = vici.parse_version(text, spoken(Source.VERSION))
    except (*ERRORS, CaptureError):
        return daemon
    status = daemon.status
    return daemon._replace(status=status._replace(daemon=status.daemon._replace(version=release)))


# --- the kernel ---------------------------------------------------------------------

STATES = (Source.XFRM_STATE, xfrm_state.parse)
POLICIES = (Source.XFRM_POLICY, xfrm_policy.parse)


def read(
    host: Host, deadline: Deadline, source: Source, parse: Callable[[str, str], T]
) -> Union[T, CheckIpsecError]:
    """What a source says, or why it could not be had."""
    try:
        return parse(read_patiently(host, source, deadline), spoken(source))
    except ERRORS as error:
        return error


def spoken(source: Source) -> str:
    """A source as errors name it: without what is only there to be brief or safe."""
    return " ".join(word for word in source.words if word not in ("list", "nokeys"))


def completed(host: Host, deadline: Deadline, states: States, policies: Policies) -> States:
    """The states, read once more where a policy names one that they lack.

    It may have been made between the two reads. Those of both reads of the states count
    then, for the policies are of a moment between them.
    """
    if not names_another(policies, states):
        return states
    later = read(host, deadline, *STATES)
    return both(states, later) if isinstance(later, States) else states


def names_another(policies: Policies, states: States) -> bool:
    """Whether a policy names an SPI of which there is no state."""
    named = {template.spi for policy in policies.policies for template in policy.templates}
    return bool(named - {state.spi for state in states.states} - {0})


def both(earlier: States, later: States) -> States:
    """The states of two moments, each once; what is unread is that of the later one."""
    known = {(state.protocol, state.destination, state.spi, state.mark) for state in later.states}
    gone = (
        state
        for state in earlier.states
        if (state.protocol, state.destination, state.spi, state.mark) not in known
    )
    return later._replace(states=(*later.states, *gone))


def read_patiently(host: Host, source: Source, deadline: Deadline) -> str:
    """A text, asked for a second time where a busy host was too slow and there is time."""
    try:
        return text_of(source, host.read(source, deadline))
    except TimedOut:
        if not host.can_read_again(deadline):
            raise
        return text_of(source, host.read(source, deadline))
