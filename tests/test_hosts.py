"""Whole outputs and exit statuses for every captured host."""

from pathlib import Path

import pytest

from tests.hosts import ACTIONS, FORMS, ROOT, expected, hosts, planned, say


@pytest.fixture(autouse=True)
def _at_the_root_80_columns_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_says_what_is_expected(host: Path, form: str) -> None:
    assert say(host, form) == expected(host, form)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_would_do_what_is_expected(host: Path, action: str) -> None:
    assert planned(host, action) == (ROOT / host / "expected" / action).read_text()


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_the_first_line_is_short_and_whole(host: Path) -> None:
    said = say(host, "text")
    first, *others = said.text.split("\n")
    assert len(first.encode()) <= 1000
    assert others == [""]
    assert first.startswith("IPSEC " + ("OK", "WARNING", "CRITICAL", "UNKNOWN")[said.exit] + " - ")
    assert ("| " in first) == (said.exit != 3)


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_no_key_is_in_a_capture(host: Path) -> None:
    kernel = ROOT / host / "xfrm-state"
    if kernel.exists():
        lines = kernel.read_text(errors="surrogateescape").splitlines()
        algorithms = [line for line in lines if line.split(" ")[0].strip() in KEYED]
        assert all("<<Keys hidden>>" in line for line in algorithms)


KEYED = {"aead", "enc", "auth", "auth-trunc"}


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_a_narrow_terminal_gets_no_longer_lines(host: Path) -> None:
    lines = say(host, "table").text.split("\n")[1:]
    # a command is copied as a whole
    table = [line for line in lines if not line.startswith(("| ", "  tcpdump "))]
    too_long = [line for line in table if len(line) > 80 and len(line.split()) > 1]
    assert not too_long
