"""What no release prints yet costs no night: no field, no line more makes a host worse than
a warning, nothing makes it healthier.

An unknown field is put at the end of, and an unknown line after, the lines of every
captured statusall, xfrm-state and xfrm-policy; of each text some fifteen lines are tried.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from check_ipsec.host.sources import Source
from check_ipsec.report.severity import Severity
from tests.hosts import ROOT
from tests.test_broken_text import RANK, SOURCES, HostInMemory, complete_hosts, judge

MOST_LINES = 15
FIELDS = (" cpu 3", ", cpu=any")
LINES = {
    Source.STATUSALL: ("         something new", "something else: new"),
    Source.XFRM_STATE: ("\tsomething new 3", "something new"),
    Source.XFRM_POLICY: ("\tsomething new 3", "something new"),
}


def newer(whole: str, lines: tuple[str, ...]) -> Iterator[str]:
    """The text with one field or one line more than it has."""
    known = whole.split("\n")[:-1]
    for number in range(0, len(known), len(known) // MOST_LINES + 1):
        field, line = FIELDS[number % 2], lines[number % 2]
        yield "\n".join([*known[:number], known[number] + field, *known[number + 1 :], ""])
        yield "\n".join([*known[: number + 1], line, *known[number + 1 :], ""])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
@pytest.mark.parametrize("folder", complete_hosts(), ids=lambda host: host.name)
def test_fields_and_lines(folder: Path, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    host = HostInMemory(folder)
    before, _ = judge(host)
    for text in newer(host.texts[source], LINES[source]):
        host.texts[source] = text
        severity, _ = judge(host)
        assert severity is not Severity.UNKNOWN or before is Severity.UNKNOWN, text[:900]
        assert RANK[severity] >= RANK[before], text
        if before is not Severity.CRITICAL:
            assert severity is not Severity.CRITICAL, text
