r"""charon's log: a file of its own, the file of a syslog daemon, or the journal.

Written by strongSwan's src/libcharon/bus/listeners/file_logger.c (``log_``; as JSON since
6.0.0) and sys_logger.c (``log_``), in the journal also by src/charon-systemd/charon-systemd.c
(``vlog``), which has the fields THREAD, GROUP, IKE_SA_NAME and IKE_SA_UNIQUE_ID instead of
the words before the message.

Sample, with ``ike_name = yes`` and ``time_format``, without both, and of a syslog daemon::

    Nov 28 08:03:05 11[IKE] <bob|1> received AUTHENTICATION_FAILED notify error
    11[IKE] received AUTHENTICATION_FAILED notify error
    2026-11-28T08:03:05.1+00:00 alice charon: 11[IKE] received AUTHENTICATION_FAILED notify error

EBNF (every terminal in capitals is a line pattern below)::

    charon_log = { LINE | OTHERS | JSON | OTHER } ;

A syslog daemon's file holds lines of other programs, whose words are anybody's: before the
thread stands a time, of a syslog daemon also host and program, or the line is not charon's.
``<bob|1>`` is read up to the last ``|`` before the first ``>``.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

from check_ipsec.grammar.tokens import line, parse_whole, record, records
from check_ipsec.model.log import LogLine

SYSLOG_TIME = r"[A-Z][a-z]{2} [ 0-3]\d \d\d:\d\d:\d\d"
ISO_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
PROGRAM = r"(?:charon[\w-]*|ipsec)(?:\[\d+\])?: "
# strftime(3) as a site likes it; a colon before a space ends the name of another program
TIME = r"(?:[\w,./+-]|:(?! )| (?=\S)){1,40}?"
BEFORE = (
    rf"(?:(?P<at>{SYSLOG_TIME}|{ISO_TIME}) [\w.:-]+ {PROGRAM}"
    rf"|(?P<time>{SYSLOG_TIME}|{ISO_TIME}|{TIME}) )?"
)
TAG = r"(?P<thread>\d{2,5})\[(?P<group>[A-Z]{3})(?P<level>-?\d)?\]"
IKE_SA = r"(?: <(?:(?P<name>[^\n>]*)\|)?(?P<number>\d{1,10})>)?"
LINE = rf"{BEFORE}{TAG}{IKE_SA} (?P<message>[^\n]*)\n"
JSON = r"\{[^\n]*\}\n"
# lines without any tag, at once: the file of a syslog daemon is full of them
OTHERS = r"(?:(?!\{)[^\n\[]*(?:\[(?!(?<=[0-9]\[)[A-Z]{3})[^\n\[]*)*\n)+"
NUMBER = r"[0-9]{1,10}"
OTHER = r"[^\n]*\n"
MESSAGE = rf"{TAG}{IKE_SA} (?P<message>[^\n]*)\n?"


def _line(found: re.Match[str]) -> LogLine:
    return _of(found, found["at"] or found["time"] or "")


def _of(found: re.Match[str], time: str) -> LogLine:
    level, number = found["level"], found["number"]
    return LogLine(
        time,
        int(found["thread"]),
        found["group"],
        int(level) if level else None,
        found["name"] or "",
        int(number) if number else None,
        found["message"],
    )


def _json(found: re.Match[str]) -> LogLine:
    """A line of the logger with ``json = yes``; ValueError where it is something else."""
    try:
        entry = json.loads(found[0])
        return LogLine(
            str(entry.get("time", "")),
            int(entry["thread"]),
            str(entry["group"]),
            int(entry["level"]) if "level" in entry else None,
            str(entry.get("ikesa-name", "")),
            int(entry["ikesa-uniqueid"]) if "ikesa-uniqueid" in entry else None,
            str(entry["msg"]).partition("\n")[0],
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None


charon_log = (
    records(LINE, _line, "a line of charon")
    | line(OTHERS, "lines of others")
    | record(JSON, _json, "a line of charon as JSON", "{")
    | line(OTHER, "any line")
)[...]


def parse(text: str, source: str) -> tuple[LogLine, ...]:
    """charon's lines in their order; those of others are left out.

    Raises ParseError where the text, which ``source`` names, ends in the middle of a line.
    """
    return tuple(parse_whole(charon_log, text, source))


def parse_journal(text: str) -> tuple[LogLine, ...]:
    """charon's lines in ``journalctl -o json``, the time as seconds since the epoch."""
    message = re.compile(MESSAGE, re.ASCII)
    lines = []
    for entry in map(_entry, text.splitlines()):
        for words in _words(entry.get("MESSAGE")):
            found = _journal_line(entry, words, message)
            if found:
                lines.append(found)
    return tuple(lines)


def _entry(text: str) -> dict[str, Any]:
    """An entry, empty where it is none: one that is being written may be cut."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _words(message: object) -> list[str]:
    """The lines of a message; journalctl prints one that is not UTF-8 as a list of bytes."""
    if isinstance(message, list):
        try:
            message = bytes(message).decode("utf-8", "surrogateescape")
        except (TypeError, ValueError):
            return []
    return message.split("\n") if isinstance(message, str) else []


def _journal_line(entry: dict[str, Any], words: str, pattern: re.Pattern[str]) -> LogLine | None:
    micro = str(entry.get("__REALTIME_TIMESTAMP", ""))
    time = f"{micro[:-6]}.{micro[-6:]}" if len(micro) > 6 and micro.isdigit() else ""
    if found := pattern.fullmatch(words):
        return _of(found, time)
    thread, group = str(entry.get("THREAD", "")), str(entry.get("GROUP", ""))
    number = str(entry.get("IKE_SA_UNIQUE_ID", ""))
    if not re.fullmatch(NUMBER, thread) or not group:
        return None
    name = str(entry.get("IKE_SA_NAME", ""))
    return LogLine(
        time,
        int(thread),
        group,
        None,
        name,
        int(number) if re.fullmatch(NUMBER, number) else None,
        words,
    )


# --- times ----------------------------------------------------------------------------

EPOCH = r"\d{9,10}(?:\.\d+)?"
AHEAD = 86400.0


def moment(text: str, now: float) -> float | None:
    """The time of a line in seconds since the epoch, None where its form is not known.

    One without a zone is local time, as loggers write it; one without a year the last such
    day before ``now``.
    """
    if re.fullmatch(EPOCH, text):
        return float(text)
    try:
        if re.fullmatch(SYSLOG_TIME, text):
            return _without_year(text, now)
        if re.fullmatch(ISO_TIME, text):
            return _iso(text)
    except (ValueError, OverflowError):
        pass
    return None


def _without_year(text: str, now: float) -> float:
    year = datetime.fromtimestamp(now).year
    for candidate in (year, year - 1):
        found = datetime.strptime(f"{candidate} {text}", "%Y %b %d %H:%M:%S").timestamp()
        if found <= now + AHEAD:
            return found
    raise ValueError(text)


def _iso(text: str) -> float:
    """Python before 3.11 reads three or six digits of a second, and no Z."""
    whole = re.sub(r"\.\d+", "", text).replace("Z", "+00:00")
    whole = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", whole)
    return datetime.fromisoformat(whole).astimezone(timezone.utc).timestamp()
