"""What all hosts have in common, the live one and the captured ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from time import monotonic
from typing import Protocol

from check_ipsec.host.sources import Output, Source

DEFAULT_TIMEOUT = 9.0
# how much longer than the first a second reading may take
SLOWER = 1.25


class Way(Enum):
    """How charon is asked.

    AUTO: over VICI where swanctl.conf lists connections, else by stroke. STROKE leaves
    swanctl.conf aside.
    """

    AUTO = "auto"
    STROKE = "stroke"
    VICI = "vici"


class Deadline:
    """The time that the reading of a host may take, all sources together.

    A source may take the seconds of its row; less where ``timeout`` (seconds,
    the plugin's own) is below the default, more where it is above, up to
    ``patience`` times as long. A ninth of ``timeout`` is kept for what comes after
    the reading. ``begin`` is when it began, on the monotonic clock, if not now.
    """

    def __init__(
        self,
        timeout: float = DEFAULT_TIMEOUT,
        patience: float = 1.0,
        begin: float | None = None,
    ) -> None:
        self._scale = min(patience, timeout / DEFAULT_TIMEOUT)
        self._start = monotonic() if begin is None else begin
        self._end = self._start + timeout * 8 / 9

    def seconds(self, source: Source) -> float:
        """What ``source`` may take from now on; 0 when all is used up."""
        return max(0.0, min(source.seconds * self._scale, self._end - monotonic()))

    def allows_again(self) -> bool:
        """Whether all that was done so far could be done again, a little slower.

        A second reading that comes too late is no loss: the first one counts then.
        """
        now = monotonic()
        return self._end - now > SLOWER * (now - self._start)

    def pause(self, seconds: float) -> float:
        """``seconds``, or fewer where else the time would no longer allow it again."""
        now = monotonic()
        return max(0.0, min(seconds, self._end - now - SLOWER * (now - self._start)))


class Files(Protocol):
    """Where texts come from."""

    def read(self, path: str, /) -> str:
        """The text of a file, decoded with surrogateescape. Raises OSError."""

    def glob(self, pattern: str, /) -> Iterable[str]:
        """The regular files that match, sorted. Raises OSError."""


class Host(Protocol):
    """A host whose texts can be read, again and again.

    ``path`` is its ipsec.conf, ``swanctl`` its swanctl.conf; None is not to be looked at.
    """

    path: str
    swanctl: str | None
    way: Way

    @property
    def time(self) -> datetime | None:
        """When the texts were read; of a host that can be asked, now."""

    @property
    def files(self) -> Files:
        """What both are read through."""

    def read(self, source: Source, deadline: Deadline, argument: str = "", /) -> Output:
        """What ``source`` says now; ``sources.text_of`` makes the text of it.

        ``argument`` is for those that take one.

        A command that fails is an output too. Raises CaptureError where a
        captured host has no such text.
        """

    def read_each(self, sources: Sequence[Source], deadline: Deadline, /) -> tuple[Output, ...]:
        """What several sources say, asked for at the same time where the host can do that."""

    def can_read_again(self, deadline: Deadline, /) -> bool:
        """Whether a second reading could say anything else than the one before."""
