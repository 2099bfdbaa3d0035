"""charon's log, read only where a connection is not as it should be."""

from __future__ import annotations

from typing import NamedTuple

from check_ipsec.errors import CaptureError, CheckIpsecError
from check_ipsec.grammar import charon_log
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import LOG_FILE, Source
from check_ipsec.model.log import LogLine

# seconds
LEAST = 0.3
NOTHING = "no line of charon in it"


class Log(NamedTuple):
    """The lines of charon's log in their order, and why there are none, a sentence each."""

    lines: tuple[LogLine, ...]
    problems: tuple[str, ...]


def read(host: Host, deadline: Deadline, path: str | None) -> Log:
    """The file ``path``; without one the journal, then the usual file, the first that has any.

    It is only as good as there is time: what cannot be had in it is a problem, no error.
    """
    problems = []
    for source in (Source.LOG,) if path else (Source.JOURNAL, Source.LOG):
        name = "journal" if source is Source.JOURNAL else path or LOG_FILE
        if deadline.seconds(source) < LEAST:
            problems.append(f"{name}: no time left to read it")
            continue
        try:
            lines = lines_of(source, text_of(source, host.read(source, deadline)))
        except CaptureError:
            continue
        except CheckIpsecError as error:
            problems.append(f"{name}: {error}")
            continue
        if lines:
            return Log(lines, ())
        problems.append(f"{name}: {NOTHING}")
    return Log((), tuple(problems))


def lines_of(source: Source, text: str) -> tuple[LogLine, ...]:
    """The lines of a text that may begin or end in the middle of one."""
    if source is Source.JOURNAL:
        return charon_log.parse_journal(text)
    return charon_log.parse(text[: text.rfind("\n") + 1], "charon's log")
