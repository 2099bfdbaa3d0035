"""ipsec-global as a user types it, on captured hosts and with programs that behave badly."""

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest

from check_ipsec.configuration.ipsec_conf import load
from check_ipsec.host.files import DiskFiles
from check_ipsec.host.host import Deadline
from check_ipsec.host.live import LiveHost
from check_ipsec.host.sources import Output, Source
from check_ipsec.ipsec_global import command as module
from check_ipsec.ipsec_global.action import Asked
from check_ipsec.ipsec_global.command import main, make_parser
from check_ipsec.ipsec_global.operation import LiveNode
from check_ipsec.ipsec_global.orders import Order, Verb
from check_ipsec.ipsec_global.show import Show
from check_ipsec.truth.observe import Question
from tests.hosts import ROOT, arguments, expected, hosts
from tests.programs import alive, gone, program

MARK = f"{86400 + os.getpid()}.25"
HANG = f"exec sleep {MARK}"


@pytest.fixture(autouse=True)
def _at_the_root_80_columns_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")


def captured(name: str) -> tuple[str, ...]:
    return ("--captured", f"fixtures/hosts/{name}")


# --- what would be done -----------------------------------------------------------

DRY_RUNS = [
    ("mesh-all-up", ("down", "-i", "bob*", "-e", "*6"), "down-nb [N]"),
    ("merged", ("down", "-i", "net1"), "down-nb {N}"),
    ("merged-three-one-down", ("down", "-e", "net2"), "down-nb {N}"),
    ("kernel-states-flushed", ("up", "-i", "bob_v4"), "down-nb {N}|up-nb bob_v4"),
]


