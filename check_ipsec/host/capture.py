"""Keeping what was read of a host, so that it can be judged again elsewhere."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import NamedTuple

from check_ipsec.errors import CaptureError
from check_ipsec.host.captured import INDEX, place
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.sources import Output, Source


class Reading(NamedTuple):
    """What a source said when it was asked once, with ``argument`` if it takes one."""

    source: Source
    output: Output
    argument: str = ""


class Recording:
    """The same host, and in ``readings`` all that was read of it, in order."""

    def __init__(self, host: Host) -> None:
        self.path = host.path
        self.files = host.files
        self.swanctl = host.swanctl
        self.way = host.way
        self.readings: list[Reading] = []
        self._host = host

    @property
    def time(self) -> datetime | None:
        """As of the host that is recorded."""
        return self._host.time

    def read(self, source: Source, deadline: Deadline, argument: str = "") -> Output:
        """What ``source`` says now, kept."""
        output = self._host.read(source, deadline, argument)
        self.readings.append(Reading(source, output, argument))
        return output

    def read_each(self, sources: Sequence[Source], deadline: Deadline) -> tuple[Output, ...]:
        """What several say now, kept."""
        outputs = self._host.read_each(sources, deadline)
        self.readings += map(Reading, sources, outputs)
        return outputs

    def can_read_again(self, deadline: Deadline) -> bool:
        """As the host that is recorded."""
        return self._host.can_read_again(deadline)


def refuse_existing(directory: str) -> None:
    """Raises CaptureError if ``directory``, or a link of that name, exists."""
    if os.path.lexists(Path(directory)):
        raise CaptureError(f"{directory}: exists already")


def write(directory: str, files: dict[str, str], recording: Recording) -> None:
    """Create ``directory`` with all that was read, or nothing at all.

    ``files`` are those of the configuration by name, each resolved into one. Folders have
    mode 0700, files 0600. Raises CaptureError.
    """
    refuse_existing(directory)
    texts = {**files, **_texts(recording)}
    try:
        _create(Path(directory), texts)
    except OSError as error:
        raise CaptureError(f"{directory}: {error.strerror or error}") from error


def _texts(recording: Recording) -> dict[str, str]:
    placed = dict(_placed(recording.readings))
    texts = {name: output.stdout for name, output in placed.items()}
    texts[INDEX] = _index(recording.time, placed)
    return texts


def _placed(readings: Iterable[Reading]) -> Iterator[tuple[str, Output]]:
    earlier = Counter[tuple[Source, str]]()
    for source, output, argument in readings:
        yield place(source, earlier[source, argument], argument), output
        earlier[source, argument] += 1


def _index(time: datetime | None, outputs: dict[str, Output]) -> str:
    commands = {name: _entry(output) for name, output in outputs.items()}
    moment = time and time.isoformat(timespec="seconds")
    return json.dumps({"time": moment, "commands": commands}, indent=2) + "\n"


def _entry(output: Output) -> dict[str, object]:
    entry = output._replace(seconds=round(output.seconds, 3))._asdict()
    del entry["stdout"]
    return entry


def _create(target: Path, texts: dict[str, str]) -> None:
    """Under another name first: a full disk leaves nothing behind."""
    draft = Path(mkdtemp(prefix=".check_ipsec-", dir=target.parent))
    try:
        _fill(draft, texts)
        draft.rename(target)
    except BaseException:
        rmtree(draft, ignore_errors=True)
        raise


def _fill(folder: Path, texts: dict[str, str]) -> None:
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for inner in sorted({name.rpartition("/")[0] for name in texts} - {""}):
            os.mkdir(inner, 0o700, dir_fd=root)
        for name, text in texts.items():
            _file(root, name, text)
    finally:
        os.close(root)


def _file(root: int, name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(name, flags, 0o600, dir_fd=root), "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))
