"""check_ipsec_certs as a user types it: first line, options, table, JSON, captures."""

import builtins
import json
import os
import re
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from check_ipsec.checks.certs import LABELS, STATUSES
from check_ipsec.checks.statuses import Status
from check_ipsec.errors import CheckIpsecError
from check_ipsec.grammar import certificate_files
from check_ipsec.truth.flaws import Flaw
from tests.certificates import (
    ALICE,
    AUTHORITY,
    BOB,
    NOW,
    Cert,
    Charon,
    Connection,
    Round,
    crl,
    flaws,
    seen,
)
from tests.certs import HOSTS, answer, hosts, line_of, looks, say, whole

SECRET = Round("", "pre-shared key")


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def said(tmp_path: Path, host: Charon, *arguments: str) -> tuple[str, int]:
    """What is said of a host that was made up."""
    folder = tmp_path / "host"
    if not folder.exists():
        host.keep(folder)
    return answer(f"--captured={folder}", *arguments)


def perfdata(text: str) -> dict[str, str]:
    numbers = text.partition("\n")[0].partition(" | ")[2].split()
    return dict(one.split("=", 1) for one in numbers)


# --- captured hosts -------------------------------------------------------------------


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_captured(host: Path) -> None:
    assert whole(host) == (host / "expected").read_text()


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_the_labels_are_always_the_same_and_no_line_is_too_long(host: Path) -> None:
    for look in looks(host):
        text, status = say(look, "-v")
        first, *rest = text.split("\n")
        assert len(first.encode()) <= 1000
        assert set(perfdata(text)) == (set(LABELS) if status < 3 else set())
        assert all(len(line) <= 80 for line in rest if not line.startswith("| "))


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_no_private_key_is_in_a_capture(host: Path) -> None:
    for path in host.rglob("*"):
        assert path.is_dir() or "PRIVATE KEY" not in path.read_text()


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_cut_lists_make_nothing_healthier(host: Path, tmp_path: Path) -> None:
    """Of charon's lists one is cut after each line: what was wrong stays so, or is unknown."""
    look = looks(host)[0]
    arguments = look.with_suffix(".args").read_text().splitlines()
    _, before = say(look)
    folder = tmp_path / "cut"
    shutil.copytree(look, folder)
    for name in ("listcerts", "listcacerts", "list-certs"):
        text = (look / name).read_text() if (look / name).exists() else ""
        certificates, heading, crls = text.partition("\nList of X.509 CRLs")
        lines = certificates.splitlines(keepends=True)
        for number in range(len(lines)):
            (folder / name).write_text("".join([*lines[:number], heading, crls]))
            _, status = answer(f"--captured={folder}", *arguments)
            assert before == 0 or status > 0
        if lines:
            (folder / name).write_text(text)


# --- options ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 2),
        (("-c", "5:"), 1),
        (("-c", "5:", "-w", "5:"), 0),
        (("-w", "", "-c", ""), 0),
        (("-c", "@0:10"), 2),
        (("-w", "10:", "-c", "1:"), 1),
        (("-e", "*"), 3),
        (("-c", "10%"), 3),
        (("-c", "x"), 3),
        (("--expired", "dreadful"), 3),
    ],
)
def test_days(arguments: tuple[str, ...], status: int) -> None:
    assert say(HOSTS / "end-in-5-days/1", *arguments)[1] == status


@pytest.mark.parametrize("text", ["30d", "10%", "7:3", "x"])
def test_what_is_no_range_of_days(text: str) -> None:
    said, status = say(HOSTS / "healthy/1", "-w", text)
    assert (line_of(said), status) == (
        f"UNKNOWN - {text} is not a range of days, like 30: or 7:", 3
    )  # fmt: skip


