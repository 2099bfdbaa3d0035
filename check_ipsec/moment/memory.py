"""What a check remembers from one run to the next: a file per host.

The file is JSON with a format number, and holds the last reading of each check. It is
replaced as a whole (temporary file, fsync, rename) under a lock, so that neither a run that
is killed nor two runs at once lose anything; no link is followed; it belongs to who owns the
folder, mode 0600, so that root by hand does not lock the plugin's user out.

Without an earlier reading a check has less to say and no error: whatever is wrong with the
file is a note.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

from check_ipsec.host.replacing import SAFE, created, folder_of, is_replaceable, replace

FORMAT = 1
SINCE = "%b %d %H:%M:%S %Y"
JITTER = timedelta(seconds=2)
FOLDER = "/var/lib/check_ipsec"
LARGEST = 64 * 2**20
# another run holds the lock for as long as it takes to write the file
PATIENCE = 1.0
BOOT_ID = "/proc/sys/kernel/random/boot_id"
MODE = 0o600


class Reading(NamedTuple):
    """What a check has read in one run.

    ``time`` are seconds since 1970. ``boot`` is the kernel's boot id, ``daemon`` when charon
    was started, as it prints it; None where it is not known. ``facts`` are the check's own,
    as JSON has them.
    """

    time: float
    boot: str | None
    daemon: str | None
    facts: Any


def same_start(one: str | None, other: str | None) -> bool:
    """Whether charon says twice that it was started then.

    What it prints jitters by a second: the time now less the seconds since the start, each
    cut (stroke_list.c, ``status``).
    """
    if one is None or other is None or one == other:
        return one == other
    try:
        apart = datetime.strptime(one, SINCE) - datetime.strptime(other, SINCE)
    except ValueError:
        return False
    return abs(apart) <= JITTER


class Remembered(NamedTuple):
    """The reading of this run, and the earlier one if there is one that can be used.

    ``note`` says why there is none, or why this one could not be kept. ``usable``: the file
    was read, or begun anew, so that what is added up goes on from there.
    """

    now: Reading
    earlier: Reading | None
    note: str = ""
    usable: bool = True


class Unusable(Exception):
    """Why a file is as good as none."""


def default_file() -> str:
    """The file of this host: that of the package where it may be written, else the user's."""
    name = socket.gethostname().replace("/", "_").lstrip(".") or "localhost"
    folder = FOLDER
    if not os.access(folder, os.W_OK):
        state = os.environ.get("XDG_STATE_HOME", "")
        base = Path(state) if state.startswith("/") else Path("~/.local/state").expanduser()
        folder = f"{base}/check_ipsec"
    return f"{folder}/{name}.json"


def boot_id() -> str | None:
    """The kernel's boot id; counters of the kernel began anew where it is another one."""
    try:
        return Path(BOOT_ID).read_text().strip()
    except OSError:
        return None


def remember(
    file: str, check: str, now: float, reading: Callable[[Reading | None], Reading]
) -> Remembered:
    """Put the reading of a check in the place of its earlier one.

    ``reading`` makes it of the earlier one. ``now`` are seconds since 1970. Never raises
    for what is wrong with the file.
    """
    try:
        with _folder(file) as (folder, name):
            _require_file(folder, name)
            with _locked(folder, name):
                return _exchanged(folder, name, check, now, reading)
    except Unusable as error:
        problem = str(error)
    except OSError as error:
        problem = error.strerror or str(error)
    note = f"no earlier reading, {file}: {problem}"
    return Remembered(reading(None), None, note, usable=False)


def _exchanged(
    folder: int, name: str, check: str, now: float, reading: Callable[[Reading | None], Reading]
) -> Remembered:
    checks: dict[str, Any] = {}
    earlier, note = None, "no earlier reading yet"
    try:
        checks = _read(folder, name)
        if check in checks:
            earlier, note = _reading(checks[check], now), ""
    except FileNotFoundError:
        pass
    except (Unusable, OSError) as error:
        note = f"no earlier reading, {name}: {getattr(error, 'strerror', None) or error}"
    made = reading(earlier)
    checks[check] = made._asdict()
    try:
        text = json.dumps({"format": FORMAT, "checks": checks}, allow_nan=False)
        replace(folder, name, text.encode(), MODE)
    except OSError as error:
        note = f"{note or 'this reading is not kept'}, {name}: {error.strerror}"
        return Remembered(made, earlier, note, usable=earlier is not None)
    return Remembered(made, earlier, note)


# --- what the file holds ----------------------------------------------------------


def _require_file(folder: int, name: str) -> None:
    """Raises Unusable where something else has that name, which is not to be replaced."""
    if not is_replaceable(folder, name):
        raise Unusable("not a file")


def _read(folder: int, name: str) -> dict[str, Any]:
    """The readings of all checks. Raises Unusable or OSError."""
    with os.fdopen(os.open(name, os.O_RDONLY | SAFE, dir_fd=folder), "rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Unusable("too large")
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        raise Unusable("damaged") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("checks"), dict):
        raise Unusable("damaged")
    if whole.get("format") != FORMAT:
        raise Unusable(f"of another format ({str(whole.get('format'))[:20]})")
    return dict(whole["checks"])


def _reading(stored: Any, now: float) -> Reading:
    """A reading as it was stored. Raises Unusable."""
    try:
        reading = Reading(**stored)
        known = (
            type(reading.time) in (int, float)
            and isinstance(reading.boot, (str, type(None)))
            and isinstance(reading.daemon, (str, type(None)))
        )
    except TypeError:
        known = False
    if not known:
        raise Unusable("damaged")
    if reading.time > now:
        raise Unusable("from the future")
    return reading


# --- how it is kept ---------------------------------------------------------------


@contextmanager
def _folder(file: str) -> Iterator[tuple[int, str]]:
    """The folder of a file, made if it is missing, and the name in it."""
    Path(file).absolute().parent.mkdir(0o700, parents=True, exist_ok=True)
    with folder_of(file) as found:
        yield found


@contextmanager
def _locked(folder: int, name: str) -> Iterator[None]:
    """Alone with the file. Raises Unusable where another run does not let go of it."""
    lock = created(folder, f".{name}.lock", os.O_RDWR, MODE)
    try:
        end = monotonic() + PATIENCE
        while not _locks(lock):
            if monotonic() > end:
                raise Unusable("another run holds it")
            sleep(0.01)
        yield
    finally:
        os.close(lock)


def _locks(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
