"""Captured moments of charon in fixtures/daemon/, and how a test changes what they say."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from check_ipsec.errors import CaptureError
from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.truth.charon import Asked, Charon, observe
from tests.hosts import ROOT

MOMENTS = ROOT / "fixtures/daemon"
NAMES = sorted(path.name for path in MOMENTS.iterdir() if path.is_dir())
START = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)


class Moment:
    """A captured moment; ``texts`` replace what a source says, None by nothing at all.

    charon says ``again`` when it is asked a second time.
    """

    def __init__(
        self,
        name: str = "idle",
        again: str | None = None,
        seconds: float = 0,
        **texts: str | Output | None,
    ) -> None:
        self._folder = MOMENTS / name
        self.path = f"{self._folder}/ipsec.conf"
        self.swanctl = None
        self.way = Way.AUTO
        self.files = CapturedFiles(str(self._folder))
        self.time: datetime | None = datetime.fromtimestamp(START.timestamp() + seconds, UTC)
        self.asked: list[str] = []
        self._again = again
        self._texts = texts

    def read(self, source: Source, _deadline: Deadline, _argument: str = "") -> Output:
        if self._again is not None and source.name in self.asked:
            text: str | Output | None = self._again
        else:
            text = self._texts.get(source.name, self._captured(source))
        self.asked.append(source.name)
        if isinstance(text, Output):
            return text
        if text is None:
            return Output(source.words, "", "No such file or directory", exit=1)
        return Output(source.words, text)

    def _captured(self, source: Source) -> str | Output | None:
        path = self._folder / source.file
        if source is Source.STATUSALL and (self._folder / "statusall-nb").exists():
            return Output(source.words, "", exit=-15, timed_out=True)
        if not path.exists() and not source.is_file:
            raise CaptureError(f"no {source.file}")
        # a file that could not be read is kept as an empty one
        return (path.read_text() if path.exists() else "") or None

    def can_read_again(self, _deadline: Deadline) -> bool:
        return self._again is not None


def statusall(*edits: tuple[str, str], name: str = "idle") -> str:
    """charon's answer with parts, by their patterns, replaced."""
    text = (MOMENTS / name / "statusall").read_text()
    for pattern, new in edits:
        assert re.search(pattern, text), pattern
        text = re.sub(pattern, new, text)
    return text


def counters(**values: int) -> str:
    """A text of listcounters with these, by their keys, and all others 0."""
    text = (MOMENTS / "idle/listcounters").read_text()
    text = re.sub(r"(?m)( +)\d+$", lambda found: f"{found[1]}0", text)
    for key, value in values.items():
        text = re.sub(rf"(?m)^{key} +0$", f"{key:<18} {value:12}", text)
    return text


def seen(host: Moment, hasty: Iterable[str] = ()) -> Charon:
    """What is known of it; a measure of ``hasty`` above 0 is looked at twice."""

    def fleeting(measures: dict[str, float | None]) -> bool:
        return any(measures.get(label) for label in hasty)

    return observe(host, Asked(pause=0.0, by_name=True), fleeting)


def folder(name: str) -> Path:
    return MOMENTS / name
