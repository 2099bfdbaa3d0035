"""Series of ipsec-metrics in the databases that they are for: written, and read back."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from pack import systemd
from tests.hosts import ROOT
from tests.metrics.saying import Series, series
from tests.package.system import System, wait_for

COMMAND = "/usr/sbin/ipsec-metrics"
CAPTURE = "/var/lib/captured"
TEXTFILES = "/var/lib/prometheus/node-exporter"
WHISPER = "/var/lib/graphite/whisper"
OPTIONS = ("--captured", CAPTURE, "--ike-events-per-connection", "--label", "bob*=site:esams")
SCRAPE = """
scrape_configs:
  - job_name: node
    scrape_interval: 1s
    static_configs: [{targets: ["127.0.0.1:9100"], labels: {node_site: drmrs}}]
"""
# everything that carbon was sent, at once; by default it makes 50 files a minute
CARBON = "s/^MAX_CREATES_PER_MINUTE = .*/MAX_CREATES_PER_MINUTE = inf/"
READ_BACK = """
import json, os, sys, whisper
found = {}
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        _, values = whisper.fetch(path, int(sys.argv[2]) - 120)
        told = [value for value in values if value is not None]
        metric = os.path.relpath(path, sys.argv[1]).removesuffix(".wsp").replace("/", ".")
        if told:
            found[metric] = told[-1]
json.dump(found, sys.stdout)
"""
INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:8088"
[meta]
dir = "/var/lib/influxdb/meta"
[data]
dir = "/var/lib/influxdb/data"
wal-dir = "/var/lib/influxdb/wal"
[http]
bind-address = "127.0.0.1:8086"
"""
FETCH = """
import sys, urllib.request
body = sys.stdin.buffer.read() or None
sys.stdout.write(urllib.request.urlopen(sys.argv[1], body).read().decode())
"""


def fetch(node: System, url: str, body: str = "") -> str:
    """What a server of the node answers."""
    return node.run("/usr/bin/python3", "-c", FETCH, url, stdin=body).stdout


def answers(node: System, url: str) -> bool:
    """Whether there is a server."""
    return not node.run("/usr/bin/python3", "-c", FETCH, url, check=False).returncode


def put_reading(node: System, moment: datetime) -> None:
    """The captured reading as if it were of now."""
    folder = ROOT / "fixtures/metrics/certificates"
    for path in folder.iterdir():
        if path.is_file():
            node.write(f"{CAPTURE}/{path.name}", path.read_text())
    index = json.loads((folder / "capture.json").read_text())
    index["time"] = moment.isoformat(timespec="seconds")
    node.write(f"{CAPTURE}/capture.json", json.dumps(index))


def wanted(node: System) -> Series:
    """All series of the reading but how long it took, by their names and labels."""
    found = series(node.run(COMMAND, *OPTIONS, "--format", "json").stdout)
    del found["ipsec_reading_duration_seconds",]
    return found


# --- Prometheus -------------------------------------------------------------------


@pytest.fixture(scope="module")
def prometheus(node: System) -> Iterator[None]:
    """Prometheus, which scrapes node_exporter, which reads text files."""
    node.apt("install", "--no-install-recommends", "prometheus", "prometheus-node-exporter",
             "procps")  # fmt: skip
    put_reading(node, datetime.now(UTC))
    node.write("/etc/prometheus/prometheus.yml", SCRAPE)
    exporter = node.start(
        "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
        f"--collector.textfile.directory={TEXTFILES}", "--web.listen-address=127.0.0.1:9100"
    )  # fmt: skip
    server = node.start("prometheus", "--config.file=/etc/prometheus/prometheus.yml",
                        "--storage.tsdb.path=/var/tmp/tsdb",
                        "--web.listen-address=127.0.0.1:9090")  # fmt: skip
    wait_for(lambda: answers(node, "http://127.0.0.1:9090/-/ready"), "Prometheus is ready")
    yield
    node.run("pkill", "-KILL", "prometheus")
    exporter.wait(timeout=60)
    server.wait(timeout=60)


def query(node: System, expression: str) -> list[dict[str, Any]]:
    """What Prometheus answers."""
    url = f"http://127.0.0.1:9090/api/v1/query?query={quote(expression)}"
    return list(json.loads(fetch(node, url))["data"]["result"])


def value(node: System, expression: str) -> float | None:
    """The one number of an answer."""
    found = query(node, expression)
    return float(found[0]["value"][1]) if found else None


def scraped(node: System) -> Series:
    """All series of ours as Prometheus has them, without what it adds."""
    return {
        (
            one["metric"].pop("__name__"),
            *(f"{key}={word}" for key, word in one["metric"].items()
              if key not in ("instance", "job", "node_site")),
        ): float(one["value"][1])
        for one in query(node, '{__name__=~"ipsec_.*",__name__!="ipsec_reading_duration_seconds"}')
    }  # fmt: skip


@pytest.mark.usefixtures("prometheus")
def test_prometheus_has_every_series_through_node_exporter(node: System) -> None:
    node.run(COMMAND, *OPTIONS, "--output", f"{TEXTFILES}/ipsec.prom")
    wait_for(lambda: value(node, "ipsec_reading_success") == 1, "the file is scraped")
    found = {frozenset(one): number for one, number in scraped(node).items()}
    assert found == {frozenset(one): number for one, number in wanted(node).items()}
    assert value(node, "node_textfile_scrape_error") == 0
    assert value(node, 'sum(ipsec_connection_state{state="established",site="esams"})') == 2


