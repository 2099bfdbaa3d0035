"""An answer for eyes, and the same for programs."""

import io
from contextlib import redirect_stdout

import pytest

from check_ipsec.checks.ipsec import main

DOWN = "--captured=fixtures/hosts/wrong-psk"
RED = "\033[1;31m"


class Screen(io.StringIO):
    """Standard output on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def shown(*arguments: str) -> list[str]:
    """The lines on a terminal."""
    with redirect_stdout(Screen()) as screen:
        main([*arguments])
    return screen.getvalue().splitlines()


def test_a_terminal_shows_colour_and_no_performance_data() -> None:
    first, _, row, *more = shown(DOWN, "-v")
    assert first.startswith(f"IPSEC {RED}CRITICAL\033[0m - 1 of 1 connection")
    assert " | " not in first
    assert "not_established=" not in "".join(more)
    assert row.startswith(f"{RED}bob ")
    assert row.endswith("\033[0m")


def test_with_details_the_performance_data_come_last() -> None:
    assert shown(DOWN, "-vv")[-1].startswith("cleartext=1 clients=0")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_minds_gets_no_colour(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert "\033" not in "".join(shown(DOWN, "-v"))


def test_the_option_decides() -> None:
    assert "\033" not in "".join(shown(DOWN, "-v", "--color", "never"))


def test_what_is_no_terminal_gets_neither(capsys: pytest.CaptureFixture[str]) -> None:
    main([DOWN, "-v"])
    text = capsys.readouterr().out
    assert "\033" not in text
    assert " | cleartext=1" in text
    main([DOWN, "-v", "--color", "always"])
    text = capsys.readouterr().out
    assert text.startswith(f"IPSEC {RED}CRITICAL\033[0m - ")
    assert " | cleartext=1" in text


def test_a_healthy_line_stays_plain() -> None:
    _, _, row, *_ = shown("--captured=fixtures/hosts/mesh-all-up", "-v")
    assert "\033" not in row
