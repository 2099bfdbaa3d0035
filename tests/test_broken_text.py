"""A damaged text never makes a host look healthier than the whole text does.

Every captured statusall, xfrm-state and xfrm-policy is cut at every byte and short of
each line. A cut in the middle of a line is refused before anything else is looked at,
so cuts at line ends are what costs time; of very long texts every Nth is tried.

Exempt, by name:

- ``partial``: the header of the Security Associations counts more than is listed. Then
  a connection that is not listed is *unverified*, a warning, by the contract: a healthy
  host in the middle of a rekey looks the same.
- ``unread``: what is left of a record may be that of a newer release. What it may hold is
  *unverified* too, never healthy.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from check_ipsec.errors import CheckIpsecError, ParseError
from check_ipsec.grammar import statusall, xfrm_policy, xfrm_state
from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.report.severity import Mapping, Severity, least, not_understood, overall, worst
from check_ipsec.truth.observe import Question, observe
from tests.hosts import ROOT, arguments, hosts

MOST_LINES = 150
PARSERS = {
    Source.STATUSALL: statusall.parse,
    Source.XFRM_STATE: xfrm_state.parse,
    Source.XFRM_POLICY: xfrm_policy.parse,
}
SOURCES = tuple(PARSERS)
RANK = {Severity.OK: 0, Severity.WARNING: 1, Severity.CRITICAL: 2, Severity.UNKNOWN: 2}


class HostInMemory:
    """A captured host whose texts can be replaced."""

    time: datetime | None = None

    def __init__(self, folder: Path) -> None:
        self.path = f"{folder}/ipsec.conf"
        self.swanctl = None
        self.way = Way.AUTO
        self.files = CapturedFiles(str(folder))
        self.texts = {source: text(folder, source) for source in SOURCES}

    def read(self, source: Source, _deadline: Deadline) -> Output:
        return Output(source.words, self.texts.get(source, ""))

    def can_read_again(self, _deadline: Deadline) -> bool:
        return False


def text(folder: Path, source: Source) -> str:
    return (ROOT / folder / source.file).read_bytes().decode("utf-8", "surrogateescape")


# lines that a policy or a state may lack, so that it would apply to more traffic
OPTIONAL = ("\tmark ", "\tif_id ", "\tsel ", "\t\tlevel ")


def complete_hosts() -> list[Path]:
    """Hosts whose three texts were all had, and are judged without options."""
    return [
        host
        for host in hosts()
        if not arguments(host)
        and all((ROOT / host / source.file).exists() for source in SOURCES)
        and text(host, Source.STATUSALL)
    ]


def judge(host: HostInMemory) -> tuple[Severity, bool]:
    """The severity, and whether a warning is all that the text allows."""
    try:
        seen = observe(host, Question(pause=0.0))
    except CheckIpsecError:
        return Severity.UNKNOWN, False
    return overall(worst(seen, Mapping()), least(seen, Mapping())), seen.partial or any(
        not_understood(seen)
    )


def damaged(whole: str) -> Iterator[str]:
    """The text cut at line ends, and short of each line."""
    lines = whole.split("\n")[:-1]
    for number in range(0, len(lines), len(lines) // MOST_LINES + 1):
        yield "".join(f"{line}\n" for line in lines[:number])
        if not lines[number].startswith(OPTIONAL):
            yield "".join(f"{line}\n" for line in lines[:number] + lines[number + 1 :])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
@pytest.mark.parametrize("folder", complete_hosts(), ids=lambda host: host.name)
def test_short_of_lines(folder: Path, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    host = HostInMemory(folder)
    whole, _ = judge(host)
    for broken in damaged(host.texts[source]):
        host.texts[source] = broken
        severity, exempt = judge(host)
        least_of_all = Severity.WARNING if exempt and whole is not Severity.OK else whole
        assert RANK[severity] >= RANK[least_of_all], broken[-200:]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
@pytest.mark.parametrize("folder", complete_hosts(), ids=lambda host: host.name)
def test_cut_in_a_line(folder: Path, source: Source) -> None:
    whole = text(folder, source)
    parse = PARSERS[source]
    for place in range(1, len(whole)):
        if whole[place - 1] != "\n":
            with pytest.raises(ParseError, match="ends in the middle of a line"):
                parse(whole[:place], source.file)
