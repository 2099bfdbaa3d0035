"""Daemon and kernel at one moment, parsed; what could not be had stays as its error."""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from check_ipsec.errors import (
    CheckIpsecError,
    CommandFailed,
    DaemonNotRunning,
    NotPermitted,
    ParseError,
)
from check_ipsec.grammar import statusall, xfrm_policy, xfrm_state
from check_ipsec.host import Deadline, Host
from check_ipsec.kernel import Kernel
from check_ipsec.model import Policies, States, Status
from check_ipsec.sources import Source, TimedOut, text_of

ERRORS = (NotPermitted, CommandFailed, ParseError)
# charon's counts are unsigned; a larger one went below zero
NEGATIVE = 2**31


class Daemon(NamedTuple):
    """charon's answer. ``partial``: it lists fewer IKE_SAs than it counts."""

    status: Status
    partial: bool


class Snapshot(NamedTuple):
    """One moment. ``daemon`` and ``kernel`` are the error where there was no text.

    ``kernel`` is None where it was not to be asked, or knows nothing of the SAs
    because charon does ESP itself.
    """

    daemon: Daemon | DaemonNotRunning
    kernel: Kernel | CheckIpsecError | None


def take(host: Host, deadline: Deadline, names: Iterable[str], ask_kernel: bool) -> Snapshot:
    """Read and parse all that is needed to judge the host's connections.

    ``names`` are those of ipsec.conf. Raises NotPermitted or CommandFailed where
    charon may not be asked or ``ipsec`` is missing, ParseError where its text
    cannot be understood, CaptureError where a captured host lacks a text.
    """
    daemon = read_daemon(host, deadline, tuple(names))
    in_kernel = ask_kernel and not uses_libipsec(daemon)
    return Snapshot(daemon, read_kernel(host, deadline) if in_kernel else None)


def uses_libipsec(daemon: Daemon | DaemonNotRunning) -> bool:
    """Whether ESP is done by charon itself (plugin kernel-libipsec)."""
    if isinstance(daemon, DaemonNotRunning):
        return False
    return "kernel-libipsec" in daemon.status.daemon.plugins


def read_daemon(
    host: Host, deadline: Deadline, names: tuple[str, ...]
) -> Daemon | DaemonNotRunning:
    """charon's answer; without its busy SAs, if waiting for them takes too long."""
    try:
        try:
            return ask_twice(host, deadline, names, Source.STATUSALL)
        except TimedOut:
            return ask_twice(host, deadline, names, Source.STATUSALL_NB)
    except TimedOut:
        return DaemonNotRunning("charon does not answer")
    except DaemonNotRunning as error:
        return error


def ask_twice(host: Host, deadline: Deadline, names: tuple[str, ...], source: Source) -> Daemon:
    """charon's answer, the second one where the first is shorter than it counts."""
    first = ask(host, deadline, names, source)
    return ask(host, deadline, names, source) if first.partial else first


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


def counted(number: int) -> int:
    """A count of IKE_SAs, 0 where charon counted below zero."""
    return number if 0 <= number < NEGATIVE else 0


def read_kernel(host: Host, deadline: Deadline) -> Kernel | CheckIpsecError:
    """The kernel's states and policies, or why they could not be had.

    The states are read once more where a policy names one that they lack: it may have been
    made between the two reads. Those of both count then, for the policies are of a moment
    between them.
    """
    try:
        states = read_states(host, deadline)
        text = read_patiently(host, Source.XFRM_POLICY, deadline)
        policies = xfrm_policy.parse(text, "ip xfrm policy")
    except ERRORS as error:
        return error
    if names_another(policies, states):
        with suppress(*ERRORS):
            states = both(states, read_states(host, deadline))
    return Kernel(states, policies)


def read_states(host: Host, deadline: Deadline) -> States:
    """The kernel's states."""
    text = read_patiently(host, Source.XFRM_STATE, deadline)
    return xfrm_state.parse(text, "ip xfrm state")


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