@pytest.mark.usefixtures("prometheus")
def test_a_failed_reading_is_seen_and_its_series_stay(node: System) -> None:
    before = scraped(node)
    output = f"{TEXTFILES}/ipsec.prom"
    node.write(f"{CAPTURE}/statusall", "nonsense\n")
    failed = node.run(COMMAND, *OPTIONS, "--output", output, check=False)
    assert failed.returncode == 1
    wait_for(lambda: value(node, "ipsec_reading_success") == 0, "the failure is scraped")
    assert scraped(node) == {**before, ("ipsec_reading_success",): 0}
    put_reading(node, datetime.now(UTC))
    node.run(COMMAND, *OPTIONS, "--output", output)
    wait_for(lambda: value(node, "ipsec_reading_success") == 1, "the next reading is scraped")
    assert scraped(node).keys() == before.keys()


# --- Graphite ---------------------------------------------------------------------


def test_carbon_has_every_series(node: System) -> None:
    node.apt("install", "--no-install-recommends", "graphite-carbon", "procps")
    node.run("sed", "-i", CARBON, "/etc/carbon/carbon.conf")
    put_reading(node, datetime.now(UTC))
    carbon = node.start("/usr/bin/carbon-cache", "--config=/etc/carbon/carbon.conf", "--nodaemon",
                        "--pidfile=/var/log/carbon/pid", "start", user="_graphite")  # fmt: skip
    words = ("--prefix", "ipsec.alice")

    def is_sent() -> bool:
        said = node.run(COMMAND, *OPTIONS, "--graphite", "127.0.0.1:2003", *words, check=False)
        return said.returncode == 0

    wait_for(is_sent, "carbon takes lines")
    lines = node.run(COMMAND, *OPTIONS, "--format", "graphite", *words).stdout.splitlines()
    sent = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines}
    del sent["ipsec.alice.reading_duration_seconds"]
    found: dict[str, float] = {}

    def is_kept() -> bool:
        program = ("/usr/bin/python3", "-c", READ_BACK, WHISPER, str(int(time.time())))
        found.update(json.loads(node.run(*program).stdout))
        return sent.keys() <= found.keys()

    wait_for(is_kept, "carbon has written its files")
    assert {path: found[path] for path in sent} == pytest.approx(sent)
    assert len(sent) == len(wanted(node))
    node.run("pkill", "-KILL", "-f", "/usr/bin/carbon-cache")
    carbon.wait(timeout=60)


# --- InfluxDB ---------------------------------------------------------------------


def test_influxdb_has_every_series(node: System) -> None:
    node.apt("install", "--no-install-recommends", "influxdb", "procps")
    node.write("/etc/influxdb/tests.conf", INFLUX)
    node.run("install", "-d", "-o", "influxdb", "/var/lib/influxdb")
    influxd = node.start("influxd", "run", "-config", "/etc/influxdb/tests.conf", user="influxdb")
    base = "http://127.0.0.1:8086"
    wait_for(lambda: answers(node, f"{base}/ping"), "InfluxDB answers")
    fetch(node, f"{base}/query?q={quote('CREATE DATABASE ipsec')}", " ")
    odd = ("--label", r"bob_v4=peer:a,b =c\ ", "--label", "bob_v6=peer:end\\")
    text = node.run(COMMAND, *OPTIONS, *odd, "--format", "influx").stdout
    fetch(node, f"{base}/write?db=ipsec", text)
    asked = quote("SELECT value FROM /ipsec_.*/ GROUP BY *")
    answer = json.loads(fetch(node, f"{base}/query?db=ipsec&epoch=ns&q={asked}"))
    found = {
        frozenset((one["name"], *(f"{key}={word}" for key, word in (one.get("tags") or {}).items()
                                  if word))): one["values"][0][1]
        for one in answer["results"][0]["series"]
    }  # fmt: skip
    said = series(node.run(COMMAND, *OPTIONS, *odd, "--format", "json").stdout)
    sent = {
        frozenset(re.sub(r"\\$", r"\\x5c", word) for word in one): number
        for one, number in said.items()
    }
    for one in (found, sent):
        one.pop(frozenset(["ipsec_reading_duration_seconds"]))
    assert found == sent
    node.run("pkill", "-KILL", "influxd")
    influxd.wait(timeout=60)


# --- systemd ----------------------------------------------------------------------


@pytest.mark.parametrize("unit", systemd.FORMATS, ids=lambda unit: unit.format)
def test_a_timer_is_there_and_off(node: System, unit: systemd.Unit) -> None:
    name = f"ipsec-metrics-{unit.format}"
    for kind in ("service", "timer"):
        found = node.run("sh", "-c", f"ls /usr/lib/systemd/system/{name}.{kind} "
                         f"/lib/systemd/system/{name}.{kind} | head -n 1").stdout  # fmt: skip
        assert found
    wants = node.run("find", "/etc/systemd", "-name", f"{name}*", check=False)
    assert wants.stdout == ""