# a host for each flaw
FLAWED: dict[Flaw, Charon] = {
    Flaw.EXPIRED: Charon([ALICE._replace(end=-1.5), BOB]),
    Flaw.EARLY: Charon([ALICE._replace(begin=1.5), BOB]),
    Flaw.REVOKED: Charon(crls=crl(3.5, serials=("01",))),
    Flaw.NO_KEY: Charon([ALICE._replace(private=False), BOB]),
    Flaw.NOT_LOADED: Charon([BOB], [Connection(local=Round("CN=alice", file="alice.pem"))]),
    Flaw.IDENTITY: Charon(connections=[Connection(settings="    leftid=www.example\n")]),
    Flaw.CHAIN: Charon([ALICE._replace(issuer="CN=Sub"), BOB]),
    Flaw.WEAK: Charon([ALICE._replace(key="RSA 1024 bits"), BOB]),
    Flaw.CRL_OLD: Charon(crls=crl(-2.5)),
    Flaw.CRL_STRICT: Charon(crls=crl(-2.5), setup="    strictcrlpolicy=yes\n"),
}


@pytest.mark.parametrize("row", STATUSES, ids=lambda row: row.option)
def test_every_flaw_has_its_status(row: Status, tmp_path: Path) -> None:
    option, (flaw,), default, _ = row
    if flaw is Flaw.RENEWED:
        look = HOSTS / "renewed-on-disk-only/2"
        assert say(look, "-w", "5:")[1] == default
        assert say(look, "-w", "5:", option, "ok")[1] == 0
        assert say(look, "-w", "5:", option, "critical")[1] == 2
        return
    host = FLAWED[flaw]
    text, status = said(tmp_path, host, "-v")
    assert status == default
    assert f"#{flaw.anchor}" in re.sub(r"\s+", " ", text)
    assert perfdata(text)[flaw.name.lower()].split(";")[0] == "1"
    for given, expected in (("ok", 0), ("warning", 1), ("critical", 2), ("unknown", 3)):
        assert said(tmp_path, host, option, given)[1] == expected


def test_every_flaw_is_tried() -> None:
    others = {Flaw.ENDING, Flaw.RENEWED, Flaw.NOT_READ}
    assert FLAWED.keys() | others == set(Flaw)


# --- first line ---------------------------------------------------------------------


def test_several_flaws_and_names(tmp_path: Path) -> None:
    bad = [ALICE._replace(end=-1.5, key="RSA 1024 bits"), BOB._replace(end=5.5)]
    text, status = said(tmp_path, Charon(bad))
    assert (line_of(text), status) == (
        "CRITICAL - 2 of 3 certificates not as they should be: alice (ended 1 day ago and is weak "
        "(RSA 1024 bits), 1 connection), bob (ends in 5 days, 1 connection)", 2,
    )  # fmt: skip


def test_the_same_flaw_of_several(tmp_path: Path) -> None:
    bad = [ALICE._replace(end=5.5), BOB._replace(end=5.5)]
    text, _ = said(tmp_path, Charon(bad))
    assert line_of(text) == (
        "CRITICAL - 2 of 3 certificates end in 5 days: alice (1 connection), bob (1 connection)"
    )


def test_certificates_with_one_subject_are_told_by_their_numbers(tmp_path: Path) -> None:
    peers = [Cert("CN=vpn", serial=f"0{number}", end=5.5) for number in range(3)]
    some = [
        Connection(f"c{number}", remote=Round("CN=vpn", subject="CN=vpn", file=f"{number}.pem"))
        for number in range(3)
    ]
    text, _ = said(tmp_path, Charon([ALICE, *peers], some))
    assert line_of(text) == (
        "CRITICAL - 3 of 5 certificates end in 5 days: vpn 00 (up to 3 connections), vpn 01 (up "
        "to 3 connections), vpn 02 (up to 3 connections)"
    )


def test_names_are_shown_whole_or_counted(tmp_path: Path) -> None:
    peers = [Cert(f"CN={'x' * 90}{number}", end=5.5) for number in range(100, 160)]
    some = [Connection(f"c{number}", remote=Round(one.subject)) for number, one in enumerate(peers)]
    text, _ = said(tmp_path, Charon([ALICE, *peers], some))
    first = text.partition("\n")[0]
    assert len(first.encode()) <= 1000
    assert re.search(r" \+ 5\d more \| ", first)


def test_pre_shared_keys_only(tmp_path: Path) -> None:
    host = Charon((), [Connection(local=SECRET, remote=SECRET)], ())
    text, status = said(tmp_path, host, "-v")
    line = "OK - no certificate in use, 1 connection with pre-shared keys only"
    assert (line_of(text), status) == (line, 0)
    assert perfdata(text)["days"] == "U;30:;7:"


