"""A damaged text of VICI never makes a host look healthier than the whole text does.

As tests/test_broken_text.py has it for statusall: every Nth line is left out. A text that is
cut is refused, since its reply is missing (tests/moment/test_vici.py).
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from check_ipsec.errors import CheckIpsecError
from check_ipsec.host.captured import CapturedHost
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.report.severity import Mapping, Severity, least, not_understood, overall, worst
from check_ipsec.truth.observe import OVER_VICI, Question, observe
from tests.hosts import HOSTS, ROOT
from tests.test_broken_text import RANK

MOST_LINES = 60
FOLDERS = sorted(
    path.parent
    for folder in (ROOT / HOSTS, ROOT / "fixtures/both")
    for path in folder.glob("*/list-sas")
)


class Damaged(CapturedHost):
    """A captured host, asked over VICI, with another text in place of one of its own."""

    def __init__(self, folder: Path, source: Source | None = None, text: str = "") -> None:
        super().__init__(str(folder), Way.VICI)
        self._source, self._other = source, text

    def read(self, source: Source, deadline: Deadline, argument: str = "") -> Output:
        if source is self._source:
            return Output(source.words, self._other)
        return super().read(source, deadline, argument)

    def read_each(self, sources: Sequence[Source], deadline: Deadline) -> tuple[Output, ...]:
        return tuple(self.read(source, deadline) for source in sources)

    def can_read_again(self, _deadline: Deadline) -> bool:
        return False


def judge(host: Damaged) -> tuple[Severity, bool]:
    """The severity, and whether a warning is all that the text allows."""
    try:
        seen = observe(host, Question(pause=0.0))
    except CheckIpsecError:
        return Severity.UNKNOWN, False
    exempt = seen.partial or any(not_understood(seen))
    return overall(worst(seen, Mapping()), least(seen, Mapping())), exempt


@pytest.mark.parametrize("source", OVER_VICI, ids=lambda source: source.file)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_short_of_lines(folder: Path, source: Source) -> None:
    path = folder / source.file
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole, _ = judge(Damaged(folder))
    for number in range(0, len(lines), len(lines) // MOST_LINES + 1):
        broken = "".join(lines[:number] + lines[number + 1 :])
        severity, exempt = judge(Damaged(folder, source, broken))
        least_of_all = Severity.WARNING if exempt and whole is not Severity.OK else whole
        assert RANK[severity] >= RANK[least_of_all], lines[max(0, number - 3) : number + 2]
