"""check_ipsec_crypto as a user types it: first line, statuses, table, JSON, damaged texts."""

import json
import re
import shutil
from pathlib import Path

import pytest

from check_ipsec.checks.crypto import CHECK, STATUSES, keyword_list, main
from check_ipsec.errors import UsageError
from check_ipsec.truth.concerns import Concern
from tests.hosts import ROOT

MOMENTS = ROOT / "fixtures/crypto"
ONE = "1 of 1 connection against policy: bob"
FINE = (0, "OK - 1 connection as policy has it")
LINES = {
    "3des": (1, f"WARNING - {ONE} (IKE: 3DES_CBC; ESP: 3DES_CBC)"),
    "ah": FINE,
    "another-mode": (1, f"WARNING - {ONE} (TUNNEL, not type=beet)"),
    "as-the-fleet": FINE,
    "as-the-fleet-6.1.0": FINE,
    "defaults-rekeyed": (
        1, f"WARNING - {ONE} (ESP: no PFS; open to weaker: no ike=, no esp=)"
    ),
    "defaults-rekeyed-6.1.0": (1, f"WARNING - {ONE} (open to weaker: no ike=, no esp=)"),
    "esn": FINE,
    "esn-without-replay-window": (1, f"WARNING - {ONE} (kernel has no ESN)"),
    "fleet-130-one-weak": (
        1,
        "WARNING - 1 of 130 connections against policy: cp0003_v6 (IKE: 3DES_CBC, MODP_1024)",
    ),
    "forbidden": (
        1,
        f"WARNING - {ONE} (IKE: DES_CBC, HMAC_MD5_96, PRF_HMAC_MD5, MODP_768; ESP: DES_CBC, "
        "HMAC_MD5_96)",
    ),
    "ikev1-aggressive": (2, f"CRITICAL - {ONE} (aggressive mode with PSK; IKEv1)"),
    "ikev1-without-pfs": (1, f"WARNING - {ONE} (IKEv1; ESP: no PFS)"),
    "modp1024": (1, f"WARNING - {ONE} (IKE: MODP_1024)"),
    "not-in-the-file": (
        1, "WARNING - 1 of 2 connections against policy: carl (IKE: MODP_1024)"
    ),
    "null": (2, f"CRITICAL - {ONE} (ESP: NULL)"),
    "of-the-kernel": (2, f"CRITICAL - {ONE} (kernel has ecb(cipher_null), not AES_CBC_128)"),
    "open": (1, f"WARNING - {ONE} (open to weaker: ike= without !, no esp=)"),
    "open-6.1.0": (1, f"WARNING - {ONE} (open to weaker: ike= without !, no esp=)"),
    "post-quantum-6.1.0": FINE,
    "rekeyed": FINE,
    "stricter-file": (
        1,
        f"WARNING - {ONE} (IKE: AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048 not in ike=; "
        "ESP: AES_CBC_128/HMAC_SHA1_96 not in esp=)",
    ),
    "without-an-sa": (0, "OK - 1 connection as policy has it, 1 of them without an SA"),
    "without-integrity": (1, f"WARNING - {ONE} (ESP: no integrity)"),
}  # fmt: skip
NAMES = sorted(LINES)
ARGUMENTS = {"post-quantum-6.1.0": ["-i", "bob"]}


