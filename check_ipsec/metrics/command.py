"""ipsec-metrics: what is worth graphing of a host that runs strongSwan, in one reading.

It asks what check_ipsec, check_ipsec_traffic, check_ipsec_daemon and check_ipsec_certs ask,
each thing once, and says it as series: states of connections (one series a state, 0 or 1, so
that a sum is a count), reasons, clear text, SAs, traffic and what of it was refused, what
charon counts of IKE, its threads, jobs and memory, the kernel's errors, when certificates end.

No label holds an SPI, an id or an address: a rekey makes no new series. Counters never go
down: neither with a rekey nor when charon or the host is started anew.

A reading that fails leaves the series in the file as they were, but for ipsec_reading_success,
which is 0 then; ipsec_reading_timestamp_seconds says of when the others are.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from time import time
from typing import NamedTuple, NoReturn

from check_ipsec.command_line import (
    Terminated,
    host_of,
    printed,
    terminable,
    wants_traceback,
)
from check_ipsec.configuration.expectation import parse_override
from check_ipsec.configuration.labels import Label, labels_asked_for
from check_ipsec.errors import CheckIpsecError, UsageError
from check_ipsec.host.capture import Recording, refuse_existing
from check_ipsec.metrics.collect import failed, samples
from check_ipsec.metrics.delivery import last, send, write
from check_ipsec.metrics.formats import FORMATS, Format, Written
from check_ipsec.metrics.graphite import NOT_IN_PATHS
from check_ipsec.metrics.options import NAME, make_parser
from check_ipsec.metrics.prometheus import require_library
from check_ipsec.metrics.reading import Asked, Reading, read
from check_ipsec.metrics.series import METRICS, families, wanted
from check_ipsec.moment.memory import default_file
from check_ipsec.truth.observe import Question
from check_ipsec.untrusted import plain


class Exit(IntEnum):
    """How it ends."""

    WELL = 0
    FAILED = 1
    USAGE = 2


class OutOfTime(BaseException):
    """The host could not be read within the time."""


class Job(NamedTuple):
    """What the options ask for: how series are written, and which labels they have."""

    options: argparse.Namespace
    format: Format
    labels: tuple[Label, ...]


def job(options: argparse.Namespace) -> Job:
    """Raises UsageError where the options do not fit together."""
    if options.graphite is not None and options.format not in (None, "graphite"):
        raise UsageError(f"--graphite does not go with --format {options.format}")
    name = options.format or ("prometheus" if options.graphite is None else "graphite")
    if name == "prometheus":
        require_library()
    if options.prefix is not None and name != "graphite":
        raise UsageError(f"--prefix does not go with --format {name}")
    own = frozenset(label for metric in METRICS for label in metric.labels)
    return Job(options, FORMATS[name], labels_asked_for(options.label, options.labels, own))


# --- the reading ------------------------------------------------------------------


def run(options: argparse.Namespace) -> Reading:
    """Read the host, and keep what was read where ``--capture`` asks."""
    if options.capture is not None:
        refuse_existing(options.capture)
    recording = Recording(host_of(options))
    try:
        with time_limit(options.timeout):
            return read(recording, asked(options))
    finally:
        if options.capture is not None and recording.readings:
            from check_ipsec.checks.check import keep

            keep(recording, options.capture)


def asked(options: argparse.Namespace) -> Asked:
    """What the options ask of the host; a captured one is remembered only by request."""
    state = options.state
    if state is None and options.captured is None:
        state = default_file()
    which = Question(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        overrides=tuple(map(parse_override, options.expect)),
        timeout=options.timeout,
        pause=Question().pause if options.captured is None else 0.0,
    )
    return Asked(
        which,
        state,
        mtus=options.mtu,
        counters=wanted("ike_events_total", options.without),
        counters_by_name=options.ike_events_per_connection,
        certificates=wanted("certificate_not_after_timestamp_seconds", options.without),
    )


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises OutOfTime where it takes longer."""

    def over(_number: int, _frame: object) -> NoReturn:
        raise OutOfTime(f"no answer within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- what becomes of it -----------------------------------------------------------


def tell(asked_for: Job, reading: Reading) -> Exit:
    """Write the series of a reading where they belong."""
    options = asked_for.options
    found = tuple(families(samples(reading, asked_for.labels), options.without))
    written = asked_for.format.write(found, prefix(options), reading.begin.timestamp())
    for note in (*filter(None, (reading.note,)), *written.notes):
        complain(note)
    if options.verbose:
        number = sum(len(family.samples) for family in found)
        complain(f"{number} series, {len(written.text)} bytes, read in {reading.seconds:.3f} s")
    return deliver(options, written)


def tell_failure(asked_for: Job) -> Exit:
    """Write that the reading failed; the series of the last good one stay as they are."""
    options = asked_for.options
    found = families([failed()])
    text = asked_for.format.write(found, prefix(options), time()).text
    if options.output is not None:
        text = asked_for.format.marked(last(options.output), text)
    return deliver(options, Written(text))


def deliver(options: argparse.Namespace, written: Written) -> Exit:
    """To the file, to carbon, or to standard output. Raises CommandFailed."""
    if options.output is not None:
        write(options.output, written.text)
    elif options.graphite is not None:
        send(options.graphite, written.text)
    elif not printed(written.text):
        return Exit.FAILED
    return Exit.WELL


def prefix(options: argparse.Namespace) -> str:
    """What the paths of Graphite begin with."""
    if options.prefix is not None:
        return str(options.prefix)
    return f"ipsec.{NOT_IN_PATHS.sub('_', socket.gethostname()) or 'localhost'}"


# --- the command ---------------------------------------------------------------------


def complain(message: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{NAME}: {plain(message)}\n")


def attempt(arguments: Sequence[str]) -> Exit:
    """Read and tell, or say why not."""
    try:
        asked_for = job(make_parser().parse_args(arguments))
    except UsageError as error:
        complain(str(error))
        return Exit.USAGE
    try:
        reading = run(asked_for.options)
    except (Exception, KeyboardInterrupt, Terminated, OutOfTime) as error:
        complain(problem(error))
        if wants_traceback(arguments):
            traceback.print_exc()
        delivered(lambda: tell_failure(asked_for))
        return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED
    return delivered(lambda: tell(asked_for, reading))


def problem(error: BaseException) -> str:
    """What went wrong, in a line."""
    if isinstance(error, (CheckIpsecError, OutOfTime)):
        return str(error)
    if isinstance(error, (KeyboardInterrupt, Terminated)):
        return "interrupted"
    return f"internal error, {type(error).__name__}: {error}"


def delivered(deliver: Callable[[], Exit]) -> Exit:
    """How writing or sending ends."""
    try:
        return deliver()
    except (Exception, KeyboardInterrupt, Terminated) as error:
        complain(problem(error))
    return Exit.FAILED


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    with terminable():
        return int(attempt(arguments))
