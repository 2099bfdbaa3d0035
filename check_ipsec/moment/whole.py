"""All of one moment: charon, the kernel and what surrounds them, each asked once.

``ip -s xfrm state`` says of each state both what it is and what went through it, so the
states that are judged are those that are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from check_ipsec.errors import CaptureError, CheckIpsecError
from check_ipsec.grammar import xfrm_state, xfrm_statistics
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.certificates import Credentials
from check_ipsec.model.configuration import Configuration
from check_ipsec.model.kernel import Policies, States
from check_ipsec.model.traffic import Statistics
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.credentials import certificate_lists, listed
from check_ipsec.moment.snapshot import (
    ERRORS,
    POLICIES,
    STATES,
    Snapshot,
    completed,
    read,
    read_daemon,
    read_patiently,
    spoken,
    uses_libipsec,
)
from check_ipsec.moment.surroundings import Surroundings, middle, others_of

T = TypeVar("T")


class Whole(NamedTuple):
    """One moment. What a captured host does not hold is None, as what was not asked for.

    ``had`` says of each source that was asked whether its text was had.
    """

    snapshot: Snapshot
    around: Surroundings
    credentials: Credentials | CheckIpsecError | None
    had: dict[Source, bool]


class Counted(NamedTuple):
    """The states, what went through them, and when that was."""

    states: States | CheckIpsecError | None = None
    statistics: Statistics | CheckIpsecError | None = None
    at: datetime | None = None


def take(
    host: Host, deadline: Deadline, configuration: Configuration, sources: Collection[Source]
) -> Whole:
    """Read and parse what charon and the kernel say of SAs, and ``sources`` of the rest.

    Raises as :func:`check_ipsec.moment.snapshot.take`.
    """
    daemon = read_daemon(host, deadline, configuration)
    answers = isinstance(daemon, Daemon)
    counts, policies = Counted(), None
    if not uses_libipsec(daemon):
        counts = counted(host, deadline)
        policies = captured(lambda: read(host, deadline, *POLICIES))
        counts = counts._replace(states=complete(host, deadline, counts.states, policies))
    rows = {
        field: row
        for field, row in others_of(configuration, sources).items()
        if answers or row[0].words[0] not in ("ipsec", "swanctl")
    }
    others: dict[str, Any] = {
        field: captured(partial(read, host, deadline, *row)) for field, row in rows.items()
    }
    credentials, lists = None, certificate_lists(configuration)
    if answers and set(lists) <= set(sources):
        credentials = captured(lambda: listed(host, deadline, configuration))
    found = {
        Source.STATUSALL: daemon,
        Source.XFRM_STATISTICS: counts.states,
        Source.XFRM_POLICY: policies,
        **{rows[field][0]: one for field, one in others.items() if field != "boot"},
        lists[0]: credentials,
    }
    return Whole(
        Snapshot(daemon, counts.states, policies),
        Surroundings(daemon, counts.statistics, counted=counts.at, **others),
        credentials,
        {one: not isinstance(what, Exception) for one, what in found.items() if what is not None},
    )


def captured(ask: Callable[[], T]) -> T | CheckIpsecError | None:
    """What ``ask`` finds, why it could not be had, or None where the capture lacks it."""
    try:
        return ask()
    except CaptureError:
        return None
    except ERRORS as error:
        return error


# --- the kernel's states --------------------------------------------------------------


def counted(host: Host, deadline: Deadline) -> Counted:
    """The states with their counts; of a capture that has none, the states alone."""
    begin = host.time
    source = Source.XFRM_STATISTICS
    text = captured(lambda: read_patiently(host, source, deadline))
    at = middle(begin, host.time)
    if text is None:
        return Counted(captured(lambda: read(host, deadline, *STATES)))
    if isinstance(text, CheckIpsecError):
        return Counted(text, text, at)
    known = text
    return Counted(
        captured(lambda: xfrm_state.parse(known, spoken(source))),
        captured(lambda: xfrm_statistics.parse(known, spoken(source))),
        at,
    )


def complete(
    host: Host,
    deadline: Deadline,
    states: States | CheckIpsecError | None,
    policies: Policies | CheckIpsecError | None,
) -> States | CheckIpsecError | None:
    """The states, read once more where a policy names one that they lack."""
    if isinstance(states, States) and isinstance(policies, Policies):
        whole = captured(lambda: completed(host, deadline, states, policies))
        return states if whole is None else whole
    return states
