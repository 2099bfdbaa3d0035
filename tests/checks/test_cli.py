"""The command as a user types it: one line and exit 3 for whatever goes wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts import ROOT

MESH = "fixtures/hosts/mesh-all-up"
SWITCHED_OFF = "fixtures/hosts/templates-and-switched-off"


def check_ipsec(*arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "check_ipsec", *arguments]
    given = {"env": {**os.environ, "COLUMNS": "80"}, "capture_output": True, **how}
    return subprocess.run(command, cwd=ROOT, text=True, **given)


USAGE = {
    ("--captrued", "x"): "unrecognized arguments: --captrued x",
    ("-w", "ten"): "ten is not a range, like 5, 10%, 1:5 or @~:3",
    ("-c", "9:3"): "9:3 is not a range, like 5, 10%, 1:5 or @~:3",
    ("-t", "0"): "argument -t/--timeout: not a number of seconds above 0",
    ("-t", "soon"): "argument -t/--timeout: not a number of seconds above 0",
    ("--grace", "-1"): "argument --grace: not a number of seconds above 0",
    ("--connecting", "bad"): "argument --connecting: not one of ok, warning, critical, unknown",
    ("--expect", "bob=fine"): "the expectation after the last '=' must be one of ignored, "
    "required, shunt, loaded, on demand, clients",
    ("--capture", "a"): "argument --capture: not allowed with argument --captured",
    ("-C",): "argument -C/--configuration: expected one argument",
}


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_usage_error_is_unknown_on_one_line(arguments: tuple[str, ...]) -> None:
    done = check_ipsec("--captured", MESH, *arguments)
    said = done.stdout.removesuffix(" (see check_ipsec --help)\n").removesuffix("\n")
    assert (done.returncode, done.stderr) == (3, "")
    assert said == f"IPSEC UNKNOWN - {USAGE[arguments]}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-C", "/nonexistent/ipsec.conf"), "cannot read /nonexistent/ipsec.conf: "
         "No such file or directory"),
        (("--captured", "/nonexistent"), "/nonexistent: No such file or directory"),
        (("--captured", MESH, "-i", "nobody*"), f"no connection of {MESH}/ipsec.conf matches "
         "-i and -e"),
        (("--captured", SWITCHED_OFF, "-i", "carol"), f"no connection of {SWITCHED_OFF}/ipsec.conf "
         "that is switched on matches -i and -e"),
        (("--captured", MESH, "--capture", MESH), "argument --capture: not allowed with argument "
         "--captured (see check_ipsec --help)"),
        (("--capture", MESH), f"{MESH}: exists already"),
    ],
    ids=["no file", "no folder", "nothing left", "nothing switched on", "both", "existing folder"],
)  # fmt: skip
def test_what_cannot_be_done_is_unknown_on_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = check_ipsec(*arguments)
    assert (done.stdout, done.stderr, done.returncode) == (f"IPSEC UNKNOWN - {said}\n", "", 3)


def test_an_error_is_json_where_json_is_asked_for() -> None:
    done = check_ipsec("--json", "--nonsense")
    said = json.loads(done.stdout)
    assert (said["status"], done.returncode) == ("UNKNOWN", 3)
    assert "--nonsense" in said["summary"]


def test_a_full_disk_is_unknown_and_silent() -> None:
    with Path("/dev/full").open("w") as full:
        done = check_ipsec("--captured", MESH, capture_output=False, stdout=full,
                           stderr=subprocess.PIPE)  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "")


def test_help_and_version_name_the_command() -> None:
    assert check_ipsec("--version").stdout.startswith("check_ipsec ")
    shown = check_ipsec("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())


def test_a_capture_can_be_judged_again(tmp_path: Path) -> None:
    imports = (
        "import sys; from check_ipsec.checks import ipsec;"
        "from check_ipsec.host.captured import CapturedHost;"
    )
    program = (
        f"{imports} ipsec.host_of = lambda options: CapturedHost('{MESH}');"
        f"sys.exit(ipsec.main(['--capture', '{tmp_path}/kept']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    again = check_ipsec("--captured", f"{tmp_path}/kept")
    assert (done.returncode, done.stdout) == (again.returncode, again.stdout)
    assert done.stderr.endswith("addresses and identities of the host are in it\n")


def test_vvv_shows_what_was_read_and_no_key() -> None:
    said = check_ipsec("--captured", MESH, "-vvv").stdout
    assert "ip xfrm state list nokeys (exit status 0, " in said
    assert "<<Keys hidden>>" in said
    assert said.count("|") == 1


def test_names_in_any_encoding_can_be_printed() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = check_ipsec("--captured", "fixtures/hosts/names", "-v", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "caf\\xe9" in done.stdout


def test_no_module_that_costs_start_up_time_is_imported() -> None:
    program = (
        "import sys; from check_ipsec.checks.ipsec import main;"
        f"main(['--captured', '{MESH}']);"
        "print([m for m in ('importlib.metadata', 'pkg_resources', 'ssl', 'asyncio', 'subprocess')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


IN_CLEAR = ("--cleartext", "ok")
THRESHOLDS = [
    ((), 2, "1;;;0;2"),
    ((*IN_CLEAR, "-w", "0"), 1, "1;0;;0;2"),
    ((*IN_CLEAR, "-c", "0"), 2, "1;;0;0;2"),
    ((*IN_CLEAR, "-w", "1", "-c", "2"), 0, "1;1;2;0;2"),
    ((*IN_CLEAR, "-w", "10%", "-c", "60%"), 1, "1;0.2;1.2;0;2"),
    ((*IN_CLEAR, "-w", "50%"), 0, "1;1;;0;2"),
    ((*IN_CLEAR, "-c", "@1:5"), 2, "1;;@1:5;0;2"),
    ((*IN_CLEAR, "--not-connected", "warning"), 1, "1;;;0;2"),
    ((*IN_CLEAR, "--not-connected", "OK"), 0, "1;;;0;2"),
    (("-w", "50%", "-c", "50%"), 2, "1;1;1;0;2"),
    (("--not-connected", "OK"), 2, "1;;;0;2"),
    (("--not-connected", "OK", "--cleartext", "warning"), 1, "1;;;0;2"),
    (("--cleartext", "ok"), 2, "1;;;0;2"),
    (("--grace", "3600"), 1, "1;;;0;2"),
    (("-e", "net2"), 0, "0;;;0;1"),
    (("-i", "net2"), 2, "1;;;0;1"),
    (("-i", "net*", "-e", "net2"), 0, "0;;;0;1"),
    (("--expect", "net2=ignored"), 0, "0;;;0;1"),
]


@pytest.mark.parametrize(("arguments", "status", "perfdata"), THRESHOLDS,
                         ids=[" ".join(one[0]) or "default" for one in THRESHOLDS])  # fmt: skip
def test_thresholds_mapping_and_filters(
    arguments: tuple[str, ...], status: int, perfdata: str
) -> None:
    done = check_ipsec("--captured", "fixtures/hosts/merged-two-one-down", *arguments)
    assert done.returncode == status
    assert f" not_established={perfdata} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: net2"),
        (
            (*IN_CLEAR, "--not-connected", "ok"),
            "OK - 1 of 2 connections established, 1 allowed not to be, traffic of 1 in clear text: "
            "net2",
        ),
        (("-e", "net2"), "OK - 1 connection established"),
    ],
)
def test_ok_does_not_read_like_trouble(arguments: tuple[str, ...], line: str) -> None:
    done = check_ipsec("--captured", "fixtures/hosts/merged-two-one-down", *arguments)
    assert done.stdout.startswith(f"IPSEC {line}")


def test_digits_of_other_scripts_are_no_numbers() -> None:
    for option in ("-w", "-t", "--grace"):
        done = check_ipsec("--captured", MESH, option, "\u0663")
        assert done.returncode == 3, option


def test_terminated_it_says_so() -> None:
    program = (
        "import os, signal, sys; from check_ipsec.checks import ipsec;"
        "ipsec.observe = lambda *_: os.kill(os.getpid(), signal.SIGTERM);"
        f"sys.exit(ipsec.main(['--captured', '{MESH}']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("IPSEC UNKNOWN - interrupted\n", 3)
