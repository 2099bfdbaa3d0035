"""Readings one after the other: the same series across rekeys, nothing asked twice."""

import io
import json
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from check_ipsec.checks.traffic import main as check_ipsec_traffic
from check_ipsec.errors import CheckIpsecError
from check_ipsec.host.capture import Recording
from check_ipsec.host.captured import CapturedHost
from check_ipsec.metrics.reading import Asked, read
from check_ipsec.moment import memory
from check_ipsec.truth.observe import Question
from tests.hosts import ROOT
from tests.metrics.saying import READING, Said, say, series, total

REKEYED = sorted((ROOT / "fixtures/metrics/across-rekeys").glob("[0-9]"))
OPTIONS = ("--format", "json", "--ike-events-per-connection")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def said(look: Path, state: Path) -> Said:
    return say("--captured", str(look), "--state", str(state), *OPTIONS)


def test_a_rekey_makes_no_new_series(tmp_path: Path) -> None:
    assert len(REKEYED) == 3
    found = [series(said(look, tmp_path / "state").text) for look in REKEYED]
    assert found[0].keys() == found[1].keys() == found[2].keys()
    assert all(value >= 3 for value in (
        total(found[-1], "ipsec_connection_state"),
        total(found[-1], "ipsec_ike_events_total", "event=child-rekey"),
        total(found[-1], "ipsec_connection_packets_total"),
    ))  # fmt: skip
    for earlier, later in zip(found, found[1:], strict=False):
        counters = [one for one in earlier if one[0].endswith("_total")]
        assert [one for one in counters if later[one] < earlier[one]] == []
        assert total(later, "ipsec_connection_packets_total", "direction=in") > total(
            earlier, "ipsec_connection_packets_total", "direction=in"
        )
    spis = [(look / "xfrm-statistics").read_text().count("proto esp") for look in REKEYED]
    assert min(spis) >= 6


def test_what_went_through_states_that_are_gone_is_counted(tmp_path: Path) -> None:
    packets = ("ipsec_connection_packets_total", "connection=net1", "direction=in")
    alone = series(say("--captured", str(REKEYED[-1]), *OPTIONS).text)
    in_all = [series(said(look, tmp_path / "state").text) for look in REKEYED][-1]
    assert in_all[packets] > alone[packets] > 0


def traffic(look: Path, state: Path) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        check_ipsec_traffic(["--captured", str(look), "--state", str(state)])
    return out.getvalue()


def test_both_who_count_remember_for_themselves(tmp_path: Path) -> None:
    alone = [traffic(look, tmp_path / "traffic") for look in REKEYED]
    counted = [total(series(said(look, tmp_path / "metrics").text), "ipsec_connection_bytes_total")
               for look in REKEYED]  # fmt: skip
    both = tmp_path / "both"
    for number, look in enumerate(REKEYED):
        assert traffic(look, both) == alone[number]
        found = series(said(look, both).text)
        assert total(found, "ipsec_connection_bytes_total") == counted[number]
    checks = json.loads(both.read_text())["checks"]
    assert sorted(checks) == ["metrics", "metrics-counters", "traffic"]


@pytest.mark.parametrize("look", [READING, *REKEYED], ids=lambda look: look.name)
def test_nothing_is_asked_twice(look: Path) -> None:
    host = Recording(CapturedHost(str(look)))
    asked = Asked(Question(pause=0.0), counters_by_name=True)
    reading = read(host, asked)
    assert reading.observation.status is reading.charon.status is reading.traffic.status
    times = Counter((one.source, one.argument) for one in host.readings)
    assert [source for source, number in times.items() if number > 1] == []


def test_what_is_left_out_is_not_asked() -> None:
    host = Recording(CapturedHost(str(READING)))
    read(host, Asked(Question(pause=0.0), counters=False, certificates=False))
    assert {one.source.file for one in host.readings} == {
        "statusall", "xfrm-statistics", "xfrm-policy", "xfrm_stat", "charon.pid", "charon-status",
        "boot_id",
    }  # fmt: skip


def test_a_connection_that_is_no_longer_configured_is_forgotten(tmp_path: Path) -> None:
    state = tmp_path / "state"
    said(READING, state)
    assert '"bob_v4"' in state.read_text()
    assert said(REKEYED[0], state).complaints == ""
    assert '"bob_v4"' not in state.read_text()


def test_a_damaged_memory_begins_anew(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = series(said(REKEYED[0], state).text)
    whole = json.loads(state.read_text())
    for name in whole["checks"]:
        whole["checks"][name]["facts"] = {"counters": [["x"]], "connections": 3}
    state.write_text(json.dumps(whole))
    again = said(REKEYED[0], state)
    assert again.exit == 0
    assert series(again.text).keys() == first.keys()


def test_a_memory_that_another_holds_leaves_counters_out_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = series(said(REKEYED[0], state).text)
    with memory._folder(str(state)) as (folder, name), memory._locked(folder, name):
        held = series(said(REKEYED[1], state).text)
    assert held["ipsec_source_success", "source=memory"] == 0
    assert not any(one[0].endswith("_total") for one in held)
    last = series(said(REKEYED[2], state).text)
    assert last.keys() == first.keys()
    assert [one for one in first if one[0].endswith("_total") and last[one] < first[one]] == []


TEXTS = ("statusall", "xfrm-statistics", "xfrm-policy", "xfrm_stat", "listcounters",
         "listcounters-all", "listcerts", "listcacerts", "charon-status", "ipsec.conf")  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_broken_text_is_no_traceback(name: str, tmp_path: Path) -> None:
    """Cut anywhere, a line dropped: series or one line that says why not."""
    for path in REKEYED[0].iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / name).read_text()
    lines = text.splitlines(keepends=True)
    cuts = [text[: len(text) * part // 12] for part in range(12)]
    dropped = ["".join(lines[:n] + lines[n + 1 :]) for n in range(0, len(lines), 7)]
    for broken in (*cuts, *dropped):
        (tmp_path / name).write_text(broken)
        found = say("--captured", str(tmp_path), *OPTIONS)
        assert found.exit in (0, 1)
        assert "internal error" not in found.complaints
        success = total(series(found.text), "ipsec_reading_success")
        assert success == (found.exit == 0)


def test_a_broken_text_of_the_kernel_makes_nobody_healthy(tmp_path: Path) -> None:
    for path in REKEYED[0].iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "xfrm-statistics").write_text("src 10.1.0.1 dst 10.1.0.2\n\tproto esp spi 0x1\n")
    found = series(say("--captured", str(tmp_path), *OPTIONS).text)
    assert total(found, "ipsec_connection_state", "state=established") == 0
    assert total(found, "ipsec_connection_state", "state=unverified") == 3


def test_charon_is_silent() -> None:
    found = series(say("--captured", "fixtures/hosts/daemon-killed", *OPTIONS).text)
    assert found["ipsec_reading_success",] == 1
    assert found["ipsec_charon_up",] == 0
    names = {one[0] for one in found}
    assert not names & {"ipsec_ike_sas", "ipsec_connection_stale", "ipsec_connection_child_sas"}
    assert total(found, "ipsec_connection_state", "state=not_connected") == 1
    assert total(found, "ipsec_connection_reason", "reason=no answer from charon") == 1


def test_nothing_matches(tmp_path: Path) -> None:
    with pytest.raises(CheckIpsecError, match="matches -i and -e"):
        read(CapturedHost(str(READING)), Asked(Question(include=("nobody",))))