def asked(capsys: pytest.CaptureFixture[str], name: str | Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output about a captured moment."""
    path = MOMENTS / name if isinstance(name, str) else name
    status = main([f"--captured={path}", *ARGUMENTS.get(path.name, []), *arguments])
    return status, capsys.readouterr().out


def line_of(text: str) -> str:
    return text.partition("\n")[0].partition(" | ")[0].removeprefix("IPSEC-CRYPTO ")


def perfdata(text: str) -> dict[str, str]:
    numbers = text.partition("\n")[0].partition(" | ")[2].split()
    return dict(one.split("=", 1) for one in numbers)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Strong proposals, as the fleet has them; a test may change the texts."""
    shutil.copytree(MOMENTS / "as-the-fleet", tmp_path / "moment")
    return tmp_path / "moment"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# --- first line and perfdata ------------------------------------------------------------


def test_every_captured_moment_has_its_line() -> None:
    assert sorted(path.name for path in MOMENTS.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_first_line(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, text = asked(capsys, name)
    assert (status, line_of(text)) == LINES[name]
    assert len(text.partition("\n")[0].encode()) <= 1000


LABELS = {"against_policy", "connections", "without_sa", *(one.name.lower() for one in Concern)}


@pytest.mark.parametrize("name", NAMES)
def test_the_labels_are_always_the_same(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert set(perfdata(asked(capsys, name)[1])) == LABELS


def test_the_numbers_are_those_of_connections(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = perfdata(asked(capsys, "fleet-130-one-weak")[1])
    assert numbers["against_policy"] == "1;;;0;130"
    assert {label for label, value in numbers.items() if value[0] == "1"} == {
        *("against_policy", "connections", "discouraged", "small_group")
    }
    assert perfdata(asked(capsys, "without-an-sa")[1])["without_sa"] == "1"


def test_the_same_words_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = asked(capsys, ROOT / "fixtures/hosts/fleet-130-all-up", "-w", "1")
    assert (status, "unrecognized arguments: -w 1" in text) == (3, True)
    _, text = asked(capsys, ROOT / "fixtures/hosts/fleet-130-all-up")
    assert line_of(text) == (
        "WARNING - 130 of 130 connections against policy: cp0001_v4, cp0001_v6, cp0002_v4 + 127 "
        "more (ESP: no PFS)"
    )


def test_a_charon_that_does_not_run_is_critical_with_the_same_labels(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree(MOMENTS / "open", tmp_path / "moment")
    (tmp_path / "moment/statusall").write_text("")
    status, text = asked(capsys, tmp_path / "moment", "-v")
    assert (status, line_of(text)) == (2, "CRITICAL - charon is not running")
    assert {value.partition(";")[0] for value in perfdata(text).values()} == {"U"}
    assert set(perfdata(text)) == LABELS


def test_nothing_configured_is_critical(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    (copied / "ipsec.conf").write_text("config setup\n")
    status, text = asked(capsys, copied)
    assert (status, line_of(text)) == (2, f"CRITICAL - no connection in {copied}/ipsec.conf")


def test_templates_and_shunts_are_not_judged(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    with (copied / "ipsec.conf").open("a") as conf:
        conf.write("\nconn template\n    right=10.9.9.9\n")
        conf.write("\nconn pass\n    type=passthrough\n    auto=route\n    right=10.9.9.9\n")
    assert asked(capsys, copied)[0] == 0
    (copied / "ipsec.conf").write_text("conn template\n    right=10.9.9.9\n")
    said = f"no connection in {copied}/ipsec.conf is switched on"
    status, text = asked(capsys, copied)
    assert (status, line_of(text)) == (2, f"CRITICAL - {said}")
    status, text = asked(capsys, copied, "-i", "template")
    assert (status, "that is switched on matches" in text) == (3, True)
    (copied / "ipsec.conf").write_text("conn pass\n    type=passthrough\n    auto=route\n")
    status, text = asked(capsys, copied, "-e", "bob")
    assert (status, line_of(text)) == (0, f"OK - no connection in {copied}/ipsec.conf encrypts")


def test_filters(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "fleet-130-one-weak", "-e", "cp0003_v6")[0] == 0
    assert asked(capsys, "not-in-the-file", "-e", "carl")[0] == 0
    status, text = asked(capsys, "3des", "-i", "nobody")
    assert (status, "no connection of" in text) == (3, True)


# --- statuses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("3des", ["--floor", "rfc8221"], 1),
        ("3des", ["--floor", "none"], 0),
        ("3des", ["--allow", "3des"], 0),
        ("3des", ["--allow", "3des,modp1024"], 0),
        ("3des", ["--allow", "des"], 1),
        ("forbidden", ["--floor", "rfc8221"], 2),
        ("forbidden", ["--allow", "des-md5-prfmd5-modp768"], 0),
        ("forbidden", ["--floor", "none"], 1),
        ("forbidden", ["--floor", "none", "--small-group", "ok"], 0),
        ("modp1024", ["--small-group", "critical"], 2),
        ("modp1024", ["--floor", "none", "--small-group", "ok"], 0),
        ("null", ["--null", "warning"], 1),
        ("null", ["--allow", "null"], 0),
        ("without-integrity", ["--floor", "rfc8221"], 2),
        ("ikev1-aggressive", ["--aggressive", "ok"], 1),
        ("ikev1-aggressive", ["--aggressive", "ok", "--ikev1", "ok"], 0),
        ("ikev1-without-pfs", ["--ikev1", "ok", "--pfs", "ok"], 0),
        ("open", ["--open", "ok"], 0),
        ("open", ["--open", "critical"], 2),
        ("stricter-file", ["--not-listed", "critical"], 2),
        ("stricter-file", ["--not-listed", "ok"], 0),
        ("another-mode", ["--mode", "ok"], 0),
        ("of-the-kernel", ["--kernel", "warning"], 1),
        ("of-the-kernel", ["--no-kernel"], 0),
        ("esn-without-replay-window", ["--sequence-numbers", "critical"], 2),
        ("esn-without-replay-window", ["--no-kernel"], 0),
    ],
)
def test_status(
    capsys: pytest.CaptureFixture[str], name: str, arguments: list[str], status: int
) -> None:
    assert asked(capsys, name, *arguments)[0] == status


def test_every_concern_has_an_option_but_those_of_the_floor() -> None:
    floor = {Concern.FORBIDDEN, Concern.DISCOURAGED}
    assert {concern for one in STATUSES for concern in one.found} == set(Concern) - floor


def test_a_keyword_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert keyword_list("3des, ke1_mlkem768!") == {"3DES_CBC", "ML_KEM_768"}
    with pytest.raises(UsageError):
        keyword_list("3DES")
    status, text = asked(capsys, "3des", "--allow", "aes|512")
    assert (status, text) == (
        3,
        "IPSEC-CRYPTO UNKNOWN - --allow: aes\\x7c512 is no keyword of strongSwan, like 3des or "
        "modp1024\n",
    )


# --- what cannot be had -----------------------------------------------------------------


def test_a_kernel_that_may_not_be_asked_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    host = ROOT / "fixtures/hosts/kernel-refused"
    status, text = asked(capsys, host, "--pfs", "ok")
    assert status == 1
    assert "sudoers lacks" in line_of(text)
    assert asked(capsys, host, "--pfs", "ok", "--no-kernel")[0] == 0


def test_an_algorithm_that_nobody_knows_is_a_warning(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    edit(copied / "statusall", "/ECP_384_BP", "/NEW_KEM_9")
    status, text = asked(capsys, copied)
    assert (status, line_of(text)) == (1, f"WARNING - {ONE} (IKE: NEW_KEM_9 not known)")


def test_names_that_peers_choose_do_no_harm(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    edit(copied / "statusall", "AES_GCM_16_128/PRF", "EVIL\x1b[31m|9/PRF")
    _, text = asked(capsys, copied, "-v")
    assert "\x1b" not in text
    assert text.count("|") == 1


@pytest.mark.parametrize(
    "name", ["3des", "null", "ikev1-aggressive", "without-integrity", "modp1024"]
)
def test_a_line_that_is_missing_makes_nothing_healthy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    shutil.copytree(MOMENTS / name, tmp_path / "moment")
    (tmp_path / "moment/capture.json").unlink()
    lines = (MOMENTS / name / "statusall").read_text().splitlines(keepends=True)
    for number, dropped in enumerate(lines):
        rest = "".join(lines[:number] + lines[number + 1 :])
        (tmp_path / "moment/statusall").write_text(rest)
        assert asked(capsys, tmp_path / "moment")[0], dropped


# --- table and JSON ---------------------------------------------------------------------

TABLE = """\
connection    SA     agreed on
bob           IKEv2  3DES_CBC/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048
              ESP    3DES_CBC/HMAC_SHA2_256_128
  WARNING: IKE: 3DES_CBC (should not be used)
  WARNING: ESP: 3DES_CBC (should not be used)
1 connection: IKEv2 3DES_CBC/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048
1 connection: ESP 3DES_CBC/HMAC_SHA2_256_128
see /usr/share/doc/monitoring-plugins-ipsec/runbook.md #should-not-be-used
"""


def test_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert asked(capsys, "3des", "-v")[1].partition("\n")[2] == TABLE
    more = asked(capsys, "3des", "-vv")[1]
    assert "  ike=3des-sha256-modp2048!\n" in more
    assert "  not in ipsec.conf\n" in asked(capsys, "not-in-the-file", "-vv")[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_table_fits_into_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = asked(capsys, name, "-v")[1].splitlines()[1:]
    assert [line for line in lines if len(line) > 80 and "KE1_" not in line] == []


@pytest.mark.parametrize("name", NAMES)
def test_json(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, text = asked(capsys, name, "--json")
    said = json.loads(text)
    assert text.isascii()
    assert (status, f"{said['status']} - {said['summary']}") == LINES[name]
    against = [one for one in said["connections"] if one["against_policy"]]
    assert bool(against) == bool(status)
    assert all(one["child_sas"] or name == "without-an-sa" for one in against)


def test_help_names_every_option() -> None:
    text = CHECK.parser().format_help()
    assert all(re.search(rf"(?m)^ +{one.option}\b", text) for one in STATUSES)
