"""Running a fixed command within a time limit. No other module starts processes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import killpg, read
from selectors import EVENT_READ, DefaultSelector
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from time import monotonic
from types import FrameType

from check_ipsec.sources import Output

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin", "LC_ALL": "C"}
MOST_BYTES = 256 << 20

_GRACE = 0.5
_PATIENCE = 0.05
_INTERRUPTS = (signal.SIGALRM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def run(command: tuple[str, ...], seconds: float, *, killable: bool = True) -> Output:
    """Run ``command`` (an absolute path and its arguments) for at most ``seconds``.

    It is ended by SIGTERM when its time is over, and also when a signal handler
    raises here; SIGTERM and SIGHUP, unless handled, become SystemExit meanwhile.
    ``killable`` allows SIGKILL where SIGTERM is ignored: sudo must not get it,
    since it cannot pass it on.

    Of each stream MOST_BYTES are read: a command that writes more meets its time
    limit. One that cannot be started is an Output with exit 126.
    """
    started = monotonic()
    try:
        with _running(command, killable) as child:
            streams = _collected(child, started + seconds)
            timed_out = child.returncode is None
    except OSError as error:
        return Output(command, "", error.strerror or str(error), exit=126)
    stdout, stderr = (stream.decode("utf-8", "surrogateescape") for stream in streams)
    return Output(command, stdout, stderr, child.returncode, monotonic() - started, timed_out)


def _collected(child: Popen[bytes], end: float) -> tuple[bytearray, bytearray]:
    """Both streams, until the child is gone or the time is over."""
    stdout, stderr = bytearray(), bytearray()
    with DefaultSelector() as selector:
        selector.register(child.stdout, EVENT_READ, stdout)  # type: ignore[arg-type]
        selector.register(child.stderr, EVENT_READ, stderr)  # type: ignore[arg-type]
        while selector.get_map() and (left := end - monotonic()) > 0:
            ready = selector.select(min(left, _PATIENCE))
            if not ready and child.poll() is not None:
                break  # a descendant holds the pipes
            for key, _ in ready:
                chunk = read(key.fd, 1 << 16)
                key.data.extend(chunk)
                if not chunk or len(key.data) > MOST_BYTES:
                    selector.unregister(key.fileobj)
    with suppress(TimeoutExpired):
        child.wait(max(0.0, end - monotonic()))
    return stdout, stderr


@contextmanager
def _running(command: tuple[str, ...], killable: bool) -> Iterator[Popen[bytes]]:
    """A child that has ended when the context is left, however it is left."""
    child = None
    with _signals_raising():
        try:
            with _signals_held() as mask:
                child = _started(command, mask)
            yield child
        finally:
            if child is not None:
                with _signals_held():
                    _end(child, killable)


def _started(command: tuple[str, ...], mask: set[signal.Signals]) -> Popen[bytes]:
    # A session of its own: sudo does not pass on signals from its own process group.
    return Popen(
        command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=ENVIRONMENT,
        start_new_session=True,
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, mask),
    )


def _end(child: Popen[bytes], killable: bool) -> None:
    give_up = monotonic() + _GRACE
    while child.poll() is None and monotonic() < give_up:
        _signal(child, signal.SIGTERM)  # again and again: sudo loses it while it starts
    if child.returncode is None and killable:
        _signal(child, signal.SIGKILL)
    for stream in (child.stdout, child.stderr):
        if stream:
            stream.close()


def _signal(child: Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        killpg(child.pid, number)
    with suppress(TimeoutExpired):
        child.wait(_PATIENCE)


@contextmanager
def _signals_held() -> Iterator[set[signal.Signals]]:
    """Interrupts wait meanwhile; the value is the mask from before."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
        yield mask  # type: ignore[misc]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _signals_raising() -> Iterator[None]:
    """Signals that would end this process at once raise SystemExit instead."""
    deadly = [
        number
        for number in (signal.SIGHUP, signal.SIGTERM)
        if signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in deadly:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in deadly:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
