"""A real Prometheus with the state of a fleet, a real Alertmanager, and who is paged.

Of the fleet Prometheus gets two samples a series, as if scraped: of an hour ago and of now.
A minute of the rules' and the Alertmanager's patience is a second here.
"""

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.fleet.promtool import RULES
from tests.fleet.synthetic import Fleet, selector
from tests.hosts import ROOT

ALERTMANAGER = ROOT / "doc/examples/alertmanager.yml"
SHORT_OF_AN_HOUR = "50m"
QUERY = 'count by (alertname) (ALERTS{alertstate="firing"})'


class Pager:
    """What receives the Alertmanager's notifications."""

    def __init__(self) -> None:
        self.notifications: list[tuple[str, dict[str, Any]]] = []
        received = self.notifications

        class Handler(BaseHTTPRequestHandler):
            """Keep what comes."""

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, json.loads(text)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def received(self) -> list[tuple[str, str, int]]:
        """Receiver, alert and number of places of each notification."""
        return [
            (path, body["groupLabels"]["alertname"], len(body["alerts"]))
            for path, body in self.notifications
        ]


class Engines:
    """Both programs, and the pager."""

    def __init__(self, prometheus: int, alertmanager: int, pager: Pager) -> None:
        self.prometheus = f"http://127.0.0.1:{prometheus}"
        self.alertmanager = f"http://127.0.0.1:{alertmanager}"
        self.pager = pager

    def firing(self) -> dict[str, int]:
        """How many alerts of each name Prometheus has."""
        with urlopen(f"{self.prometheus}/api/v1/query?{urlencode({'query': QUERY})}") as answer:
            result = json.load(answer)["data"]["result"]
        return {one["metric"]["alertname"]: int(one["value"][1]) for one in result}

    def settle(self, **firing: int) -> list[tuple[str, str, int]]:
        """The notifications, once these alerts fire and the Alertmanager had its time."""
        wait_for(lambda: self.firing() == firing, str(firing), 120)
        # group_wait, and group_interval twice
        time.sleep(20)
        assert self.firing() == firing
        return self.pager.received()

    def amtool(self, *words: str) -> str:
        """What the Alertmanager's own tool says."""
        command = ["amtool", *words, f"--alertmanager.url={self.alertmanager}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def engines(fleet: Fleet, minute: int, folder: Path, *silence: str) -> Iterator[Engines]:
    """Let both judge the fleet as it is at that minute; ``silence`` is there before."""
    data = folder / "data"
    with ExitStack() as stack:
        pager = Pager()
        stack.callback(pager.server.server_close)
        stack.callback(pager.server.shutdown)
        prometheus, alertmanager = free_port(), free_port()
        both = Engines(prometheus, alertmanager, pager)

        config = folder / "alertmanager.yml"
        config.write_text(quickly(ALERTMANAGER.read_text()).replace(":9099/", f":{pager.port}/"))
        stack.enter_context(running(
            folder, "prometheus-alertmanager", f"--config.file={config}",
            f"--storage.path={folder}/alertmanager", "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
        ))  # fmt: skip
        wait_for(lambda: is_ready(both.alertmanager), "the Alertmanager is ready")
        if silence:
            both.amtool("silence", "add", "--duration=1h", "--author=tests", "--comment=tests",
                        *silence)  # fmt: skip

        backfill(fleet, minute, folder, data)
        rules = folder / "rules.yml"
        rules.write_text(re.sub(r"(for: \d+)m", r"\1s", RULES.read_text()))
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "alerting": {"alertmanagers": [
                {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}
            ]},
        }))  # fmt: skip
        stack.enter_context(running(
            folder, "prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}",
            f"--web.listen-address=127.0.0.1:{prometheus}",
            f"--query.lookback-delta={SHORT_OF_AN_HOUR}",
            # the Alertmanager is found after five seconds; what came before is sent again
            "--rules.alert.resend-delay=3s",
        ))  # fmt: skip
        wait_for(lambda: is_ready(both.prometheus), "Prometheus is ready")
        yield both


def quickly(text: str) -> str:
    """A configuration of the Alertmanager with seconds for minutes."""
    text = re.sub(r"(group_wait:) \d+m", r"\1 10s", text)
    return re.sub(r"(group_interval: \d+)m", r"\1s", text)


def backfill(fleet: Fleet, minute: int, folder: Path, data: Path) -> None:
    """Write the samples of a fleet into a database of Prometheus'."""
    now = int(time.time())
    text = folder / "samples"
    with text.open("w") as file:
        for name, labels, values in fleet.series():
            # a fleet's time begins at 0
            begin = now - 60 * minute if name.endswith("_timestamp_seconds") else 0
            for moment, value in ((now - 3600, values[0]), (now, values[minute])):
                if value is not None:
                    file.write(f"{selector(name, labels)} {value + begin!r} {moment}\n")
        file.write("# EOF\n")
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", text, data],
                   check=True, capture_output=True)  # fmt: skip


@contextmanager
def running(folder: Path, program: str, *options: str) -> Iterator[None]:
    """A program that ends with the block."""
    with (folder / f"{program}.log").open("w") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def is_ready(address: str) -> bool:
    """Whether it says so."""
    try:
        with urlopen(f"{address}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(condition: Any, what: str, seconds: float = 60) -> None:
    """Return once ``condition`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)
