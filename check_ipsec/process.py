"""Running a fixed command within a time limit. No other module starts processes."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from os import killpg, read
from selectors import EVENT_READ, BaseSelector, DefaultSelector
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from time import monotonic

from check_ipsec.sources import Output

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin", "LC_ALL": "C"}
MOST_BYTES = 256 << 20

_GRACE = 0.5
_PATIENCE = 0.05
_CHUNK = 1 << 16
_INTERRUPTS = (signal.SIGALRM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def run(command: tuple[str, ...], seconds: float, *, killable: bool = True) -> Output:
    """Run ``command`` (an absolute path and its arguments) for at most ``seconds``.

    It is ended by SIGTERM when its time is over, and also when a signal comes
    that interrupts this process, which has its usual effect thereafter.
    ``killable`` allows SIGKILL where SIGTERM is ignored: sudo must not get it,
    since it cannot pass it on.

    Of each stream MOST_BYTES are read: a command that writes more meets its time
    limit. One that cannot be started is an Output with exit 126.
    """
    started = monotonic()
    with _interrupts_held() as interrupts:
        try:
            child = _started(command)
        except OSError as error:
            return Output(command, "", error.strerror or str(error), exit=126)
        try:
            streams = _collected(child, started + seconds, interrupts)
            timed_out = child.poll() is None
        finally:
            _end(child, killable)
    stdout, stderr = (stream.decode("utf-8", "surrogateescape") for stream in streams)
    return Output(command, stdout, stderr, child.returncode, monotonic() - started, timed_out)


def _started(command: tuple[str, ...]) -> Popen[bytes]:
    # A session of its own: sudo may not pass on signals from its own process group.
    return Popen(
        command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=ENVIRONMENT, start_new_session=True
    )


def _collected(
    child: Popen[bytes], end: float, interrupts: Sequence[int]
) -> tuple[bytearray, bytearray]:
    """Both streams, until the child is gone, the time is over, or an interrupt came."""
    stdout, stderr = bytearray(), bytearray()
    with DefaultSelector() as selector:
        for stream, kept in ((child.stdout, stdout), (child.stderr, stderr)):
            if stream:
                selector.register(stream, EVENT_READ, kept)
        while not interrupts and (left := end - monotonic()) > 0:
            if not _collect(selector, min(left, _PATIENCE)) and _gone(child, selector):
                break
    return stdout, stderr


def _collect(selector: BaseSelector, seconds: float) -> bool:
    """Read what there is within ``seconds``; False if there was nothing."""
    ready = selector.select(seconds) if selector.get_map() else []
    for key, _ in ready:
        chunk = read(key.fd, _CHUNK)
        key.data.extend(chunk)
        if not chunk or len(key.data) > MOST_BYTES:
            selector.unregister(key.fileobj)
    return bool(ready)


def _gone(child: Popen[bytes], selector: BaseSelector) -> bool:
    """Whether the child has ended; a descendant may still hold the streams."""
    return _ended(child, 0 if selector.get_map() else _PATIENCE)


def _ended(child: Popen[bytes], seconds: float) -> bool:
    with suppress(TimeoutExpired):
        child.wait(seconds)
    return child.returncode is not None


def _end(child: Popen[bytes], killable: bool) -> None:
    give_up = monotonic() + _GRACE
    while child.poll() is None and monotonic() < give_up:
        _signal(child, signal.SIGTERM)  # more than once: sudo loses it while it starts
    if child.poll() is None and killable:
        _signal(child, signal.SIGKILL)
    for stream in (child.stdout, child.stderr):
        if stream:
            stream.close()


def _signal(child: Popen[bytes], number: signal.Signals) -> None:
    # not permitted: sudo between two identities
    with suppress(ProcessLookupError, PermissionError):
        killpg(child.pid, number)
    _ended(child, _PATIENCE)


@contextmanager
def _interrupts_held() -> Iterator[Sequence[int]]:
    """The signals that came meanwhile; they take effect when this is left."""
    waiting: list[int] = []
    with ExitStack() as stack:
        stack.callback(_raise, waiting)
        for number in _INTERRUPTS:
            before = signal.signal(number, lambda number, _frame: waiting.append(number))
            stack.callback(signal.signal, number, before)
        yield waiting


def _raise(numbers: Sequence[int]) -> None:
    for number in numbers:
        signal.raise_signal(number)