def test_what_is_not_loaded_is_a_warning(tmp_path: Path) -> None:
    host = Charon(connections=[Connection(), Connection("new", loaded=False)])
    text, status = said(tmp_path, host, "-vv")
    assert (line_of(text).endswith("; 1 connection not loaded"), status) == (True, 1)
    assert "not loaded: new" in text


def test_no_connection_is_critical(tmp_path: Path) -> None:
    text, status = said(tmp_path, Charon(connections=[]))
    assert (line_of(text), status) == (f"CRITICAL - no connection in {tmp_path}/host/ipsec.conf", 2)


def test_a_charon_that_does_not_run(tmp_path: Path) -> None:
    text, status = said(tmp_path, Charon(STATUSALL=""), "-v")
    assert (line_of(text), status) == ("CRITICAL - charon is not running", 2)
    assert {value.partition(";")[0] for value in perfdata(text).values()} == {"U"}
    document = json.loads(said(tmp_path, Charon(), "--json")[0])
    assert document["daemon"] == {"running": False, "error": "charon is not running"}


def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    host = Charon(now=datetime(2020, 1, 1, tzinfo=UTC))
    text, status = said(tmp_path, host)
    assert status == 2
    assert line_of(text).endswith("; is the clock right? It says 2020-01-01 00:00 UTC")


def test_a_capture_without_a_time_says_so(tmp_path: Path) -> None:
    host = Charon()
    host.time = None
    text, status = said(tmp_path, host)
    assert (line_of(text), status) == (
        f"UNKNOWN - {tmp_path}/host/ipsec.conf: nothing says when that was, so nothing when it "
        "ends\n".rstrip(), 3,
    )  # fmt: skip


def test_a_folder_of_another_check_lacks_texts() -> None:
    host = Path("fixtures/hosts/mesh-all-up").resolve()
    text, status = answer(f"--captured={host}")
    assert (text, status) == (f"IPSEC-CERTS UNKNOWN - {host}: no listcerts in it\n", 3)


# --- texts that are not as they were ----------------------------------------------------


def test_a_new_field_is_shown_and_harms_nobody(tmp_path: Path) -> None:
    text, status = said(tmp_path, Charon([ALICE._replace(extra="  trust:  full\n"), BOB]), "-v")
    assert status == 0
    assert "1 line of charon's answer not understood" in text
    assert "not understood:   trust:  full" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  validity:  not before", "  lifetime:  not before"),
        ("not after ", "not later than "),
        ("pubkey: ", "public: "),
        ("subject: ", "name: "),
        ("Dec", "XII"),
    ],
)
def test_a_certificate_that_is_not_understood_is_not_healthy(
    tmp_path: Path, old: str, new: str
) -> None:
    host = Charon([ALICE._replace(end=20.0), BOB])
    assert old in host.texts["LISTCERTS"]
    host.texts["LISTCERTS"] = host.texts["LISTCERTS"].replace(old, new, 1)
    assert said(tmp_path, host, "-w", "")[1] > 0


def test_a_list_with_another_heading_is_judged_all_the_same(tmp_path: Path) -> None:
    host = Charon([ALICE._replace(end=-1.5), BOB])
    text = host.texts["LISTCERTS"].replace("X.509 End Entity", "X.509 Leaf")
    host.texts["LISTCERTS"] = text
    assert said(tmp_path, host)[1] == 2


