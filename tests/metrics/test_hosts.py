"""Every captured host as series: the same facts as the verdicts, in every format."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from check_ipsec.metrics.formats import FORMATS
from check_ipsec.metrics.series import COUNTER, METRICS, PREFIX
from tests.hosts import ROOT, Said, expected, hosts
from tests.metrics.saying import say, say_host, series, total

EACH = pytest.mark.parametrize("host", hosts(), ids=lambda host: host.name)
STATES = ("established", "connecting", "not_connected", "unverified", "on_demand", "clients",
          "ignored")  # fmt: skip
LINTED = ("mesh-all-up", "one-peer-silent", "daemon-killed", "kernel-refused", "names",
          "name-with-a-line-feed", "identities", "fleet-130-three-down")  # fmt: skip


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def perfdata(said: Said) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\w+)", said.text.partition(" | ")[2]))


@EACH
def test_sums_are_the_counts_of_the_verdicts(host: Path) -> None:
    """Where check_ipsec can say something, so can ipsec-metrics, and it is the same."""
    said, verdict = say_host(host.name, "--format", "json"), expected(host, "text")
    if verdict.exit == 3 and " | " not in verdict.text:
        assert said.exit in (1, 2)
        assert total(series(said.text), "ipsec_reading_success") == 0
        return
    assert (said.exit, said.complaints) == (0, "")
    found, counts = series(said.text), perfdata(verdict)
    assert found["ipsec_reading_success",] == 1
    for state in STATES:
        number = total(found, "ipsec_connection_state", f"state={state}") or 0
        assert number == int(counts[state]), state
    stale = total(found, "ipsec_connection_stale") or 0
    assert (stale, found.get(("ipsec_unlisted_connections",), 0)) == (
        int(counts["stale"]), int(counts["unlisted"]))  # fmt: skip
    if counts["cleartext"] != "U":
        assert (total(found, "ipsec_connection_cleartext") or 0) == int(counts["cleartext"])


@EACH
def test_every_connection_is_in_one_state(host: Path) -> None:
    found = series(say_host(host.name, "--format", "json").text)
    names = {one[1] for one in found if one[0] == "ipsec_connection_state"}
    assert all(total(found, "ipsec_connection_state", name) == 1 for name in names)


@EACH
def test_no_label_has_an_address_an_id_or_an_spi(host: Path) -> None:
    found = series(say_host(host.name, "--format", "json").text)
    texts = [label.partition("=")[2] for one in found for label in one[1:]
             if not label.startswith(("connection=", "certificate="))]  # fmt: skip
    assert [text for text in texts if re.search(r"0x|[0-9a-f]{8}|\d+\.\d+\.\d+\.\d|::", text)] == []


@EACH
def test_prometheus_reads_the_same_series(host: Path) -> None:
    text = say_host(host.name).text
    wanted = series(say_host(host.name, "--format", "json").text)
    found = {
        (one.name, *(f"{key}={value}" for key, value in one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    duration = ("ipsec_reading_duration_seconds",)
    for one in (found, wanted):
        one.pop(duration, None)
    assert {frozenset(one): value for one, value in found.items()} == {
        frozenset(one): value for one, value in wanted.items()
    }


@EACH
def test_all_line_formats_have_one_line_a_series(host: Path) -> None:
    number = len(series(say_host(host.name, "--format", "json").text))
    graphite = say_host(host.name, "--format", "graphite")
    left_out = graphite.complaints.count("left out")
    lines = graphite.text.splitlines()
    assert len(lines) + left_out == number
    assert len({line.split(" ")[0] for line in lines}) == len(lines)
    assert all(re.fullmatch(r"[\w.-]+ -?[0-9.]+ [0-9]+", line) for line in lines)
    influx = say_host(host.name, "--format", "influx").text.splitlines()
    assert len(influx) == number
    tag = r",[\w]+=(?:[^\\,= \n]|\\.)+"
    line = rf"ipsec_\w+(?:{tag})* value=-?[0-9.]+i? [0-9]{{19}}"
    assert all(re.fullmatch(line, one) for one in influx)


@pytest.mark.parametrize("name", LINTED)
def test_promtool_has_no_complaint(name: str) -> None:
    text = say_host(name, "--label", 'b*=site:"a\\b"').text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True)  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_the_conventions(metric: object) -> None:
    name, kind, labels, about = metric
    assert name.endswith("_total") == (kind == COUNTER)
    assert re.fullmatch("[a-z_]+", name)
    assert not name.startswith(PREFIX)
    assert about.endswith(".")
    assert set(labels) <= {"source", "version", "state", "event", "error", "connection", "reason",
                           "direction", "certificate", "kind"}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_host_that_is_not_there_is_said_in_a_line(name: str) -> None:
    said = say("--captured", "/nonexistent", "--format", name)
    assert said.exit == 1
    assert said.complaints == "ipsec-metrics: /nonexistent: No such file or directory\n"
    assert "reading_success" in said.text
    if name == "json":
        assert total(series(said.text), "ipsec_reading_success") == 0
        assert len(json.loads(said.text)["metrics"]) == 1
