"""check_ipsec_traffic on captured hosts, looked at several times, and its options."""

import json
import re
import shutil
from pathlib import Path

import pytest

from check_ipsec.host.sources import Source
from check_ipsec.model.traffic import ErrorCounts
from check_ipsec.report.xfrm_errors import MEANINGS
from check_ipsec.truth.observe_traffic import rates
from tests.runs import HOSTS, SILENT, hosts, looks, say, say_all, whole

STALLED = HOSTS / "traffic-inbound-dropped"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
def test_captured(host: Path) -> None:
    assert whole(host) == (host / "expected").read_text()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 1),
        (("--flow", "critical"), 2),
        (("--flow", "ok"), 0),
        (("-c", "0"), 2),
        (("-w", "1"), 0),
        (("-w", "50%"), 1),
        (("--silent", "0"), 0),
        (("-e", "bob"), 3),
    ],
)
def test_statuses(arguments: tuple[str, ...], status: int) -> None:
    assert say_all(STALLED, *arguments)[-1][1] == status


def test_thresholds_hide_no_errors_of_the_kernel() -> None:
    host = HOSTS / "traffic-of-states-that-are-gone"
    assert say_all(host, "-c", "5")[-1][1] == 1
    assert say_all(host, "--errors", "1000")[-1][1] == 0


def test_perfdata_of_connections() -> None:
    text, _ = say_all(STALLED, "--perfdata", "connections")[-1]
    assert " bob_in=" in text
    assert " bob_out=" in text


def test_json() -> None:
    text, status = say_all(STALLED, "--json")[-1]
    found = json.loads(text)
    assert (found["status"], status) == ("WARNING", 1)
    (one,) = found["connections"]
    assert one["flow"] == "stalled"
    assert one["passed"]["inbound"] == {"octets": 0, "packets": 0}
    assert set(found["errors"]) >= {"XfrmInNoStates", "XfrmAcquireError"}


def test_without_a_state_nothing_is_remembered() -> None:
    for look in looks(STALLED):
        text, status = say(f"--captured={look}", *SILENT)
        assert text.startswith("IPSEC-TRAFFIC OK - no earlier reading yet: 1 connection up | ")
        assert status == 0


@pytest.mark.parametrize(
    "content", ["", "{", '{"format": 1, "checks": {"traffic": {"time": 1, "boot": null, '
                '"daemon": null, "facts": {"connections": {"bob": 1}}}}}']
)  # fmt: skip
def test_a_damaged_memory_is_no_reading(tmp_path: Path, content: str) -> None:
    state = tmp_path / "state"
    state.write_text(content)
    look = looks(STALLED)[-1]
    text, status = say(f"--captured={look}", "--state", str(state), *SILENT)
    assert text.startswith("IPSEC-TRAFFIC OK - no earlier reading")
    assert ": 1 connection up | " in text
    assert status == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--silent", "-1"), "-1 is not a number from 0"),
        (("--replays", "x"), "x is not a number from 0"),
        (("--errors", "٣"), "٣ is not a number from 0"),
        (("--perfdata", "all"), "argument --perfdata: invalid choice"),
        (("--flow", "bad"), "argument --flow: not one of ok"),
        (("-w", "5%%"), "5%% is not a range"),
    ],
)
def test_usage(arguments: tuple[str, ...], problem: str) -> None:
    text, status = say(*arguments)
    assert text.startswith(f"IPSEC-TRAFFIC UNKNOWN - {problem}")
    assert (text.count("\n"), status) == (1, 3)


def broken(tmp_path: Path, **texts: str | None) -> str:
    """The last look with other texts; None is a text that is absent."""
    folder = tmp_path / "host"
    folder.mkdir()
    look = looks(STALLED)[-1]
    for path in look.iterdir():
        text = texts.get(path.name.replace("-", "_"), path.read_text())
        if text is not None and path.name != "capture.json":
            (folder / path.name).write_text(text)
    return f"--captured={folder}"


def test_charon_is_not_running(tmp_path: Path) -> None:
    host = broken(tmp_path)
    refused = "connecting to 'unix:///var/run/charon.ctl' failed: Connection refused\n"
    entry = {"command": list(Source.STATUSALL.words), "exit": 255, "stderr": refused}
    (tmp_path / "host/statusall").write_text("")
    index = {"time": None, "commands": {"statusall": entry}}
    (tmp_path / "host/capture.json").write_text(json.dumps(index))
    text, status = say(host)
    assert text.startswith("IPSEC-TRAFFIC CRITICAL - charon is not running | ")
    assert " bytes_in=U " in text
    assert status == 2


def test_statistics_that_cannot_be_read_are_no_silence(tmp_path: Path) -> None:
    text, status = say(broken(tmp_path, xfrm_statistics="cut off"))
    assert text.startswith("IPSEC-TRAFFIC UNKNOWN - ip -s xfrm state:1: the text ends in")
    assert status == 3


def test_a_charon_that_does_esp_itself_leaves_nothing_to_count(tmp_path: Path) -> None:
    status = (looks(STALLED)[-1] / "statusall").read_text()
    assert "loaded plugins: charon " in status
    status = status.replace("loaded plugins: charon ", "loaded plugins: charon kernel-libipsec ")
    text, status_code = say(broken(tmp_path, statusall=status))
    assert text.startswith("IPSEC-TRAFFIC UNKNOWN - charon does ESP itself (kernel-libipsec), ")
    assert (text.count("\n"), status_code) == (1, 3)


SHUNTS = "Shunted Connections:\n      closed:  10.1.0.0/24 === 10.9.0.0/16 {}\nSecurity Assoc"


@pytest.mark.parametrize(("mode", "status"), [("DROP", 0), ("PASS", 1)])
def test_what_a_drop_shunt_blocks_is_wanted_so(tmp_path: Path, mode: str, status: int) -> None:
    look = looks(STALLED)[1]
    shunted = (look / "statusall").read_text().replace("Security Assoc", SHUNTS.format(mode))
    state = ("--state", str(tmp_path / "state"))
    for number, blocked in enumerate((0, 5000)):
        folder = tmp_path / str(number)
        shutil.copytree(looks(STALLED)[number], folder)
        (folder / "statusall").write_text(shunted)
        errors = (folder / "xfrm_stat").read_text()
        changed = re.sub(r"(?m)^(XfrmOutPolBlock\s+)\d+$", rf"\g<1>{blocked}", errors)
        (folder / "xfrm_stat").write_text(changed)
        said = say(f"--captured={folder}", *state)
    assert said[1] == status
    assert ("; XfrmOutPolBlock " in said[0]) is bool(status)


def test_one_error_between_two_runs_that_follow_one_another_is_no_storm() -> None:
    errors = ErrorCounts({"XfrmInNoStates": 1})
    assert rates(errors, {}, 0.2) == {"XfrmInNoStates": 0.1}
    assert rates(errors, {"XfrmInNoStates": 1}, 60.0) == {"XfrmInNoStates": 0.0}
    assert rates(ErrorCounts({"XfrmInNoStates": 30}), {"XfrmInNoStates": 90}, 60.0) == {
        "XfrmInNoStates": 0.5
    }


def test_an_absent_text_is_an_error(tmp_path: Path) -> None:
    text, status = say(broken(tmp_path, xfrm_stat=None))
    assert status == 3
    assert "no xfrm_stat in it" in text


def test_all_counters_of_the_kernel_have_a_meaning() -> None:
    known = set()
    for path in HOSTS.glob("*/*/xfrm_stat"):
        known |= {line.split()[0] for line in path.read_text().splitlines()}
    assert known <= set(MEANINGS)
