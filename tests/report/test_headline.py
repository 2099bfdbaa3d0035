"""The first line where causes are known, and where many are down."""

import json
from pathlib import Path

import pytest

from check_ipsec.checks.ipsec import main
from check_ipsec.report.headline import MANY, ago
from tests.hosts import ROOT

HOST = ROOT / "fixtures/hosts/wrong-psk"
LOG = ROOT / "fixtures/logs/5.9.8/wrong-psk-alice.plain"
EVIL = "11[IKE] received IDr 'CN=\x1b[31m|x', but require 'CN=bob'\n"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A captured host whose charon has told why."""
    for name in ("statusall", "xfrm-state", "xfrm-policy", "ipsec.conf"):
        (tmp_path / name).write_text((HOST / name).read_text())
    (tmp_path / "charon.log").write_text(LOG.read_text())
    return tmp_path


def said(host: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    main([f"--captured={host}", *arguments])
    return capsys.readouterr().out


def test_the_cause_stands_behind_the_reason(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(host, "-v", capsys=capsys)
    assert ": bob (no SA: peer refused our authentication) |" in text
    assert "(received AUTHENTICATION_FAILED notify error)" in " ".join(text.split())


def test_a_program_gets_the_cause_too(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (connection,) = json.loads(said(host, "--json", capsys=capsys))["connections"]
    assert connection["reason"] == "no SA"
    assert connection["cause"]["words"] == "peer refused our authentication"
    assert connection["cause"]["age"] is None
    assert "ike_auth.c" in connection["cause"]["where"]


def test_what_a_peer_calls_itself_is_shown_harmless(
    host: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (host / "charon.log").open("a") as log:
        log.write(EVIL)
    text = said(host, "-v", capsys=capsys)
    assert "peer calls itself 'CN=\\x1b[31m\\x7cx'" in text
    assert "\x1b" not in text


def test_a_log_of_others_is_a_note_and_no_status(
    host: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (host / "charon.log").write_text("Nov 28 08:03:05 alice sshd[7]: 11[IKE] x\n")
    (host / "journal").write_text("")
    text = said(host, "-v", capsys=capsys)
    assert ": bob (no SA) |" in text
    assert "why not more: journal: no line of charon in it" in text


def test_a_healthy_host_reads_no_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("check_ipsec.moment.charon_log.read", refuse)
    assert said(ROOT / "fixtures/hosts/mesh-all-up", capsys=capsys).startswith("IPSEC OK")


CONN = (
    "conn c{0}\n auto=start\n type=transport\n keyexchange=ikev2\n authby=secret\n"
    " left=10.1.0.1\n right=10.6.0.{0}\n\n"
)
LOADED = """\
 c{0}:  10.1.0.1...10.6.0.{0}  IKEv2
 c{0}:   local:  [10.1.0.1] uses pre-shared key authentication
 c{0}:   remote: [10.6.0.{0}] uses pre-shared key authentication
 c{0}:   child:  dynamic === dynamic TRANSPORT
"""


def many(folder: Path, number: int) -> Path:
    head = (HOST / "statusall").read_text().partition("Connections:\n")[0]
    numbers = range(1, number + 1)
    peers = "".join(map(LOADED.format, numbers))
    (folder / "ipsec.conf").write_text("".join(map(CONN.format, numbers)))
    (folder / "statusall").write_text(
        f"{head}Connections:\n{peers}Security Associations (0 up, 0 connecting):\n  none\n"
    )
    return folder


def test_what_many_have_in_common_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(many(tmp_path, MANY), "--no-kernel", "-v", capsys=capsys)
    first, second, *_ = text.splitlines()
    assert first.partition(" | ")[0] == (
        "IPSEC CRITICAL - 5 of 5 connections not established: all 5 to 10.6.0.0/24 (no SA): "
        "c1, c2, c3, c4, c5"
    )
    assert second == "5 connections: no SA; to 10.6.0.0/24"


ANOTHER = "conn other\n auto=start\n keyexchange=ikev2\n authby=secret\n type=transport\n"


def test_of_several_groups_the_large_ones_stand_for_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = many(tmp_path, MANY)
    with (host / "ipsec.conf").open("a") as file:
        file.write(f"{ANOTHER} left=10.1.0.1\n right=10.9.0.1\n")
    text = said(host, "--no-kernel", "-v", capsys=capsys)
    first, *more = text.splitlines()
    assert first.partition(" | ")[0] == (
        "IPSEC CRITICAL - 6 of 6 connections not established: 5 to 10.6.0.0/24 (no SA), "
        "other (not loaded: `ipsec update` is due, or charon has refused it)"
    )
    assert more[0] == "5 connections: no SA; to 10.6.0.0/24"
    assert more[1].startswith("1 connection: not loaded")


def test_few_are_named_with_their_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(many(tmp_path, MANY - 1), "--no-kernel", "-v", capsys=capsys)
    assert "not established: c1 (no SA), c2 (no SA), c3 (no SA), c4 (no SA) |" in text
    assert "4 connections:" not in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, ", just now"),
        (59, ", just now"),
        (60, ", 1 min ago"),
        (7199, ", 1 h ago"),
        (86400, ", 1 d ago"),
    ],
)
def test_ages_are_said_as_persons_do(seconds: int | None, words: str) -> None:
    assert ago(seconds) == words
