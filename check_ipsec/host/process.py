"""Running a fixed command within a time limit. No other module starts processes."""

import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from fcntl import fcntl
from itertools import islice
from os import killpg, read
from selectors import EVENT_READ, BaseSelector, DefaultSelector
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from time import monotonic
from typing import NamedTuple

from check_ipsec.host.sources import Output

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin", "LC_ALL": "C"}
MOST_BYTES = 256 << 20

_GRACE = 0.5
_PATIENCE = 0.05
_CHUNK = 1 << 20  # as much as Linux lets a pipe of anyone hold
_F_SETPIPE_SZ = 1031  # named in Python's fcntl since 3.10
_INTERRUPTS = (signal.SIGALRM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Call(NamedTuple):
    """A command (an absolute path and its arguments) and the seconds that it may take."""

    command: tuple[str, ...]
    seconds: float


def run(command: tuple[str, ...], seconds: float, *, killable: bool = True) -> Output:
    """Run one command; as :func:`run_each`."""
    (output,) = run_each([Call(command, seconds)], killable=killable)
    return output


def run_each(
    calls: Iterable[Call], at_once: int = 1, *, killable: bool = True
) -> Generator[Output, None, None]:
    """Run commands, ``at_once`` of them at a time; their outputs, in the same order.

    A call is taken from ``calls`` when its command is to be started. A command
    is ended by SIGTERM when its time is over, and all that run are when a signal comes
    that interrupts this process, which has its usual effect thereafter.
    ``killable`` allows SIGKILL where SIGTERM is ignored: sudo must not get it,
    since it cannot pass it on.

    Of each stream MOST_BYTES are read: a command that writes more meets its time
    limit. One that cannot be started is an Output with exit 126.
    """
    waiting = iter(calls)
    with _interrupts_held() as interrupts, ExitStack() as running:
        begun: deque[_Run] = deque()
        while not interrupts:
            for call in islice(waiting, at_once - len(begun)):
                begun.append(_Run(call, killable))
                running.callback(begun[-1].end)
            if not begun:
                return
            yield begun.popleft().output(interrupts)


class _Run:
    """A command that runs, or could not be started."""

    def __init__(self, call: Call, killable: bool) -> None:
        self._command, seconds = call
        self._killable = killable
        self._started = monotonic()
        self._limit = self._started + seconds
        self._child: Popen[bytes] | None = None
        self._refusal = ""
        try:
            self._child = _started(self._command)
        except OSError as error:
            self._refusal = error.strerror or str(error)

    def output(self, interrupts: Sequence[int]) -> Output:
        """What came of it; waits for its end, or for an interrupt."""
        child = self._child
        if child is None:
            return Output(self._command, "", self._refusal, exit=126)
        try:
            left_in_pipes = 0.0 if child.poll() is None else monotonic() + _PATIENCE
            streams = _collected(child, max(self._limit, left_in_pipes), interrupts)
            timed_out = child.returncode is None  # not asked again: its last words are not read
        finally:
            self.end()
        stdout, stderr = (stream.decode("utf-8", "surrogateescape") for stream in streams)
        seconds = monotonic() - self._started
        return Output(self._command, stdout, stderr, child.returncode, seconds, timed_out)

    def end(self) -> None:
        """End it if it still runs."""
        if self._child:
            _end(self._child, self._killable)
        self._child = None


def _started(command: tuple[str, ...]) -> Popen[bytes]:
    # A session of its own: sudo may not pass on signals from its own process group.
    child = Popen(
        command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=ENVIRONMENT, start_new_session=True
    )
    if child.stdout:
        # so that commands need not wait until it is their turn to be read
        with suppress(OSError):
            fcntl(child.stdout, _F_SETPIPE_SZ, _CHUNK)
    return child


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
            # asked first: what it wrote before its end is there then
            ended = _ended(child, 0 if selector.get_map() else min(left, _PATIENCE))
            if not _collect(selector, min(left, _PATIENCE)) and ended:
                break
        if _ended(child, 0):  # at the last moment; a pipe holds no more than a chunk
            _collect(selector, 0)
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
