"""check_ipsec_daemon as a user types it: first line, limits, memory, table, JSON."""

import argparse
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from check_ipsec.checks import daemon
from check_ipsec.checks.daemon import CHECK, LABELS, find, main
from check_ipsec.checks.limits import Limits, limits
from check_ipsec.errors import UsageError
from check_ipsec.report.severity import Severity
from tests.charon import MOMENTS, NAMES, Moment, folder, statusall
from tests.hosts import ROOT

LINES = {
    "busy": (1, "WARNING - charon leaves busy SAs out of its answer; no earlier reading yet"),
    "flooded": (1, "WARNING - 200 half-open IKE_SAs; no earlier reading yet"),
    "idle": (0, "OK - charon up 3s, 11 of 16 threads idle, 1 IKE_SA, 1 CHILD_SA; "
             "no earlier reading yet"),
    "idle-later": (0, "OK - charon up 15s, 11 of 16 threads idle, 1 IKE_SA, 1 CHILD_SA; "
                   "no earlier reading yet"),
    "without-esp6": (2, "CRITICAL - the kernel has no module esp6; no earlier reading yet"),
    "without-larval-drop": (1, "WARNING - xfrm_larval_drop is off; no earlier reading yet"),
}  # fmt: skip


def asked(capsys: pytest.CaptureFixture[str], name: str | Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output about a captured moment."""
    path = folder(name) if isinstance(name, str) else name
    status = main([f"--captured={path}", *arguments])
    return status, capsys.readouterr().out


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """An idle charon whose texts a test may change."""
    shutil.copytree(folder("idle"), tmp_path / "moment")
    return tmp_path / "moment"


def line_of(text: str) -> str:
    return text.partition("\n")[0].partition(" | ")[0].removeprefix("IPSEC-DAEMON ")


def perfdata(text: str) -> dict[str, str]:
    numbers = text.partition("\n")[0].partition(" | ")[2].split()
    return dict(one.split("=", 1) for one in numbers)


# --- first line ---------------------------------------------------------------


def test_every_captured_moment_has_its_line() -> None:
    assert sorted(LINES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_first_line(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, text = asked(capsys, name)
    assert (status, line_of(text)) == LINES[name]
    assert len(text.encode()) <= 1001


@pytest.mark.parametrize("name", NAMES)
def test_the_labels_are_always_the_same(capsys: pytest.CaptureFixture[str], name: str) -> None:
    _, text = asked(capsys, name)
    assert set(perfdata(text)) == set(LABELS)


def test_a_charon_that_does_not_run_is_critical_with_the_same_labels(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    (copied / "statusall").write_text("")
    status, text = asked(capsys, copied, "-v")
    assert (status, line_of(text)) == (2, "CRITICAL - charon is not running")
    assert {value.partition(";")[0] for value in perfdata(text).values()} == {"U"}
    assert set(perfdata(text)) == set(LABELS)


def test_the_worst_comes_first_and_the_line_stays_within_its_limit(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    (copied / "xfrm_larval_drop").write_text("0\n")
    names = ("idle", "queue", "memory", "half-open", "ike-sas", "child-sas", "unlisted")
    strict = [f"--{name}=999999999999:" for name in names]
    status, text = asked(capsys, copied, *strict, "--larval-drop", "critical")
    assert status == 2
    assert line_of(text).startswith("CRITICAL - xfrm_larval_drop is off, 11 worker threads idle")
    assert len(text.partition("\n")[0].encode()) <= 1000


def test_a_folder_of_another_check_lacks_texts(capsys: pytest.CaptureFixture[str]) -> None:
    host = ROOT / "fixtures/hosts/mesh-all-up"
    status, text = asked(capsys, host)
    assert (status, text) == (3, f"IPSEC-DAEMON UNKNOWN - {host}: no listcounters in it\n")


def test_a_folder_without_the_lists_of_each_connection_is_judged(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    (copied / "listcounters-all").unlink()
    (copied / "capture.json").unlink()
    for name in ("starter-service", "swanctl-service", "modules.builtin"):
        (copied / name).write_text("")
    status, text = asked(capsys, copied, "-vv")
    assert (status, "connection  " in text) == (0, False)


# --- limits -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "status", "said"),
    [
        ("flooded", ["--half-open", "199"], 1, "200;199;"),
        ("flooded", ["--half-open", "50,199"], 2, "200;50;199"),
        ("flooded", ["--half-open", "0:"], 0, "200;0:;"),
        ("flooded", ["--half-open", "200"], 0, "200;200;"),
        ("flooded", ["--half-open", ",100"], 2, "200;;100"),
        ("flooded", ["--half-open", "@150:250"], 1, "200;@150:250;"),
        ("idle", ["--idle", "12:"], 1, "0;50;500"),
        ("idle", ["--idle", "1:,12:"], 2, "0;50;500"),
        ("idle", ["--uptime", "60:"], 1, "0;50;500"),
        ("idle", ["--memory", "1000000"], 1, "0;50;500"),
        ("idle", ["--ike-sas", "2:"], 1, "0;50;500"),
        ("idle", ["--child-sas", "1"], 0, "0;50;500"),
        ("idle", ["--acq-expires", "200:"], 1, "0;50;500"),
        ("idle", ["--unanswered", "0"], 0, "0;50;500"),
        ("without-esp6", ["--modules", "ok"], 0, "0;50;500"),
        ("without-esp6", ["--modules", "warning"], 1, "0;50;500"),
        ("without-esp6", ["-e", "six"], 0, "0;50;500"),
        ("without-larval-drop", ["--larval-drop", "critical"], 2, "0;50;500"),
        ("without-larval-drop", ["--larval-drop", "ok"], 0, "0;50;500"),
    ],
    ids=str,
)
def test_limits(
    capsys: pytest.CaptureFixture[str], name: str, arguments: list[str], status: int, said: str
) -> None:
    found, text = asked(capsys, name, *arguments)
    assert (found, perfdata(text)["half_open"].rstrip(";")) == (status, said.rstrip(";"))


def test_filters_that_leave_no_connection_are_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, text = asked(capsys, "idle", "-i", "nobody")
    assert status == 3
    assert text.endswith("/ipsec.conf matches -i and -e\n")


@pytest.mark.parametrize("text", ["x", "5,6,7", "10%", "9:3", "5,x", "\u0663"])
def test_what_is_no_range_is_a_usage_error(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        limits(text)
    status, said = asked(capsys, "idle", "--idle", text)
    assert (status, said.count("\n")) == (3, 1)


def test_the_heap_counts_where_memory_is_not_known(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    (copied / "charon-status").write_text("Name:\tcharon\nPid:\t14\n")
    text = (copied / "statusall").read_text()
    (copied / "statusall").write_text(re.sub(r"sbrk \d+", "sbrk 600000000", text))
    status, said = asked(capsys, copied)
    assert status == 1
    assert line_of(said).startswith("WARNING - charon's heap has 600MB")
    assert perfdata(said)["resident"].startswith("U;")


def test_an_unknown_number_is_within_its_limits() -> None:
    assert Limits("0", "0").severity(None) is Severity.OK


# --- looked at twice ----------------------------------------------------------


def options(*arguments: str) -> argparse.Namespace:
    return CHECK.parser().parse_args([f"--captured={MOMENTS}", *arguments])


@pytest.mark.parametrize(
    ("first", "second", "severity"),
    [
        ("11 of 16", "11 of 16", Severity.OK),
        ("1 of 16", "9 of 16", Severity.OK),
        ("1 of 16", "1 of 16", Severity.WARNING),
        ("1 of 16", "0 of 16", Severity.CRITICAL),
    ],
)
def test_threads_are_looked_at_twice(first: str, second: str, severity: Severity) -> None:
    one, other = (statusall(("11 of 16", threads)) for threads in (first, second))
    host = Moment(STATUSALL=one, again=other)
    assert find(host, options()).severity is severity


# --- from run to run ----------------------------------------------------------


def test_rates_follow_from_what_was_remembered(
    capsys: pytest.CaptureFixture[str], copied: Path, tmp_path: Path
) -> None:
    state = f"--state={tmp_path}/state.json"
    assert line_of(asked(capsys, copied, state)[1]).endswith("; no earlier reading yet")
    later(copied, 60)
    text = (copied / "listcounters").read_text()
    (copied / "listcounters").write_text(re.sub(r"(ikeInInvalidSpi +)0", r"\g<1>600", text))
    status, said = asked(capsys, copied, state)
    assert (status, line_of(said)) == (1, "WARNING - 10 messages with an invalid SPI per second")
    assert perfdata(said)["invalid_spi"] == "10.0;1"
    later(copied, 60)
    assert asked(capsys, copied, state)[0] == 0


def resident(copied: Path, octets: int) -> None:
    text = (copied / "charon-status").read_text()
    kib = octets // 1024
    (copied / "charon-status").write_text(re.sub(r"VmRSS:\s+\d+", f"VmRSS:\t {kib}", text))


def heap(copied: Path, octets: int) -> None:
    text = (copied / "statusall").read_text()
    (copied / "statusall").write_text(re.sub(r"sbrk \d+", f"sbrk {octets}", text))


@pytest.mark.parametrize(
    ("leaks", "much"),
    [(resident, "charon uses 629MB of memory"), (heap, "charon's heap has 629MB")],
)
def test_a_growing_charon_is_named(
    leaks: Callable[[Path, int], None],
    much: str,
    capsys: pytest.CaptureFixture[str],
    copied: Path,
    tmp_path: Path,
) -> None:
    state = f"--state={tmp_path}/state.json"
    said = []
    for megabytes in (18, 40, 70, 90, 600):
        leaks(copied, megabytes * 2**20)
        said.append(line_of(asked(capsys, copied, state)[1]))
        later(copied, 3600)
    assert [line.partition(" - ")[0] for line in said] == ["OK", "OK", "OK", "WARNING", "WARNING"]
    assert said[3] == "WARNING - charon has grown by 75MB"
    assert said[4] == f"WARNING - {much}, charon has grown by 610MB"


def test_a_captured_moment_does_not_touch_the_memory_of_this_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(daemon, "default_file", lambda: pytest.fail("asked for"))
    assert asked(capsys, "idle")[0] == 0


@pytest.mark.parametrize("text", ["", "{}", "[", '{"format": 9, "checks": {}}'])
def test_a_damaged_memory_is_a_note(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "state.json").write_text(text)
    status, said = asked(capsys, "idle", f"--state={tmp_path}/state.json")
    assert status == 0
    assert re.search(r"; no earlier reading yet \(state\.json: (damaged|of another format.*)\)$",
                     line_of(said))  # fmt: skip


def later(moment: Path, seconds: int) -> None:
    """The captured moment is so much later, and charon so much older."""
    index = json.loads((moment / "capture.json").read_text())
    time = datetime.fromisoformat(index["time"]) + timedelta(seconds=seconds)
    index["time"] = time.isoformat()
    (moment / "capture.json").write_text(json.dumps(index))


# --- table and JSON -----------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_table_fits_80_columns(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, text = asked(capsys, name, "-vv")
    lines = text.splitlines()[1:]
    assert max(map(len, lines)) <= 80
    assert ("runbook.md #" in text) == (status != 0)
    assert text.count("|") == 1


def test_the_table_has_a_line_for_each_connection(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = asked(capsys, "without-esp6", "-v")
    assert re.search(r"(?m)^bob +0/0 +0/0 +0/0 +0/0 +0 +0$", text)
    _, text = asked(capsys, "without-esp6", "-v", "-e", "bob")
    assert not re.search(r"(?m)^bob ", text)


@pytest.mark.parametrize("name", NAMES)
def test_json_is_the_same_in_another_form(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, text = asked(capsys, name, "--json", "-v")
    said = json.loads(text)
    assert text.isascii()
    assert f"{said['status']} - {said['summary']}" == LINES[name][1]
    assert status == Severity[said["status"]]
    assert set(LABELS) <= set(said["measures"])
    assert said["counters"][0]["counters"]["ikeInInitReq"] == {"busy": 4, "flooded": 200}.get(
        name, 0
    )


def test_an_unknown_counter_and_line_are_shown(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    with (copied / "listcounters").open("a") as file:
        file.write("ikeInQuantum   7\nsomething 1/2\n")
    status, text = asked(capsys, copied, "-vv")
    assert status == 0
    assert "1 line of charon's answer not understood" in text
    assert "ikeInQuantum 7" in " ".join(text.split())
    assert "not understood: something 1/2" in text


# --- damaged ------------------------------------------------------------------

TEXTS = ("statusall", "listcounters", "listcounters-all", "charon-status", "charon-cgroup",
         "charon.pid", "modules", "xfrm_larval_drop", "boot_id", "init-status")  # fmt: skip


def damaged(whole: str) -> Iterator[str]:
    """A text cut, short of lines, with lines of something else, and nothing of it."""
    lines = whole.splitlines(keepends=True)
    step = len(lines) // 25 + 1
    for number in range(0, len(lines), step):
        yield "".join(lines[:number])
        yield "".join(lines[:number] + lines[number + 1 :])
        yield "".join([*lines[:number], "\x1b|something 99999999999999999999\n", *lines[number:]])
        yield "".join(lines[:number]) + lines[number][: len(lines[number]) // 2]


@pytest.mark.parametrize("name", TEXTS)
def test_a_damaged_text_is_an_answer_on_one_line(
    name: str, capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    whole = (copied / name).read_text()
    for text in damaged(whole):
        (copied / name).write_text(text)
        status, said = asked(capsys, copied)
        assert said.count("\n") == 1
        assert "internal error" not in said
        assert "\x1b" not in said
        # only what charon says of itself can keep it from an answer
        assert status < 3 or name == "statusall", said


def test_a_newer_status_is_not_unknown(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    lines = (copied / "statusall").read_text().splitlines()
    for number in range(len(lines)):
        newer = [*lines[:number], f"{lines[number]}, cpu 3", *lines[number + 1 :]]
        (copied / "statusall").write_text("\n".join(newer) + "\n")
        status, said = asked(capsys, copied)
        assert status < 2, said