def test_names_do_no_harm(tmp_path: Path) -> None:
    evil = "CN=a|b=\x1b[31m\u202e"
    host = Charon([ALICE._replace(subject=evil, end=5.5)],
                  [Connection(local=Round(evil, subject=evil, file="a.pem"))])  # fmt: skip
    for arguments in ((), ("-v",), ("-vv",)):
        text, _ = said(tmp_path, host, *arguments)
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert text.partition("\n")[0].count("|") == 1


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Pacific/Kiritimati"])
def test_times_in_the_zone_of_charon(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --utc charon prints those of its zone, which is the one of this host."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        host = Charon()
        local = NOW.astimezone()
        for certificate, text in ((ALICE, "LISTCERTS"), (AUTHORITY, "LISTCACERTS")):
            host.texts[text] = host.texts[text].replace(
                certificate.text(), certificate.text(local.replace(tzinfo=UTC), zone="")
            )
        found = seen(host)
        assert flaws(host) == {}
        days = {item.subject: round(item.days or 0, 1) for item in found.items}
        # a zone may have another offset on that day
        assert abs(days["CN=alice"] - 300.5) <= 0.1
    finally:
        monkeypatch.undo()
        time.tzset()


# --- table and JSON -------------------------------------------------------------------


def test_all_of_a_certificate(tmp_path: Path) -> None:
    alice = ALICE._replace(alt_names="alice.example, a@b.example")
    text, _ = said(tmp_path, Charon([alice, BOB]), "-vv")
    words = " ".join(text.split())
    assert "subject: CN=alice issuer: O=Example, CN=Example CA serial: 01, from 2026" in words
    assert "altNames: alice.example, a@b.example connections: bob" in words


def test_json(tmp_path: Path) -> None:
    text, status = said(tmp_path, Charon([ALICE._replace(end=5.5), BOB], crls=crl(3.5)), "--json")
    found = json.loads(text)
    assert text.isascii()
    assert (found["status"], status, found["time"]) == ("CRITICAL", 2, "2026-11-28T08:00:00+00:00")
    first = found["items"][0]
    assert (first["name"], first["own_of"], first["peer_of"]) == ("alice", ["bob"], [])
    assert first["certificate"]["not_after"] == "2026-12-03T20:00:00+00:00"
    assert first["flaws"] == [{"status": "CRITICAL", "flaw": "ends soon", "text": "ends in 5 days"}]
    (listed,) = (one["crl"] for one in found["items"] if one["kind"] == "CRL")
    assert listed["next_update"] == "2026-12-01T20:00:00+00:00"


# --- files --------------------------------------------------------------------------


def test_without_charon_the_files_are_judged_alone(tmp_path: Path) -> None:
    folder = tmp_path / "host"
    shutil.copytree(HOSTS / "weak/3", folder)
    (folder / "statusall").write_text("")
    index = json.loads((folder / "capture.json").read_text())
    del index["commands"]["statusall"]
    (folder / "capture.json").write_text(json.dumps(index))
    text, status = answer(f"--captured={folder}", "--files", "-v")
    assert (line_of(text), status) == (
        "CRITICAL - charon is not running; on disk 1 of 2 certificates: carol (is weak (signed "
        "with SHA-1), 2 connections)", 2,
    )  # fmt: skip
    assert "carol                    2029-11-27" in text
    (folder / "certs").write_text("")
    text, _ = answer(f"--captured={folder}", "--files")
    lost = "carol.pem (cannot be loaded (No such file or directory), 2 connections)"
    assert lost in line_of(text)
    (folder / "certs").write_text("/etc/ipsec.d/certs/carol.pem: Permission denied\n")
    assert "carol" not in line_of(answer(f"--captured={folder}", "--files")[0])
    assert line_of(answer(f"--captured={folder}")[0]) == "CRITICAL - charon is not running"


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("check_ipsec.grammar.x509", raising=False)
    monkeypatch.setitem(sys.modules, "check_ipsec.grammar.x509", None)
    text, status = say(HOSTS / "healthy/2")
    assert (line_of(text), status) == (
        "UNKNOWN - --files needs the Python library cryptography: apt install "
        "python3-cryptography", 3,
    )  # fmt: skip
    assert say(HOSTS / "healthy/1")[1] == 0


def test_a_library_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    imports = builtins.__import__

    def fails(
        name: str, names: Any = None, local: Any = None, wanted: Any = (), level: int = 0
    ) -> object:
        if "x509" in (wanted or ()):
            raise RuntimeError("no provider")
        return imports(name, names, local, wanted, level)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(CheckIpsecError, match="cryptography fails: RuntimeError"):
        certificate_files.require_library()


def test_nothing_of_the_library_is_imported_without_files() -> None:
    code = (
        "import sys; from check_ipsec.checks.certs import main; "
        f"main(['--captured={HOSTS}/healthy/1', '-v']); sys.exit('cryptography' in sys.modules)"
    )
    assert os.spawnlp(os.P_WAIT, sys.executable, sys.executable, "-c", code) == 0
