"""A host as a folder holds it: what was read there once, judged anywhere."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from errno import ENOENT
from os import strerror
from pathlib import Path
from typing import Any, NoReturn, Optional

from check_ipsec.errors import CaptureError
from check_ipsec.host.hidden import without_keys
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source

INDEX = "capture.json"
CONFIGURATION = "ipsec.conf"
SWANCTL = "swanctl.conf"


def place(source: Source, earlier: int, argument: str = "") -> str:
    """The path, within the folder, of a text that was read ``earlier`` times before."""
    folder = ("", "again/")[earlier] if earlier < 2 else f"again-{earlier}/"
    named = argument.replace("%", "%25").replace("/", "%2F")
    return f"{folder}{source.file}{f'-{named}' if named else ''}"


class CapturedHost:
    """The host that ``directory`` holds; ``time`` is None where it is not recorded.

    Without ``capture.json`` all texts count as had. A source that is read more
    often than it was captured says its last text again. Raises CaptureError.
    """

    def __init__(self, directory: str, way: Way = Way.AUTO) -> None:
        _require_folder(directory)
        self.path = f"{directory}/{CONFIGURATION}"
        self.swanctl: Optional[str] = f"{directory}/{SWANCTL}"
        self.way = way
        self.files = CapturedFiles(directory)
        self.time, self._recorded = _index(directory)
        self._directory = directory
        self._places: dict[tuple[Source, str], list[str]] = defaultdict(list)

    def read(self, source: Source, _deadline: Deadline, argument: str = "") -> Output:
        """What ``source`` said at that time."""
        places = self._places[source, argument]
        following = place(source, len(places), argument)
        if not places or self._holds(following):
            places.append(following)
        return self._output(source, places[-1])

    def read_each(self, sources: Sequence[Source], deadline: Deadline) -> tuple[Output, ...]:
        """What several said."""
        return tuple(self.read(source, deadline) for source in sources)

    def can_read_again(self, _deadline: Deadline) -> bool:
        """Whether a later text was captured of any source that was read."""
        return any(
            self._holds(place(source, len(places), argument))
            for (source, argument), places in self._places.items()
        )

    def _holds(self, name: str) -> bool:
        return name in self._recorded or Path(self._directory, name).exists()

    def _output(self, source: Source, name: str) -> Output:
        recorded = self._recorded.get(name, Output(source.words, ""))
        text = _text(self._directory, name)
        if text is None and not recorded.failed:
            raise CaptureError(f"{self._directory}: no {name} in it")
        return recorded._replace(stdout=without_keys(source, text or ""))


class CapturedFiles:
    """The configuration files of a captured host, each of which may lack the other."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def read(self, path: str) -> str:
        """The text of a file. Raises FileNotFoundError where only the other is there."""
        name = path.rpartition("/")[2]
        text = _text(self._directory, name)
        if text is not None:
            return text
        if name != SWANCTL and _text(self._directory, SWANCTL) is None:
            raise CaptureError(f"{self._directory}: no {name} in it")
        raise FileNotFoundError(ENOENT, strerror(ENOENT), path)

    def glob(self, pattern: str) -> NoReturn:
        """Refused: an include would be read from another host."""
        raise CaptureError(f"{self._directory}: include {pattern} is not resolved in it")


# when the texts were read, and what is recorded of each
_Index = tuple[Optional[datetime], dict[str, Output]]

_TYPES: dict[str, tuple[type, ...]] = {
    "command": (list,),
    "stderr": (str,),
    "exit": (int, type(None)),
    "seconds": (int, float),
    "timed_out": (bool,),
    "refused": (bool,),
    "user": (str,),
}


def _index(directory: str) -> _Index:
    text = _text(directory, INDEX)
    if text is None:
        return None, {}
    try:
        return _read_index(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise CaptureError(f"{directory}/{INDEX}: damaged") from None


def _read_index(index: Any) -> _Index:
    outputs = {name: _read_entry(entry) for name, entry in index["commands"].items()}
    time = index.get("time")
    return None if time is None else datetime.fromisoformat(time), outputs


def _read_entry(entry: dict[str, Any]) -> Output:
    known = {field: entry[field] for field in _TYPES if field in entry}
    if any(type(value) not in _TYPES[field] for field, value in known.items()):
        raise TypeError
    command = known.pop("command")
    if not command or any(type(word) is not str for word in command):
        raise TypeError
    seconds = float(known.pop("seconds", 0))
    return Output(tuple(command), "", seconds=seconds, **known)


def _require_folder(directory: str) -> None:
    try:
        next(Path(directory).iterdir(), None)
    except OSError as error:
        raise CaptureError(f"{directory}: {error.strerror}") from error


def _text(directory: str, name: str) -> Optional[str]:
    """The text of a file in the folder, None where there is no such file."""
    try:
        data = Path(directory, name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CaptureError(f"{directory}/{name}: {error.strerror}") from error
    return data.decode("utf-8", "surrogateescape")