@pytest.mark.parametrize(
    ("host", "words", "wanted"), DRY_RUNS, ids=[f"{one[0]} {' '.join(one[1])}" for one in DRY_RUNS]
)
def test_dry_run(
    host: str, words: Sequence[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([*words, "--dry-run", *captured(host)])
    said = capsys.readouterr()
    # the numbers of SAs are those of one run of charon
    lines = [re.sub(r"'(.)\d+(.)'", r"\1N\2", line) for line in said.out.splitlines()]
    orders = [f"ipsec stroke {order}" for order in wanted.split("|") if order]
    assert (lines, said.err, status) == (orders, "", 0)


# --- status -----------------------------------------------------------------------


# some are judged with options that only the check has
JUDGED_AS_THEY_ARE = [host for host in hosts() if not arguments(host)]


@pytest.mark.parametrize("host", JUDGED_AS_THEY_ARE, ids=lambda host: host.name)
def test_status_reads_as_check_ipsec_does(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = expected(host, "table")
    status = main(["status", *captured(host.name)])
    said = capsys.readouterr()
    if told.exit == 3:
        wanted = told.text.partition("\n")[0].removeprefix("IPSEC UNKNOWN - ")
        assert (said.out, said.err, status) == ("", f"ipsec-global: {wanted}\n", 3)
        return
    first, *table = [line for line in told.text.splitlines() if not line.startswith("| ")]
    wanted = first.partition(" - ")[2].partition(" | ")[0]
    first_said, *table_said = said.out.splitlines()
    assert table_said == table
    assert first_said.startswith(wanted.partition(" + ")[0])
    silent = "charon is not running" in first or "charon does not answer" in first
    assert status == (3 if silent else min(told.exit, 1))


def test_status_as_json_is_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json", *captured("mesh-all-up")]) == 0
    told = json.loads(expected(Path("fixtures/hosts/mesh-all-up"), "json").text)
    assert json.loads(capsys.readouterr().out) == told


# --- what cannot be done ------------------------------------------------------------

REFUSALS = [
    ((), 2, "the following arguments are required: action (see ipsec-global --help)"),
    (("down", "-b", "-n"), 2, "argument -n/--non-blocking: not allowed with argument "
     "-b/--blocking (see ipsec-global --help)"),
    (("down", "-t", "0"), 2, "argument -t/--timeout: not a number of seconds above 0 "
     "(see ipsec-global --help)"),
    (("down", *captured("mesh-all-up")), 2, "--captured goes with status and --dry-run only"),
    (("down", "-C", "/nonexistent"), 3, "cannot read /nonexistent: No such file or directory"),
    (("down", "--dry-run", "-i", "x", *captured("mesh-all-up")), 3,
     "no connection of fixtures/hosts/mesh-all-up/ipsec.conf matches -i and -e"),
    (("up", "--dry-run", *captured("only-templates")), 3, "no connection of fixtures/hosts/"
     "only-templates/ipsec.conf that is asked for is switched on"),
    (("down", "--dry-run", *captured("daemon-hung")), 3, "charon does not answer"),
    (("up", "--dry-run", *captured("daemon-killed")), 3, "charon is not running"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status", "wanted"), REFUSALS, ids=lambda one: str(one)[:40])
def test_what_cannot_be_done(
    words: Sequence[str], status: int, wanted: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(module.os, "geteuid", lambda: 0)
    assert main(words) == status
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"ipsec-global: {wanted}\n")
    main([*words, "--json"])
    said = capsys.readouterr()
    assert (json.loads(said.out)["summary"], said.err) == (wanted, "")


def test_a_misspelt_action(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sideways"]) == 2
    # releases of argparse quote the choices or not
    said = capsys.readouterr().err.replace("'", "")
    wanted = "invalid choice: sideways (choose from up, down, status) (see ipsec-global --help)"
    assert said == f"ipsec-global: argument action: {wanted}\n"


@pytest.mark.parametrize("action", ["up", "down"])
def test_only_root_acts(
    action: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    assert main([action]) == 3
    wanted = f"ipsec-global: only root can bring connections {action}\n"
    assert capsys.readouterr().err == wanted


def test_no_connection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ipsec.conf"
    path.write_text("config setup\n")
    assert main(["down", "-C", str(path)]) == 3
    assert capsys.readouterr().err == f"ipsec-global: no connection in {path}\n"


def test_help_fits_a_terminal() -> None:
    assert [line for line in make_parser().format_help().splitlines() if len(line) > 80] == []


# --- programs -----------------------------------------------------------------------


def node(tmp_path: Path, ipsec: str, seconds: float = 20) -> LiveNode:
    """A host whose charon says of itself what ``mesh-all-up`` did, and does ``ipsec``."""
    for name, files in {"ip": ("xfrm-state", "xfrm-policy")}.items():
        folder = ROOT / "fixtures/hosts/mesh-all-up"
        body = "\n".join(f'[ "xfrm-$2" = {file} ] && cat {folder}/{file}' for file in files)
        program(tmp_path, name, f"{body}\nexit 0")
    statusall = f'[ "$2" = statusall ] && exec cat {folder}/statusall'
    program(tmp_path, "ipsec", f"{statusall}\n{ipsec}")
    path = str(ROOT / "fixtures/hosts/mesh-all-up/ipsec.conf")
    host = LiveHost(path, DiskFiles(), (str(tmp_path),))
    return LiveNode(host, host, load(path, DiskFiles()), Question(), seconds)


ORDERS = [Order(Verb.CLOSE, f"[{number}]") for number in range(1, 8)]


def test_a_look_at_live_programs(tmp_path: Path) -> None:
    seen = node(tmp_path, "exit 9").look()
    assert [verdict.state.value for verdict in seen.chosen] == ["established"] * 4


def test_orders_are_given_in_order_at_most_three_at_once(tmp_path: Path) -> None:
    body = f"""
echo "$*" >>{tmp_path}/said
: >"{tmp_path}/$$.runs"; ls {tmp_path}/*.runs | wc -l; sleep 0.1; rm "{tmp_path}/$$.runs"
"""
    asked = list(node(tmp_path, body).ask(ORDERS))
    assert [one.order for one in asked] == ORDERS
    assert 1 < max(int(one.output.stdout) for one in asked) <= 3
    said = (tmp_path / "said").read_text().splitlines()
    assert sorted(said) == [f"stroke down-nb [{number}]" for number in range(1, 8)]


def test_after_an_order_without_an_answer_none_is_given(tmp_path: Path) -> None:
    body = f'echo "$3" >>{tmp_path}/said; [ "$3" = "[2]" ] && {HANG}; exit 0'
    asked = list(node(tmp_path, body, seconds=2).ask(ORDERS))
    assert [one.output.timed_out for one in asked] == [False, True]
    assert set((tmp_path / "said").read_text().split()) <= {"[1]", "[2]", "[3]", "[4]"}
    assert gone(MARK)


def test_no_order_is_given_without_time_for_a_look(tmp_path: Path) -> None:
    late = node(tmp_path, f"touch {tmp_path}/said", seconds=1)
    time.sleep(0.8)
    assert list(late.ask(ORDERS)) == []
    assert not (tmp_path / "said").exists()


def test_an_interrupt_reaches_who_asks(tmp_path: Path) -> None:
    body = f'[ "$3" = "[2]" ] && kill -INT {os.getpid()} && {HANG}; exit 0'
    asked: list[Asked] = []
    with pytest.raises(KeyboardInterrupt):
        asked.extend(node(tmp_path, body).ask(ORDERS))
    assert [one.order for one in asked] in (ORDERS[:1], ORDERS[:2])
    assert not alive(MARK)


def test_names_reach_no_shell(tmp_path: Path) -> None:
    name = "$(touch /tmp/no); `id` * 'x[1]\n"
    (asked,) = node(tmp_path, 'printf %s "$3"').ask([Order(Verb.START, name)])
    assert asked.output.stdout == name


def test_reading_and_acting_find_the_same_programs(tmp_path: Path) -> None:
    node(tmp_path, "exit 0")
    host = LiveHost("/etc/ipsec.conf", DiskFiles(), (str(tmp_path),))
    assert host.read(Source.STATUSALL, Deadline()).command[0] == f"{tmp_path}/ipsec"


# --- what is seen meanwhile -----------------------------------------------------------


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    show = Show("ipsec-global", verbose=True)
    show.progress("12 of 130 connections down")
    show.progress("done")
    show.asked(Asked(Order(Verb.CLOSE, "[2]"), Output(("ipsec",), "", exit=255)))
    said = capsys.readouterr()
    assert said.out == "ipsec stroke down-nb '[2]': exit status 255\n"
    first, second = "ipsec-global: 12 of 130 connections down", "ipsec-global: done"
    blank = " " * len(second)
    shown = f"\r{first}\r{second.ljust(len(first))}\r{blank}\r"
    assert said.err == (shown if terminal else "")


def test_a_reader_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    show = Show("ipsec-global", verbose=True)
    with open_full() as full, open_full() as terminal:
        monkeypatch.setattr("sys.stdout", full)
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setattr(show, "_terminal", True)
        show.progress("12 of 130 connections down")
        show.asked(Asked(Order(Verb.CLOSE, "[2]"), Output(("ipsec",), "")))


@contextmanager
def open_full() -> Iterator[TextIO]:
    """A disk that is full, also when the file is closed."""
    file = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()
