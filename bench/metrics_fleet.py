"""A fleet of nodes that a real Prometheus scrapes: series, bytes, times, memory.

    python3 bench/metrics_fleet.py [NODES [CONNECTIONS [MINUTES]]]

Every node says what ipsec-metrics says of a captured connection, told so many times, as
node_exporter would; its counters grow. Prometheus (of the Debian package) scrapes each once a
minute, and is asked after so many minutes what that took, and what the last two took of the
processor.
"""

import gzip
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from run import MESH, READING, Wording  # noqa: E402

LAST = 120
COUNTER = re.compile(r"(?m)^(ipsec_connection_(?:bytes|packets)_total\{.*\} ).*$")
SITES = 20


def text(connections: int, *options: str) -> str:
    """What ipsec-metrics says of a node."""
    with tempfile.TemporaryDirectory() as folder:
        for name, said in Wording(MESH).host(connections).items():
            Path(folder, name).write_text(said)
        for name in ("listcounters", "listcerts", "listcacerts", "listcrls", "charon-status",
                     "charon.pid"):  # fmt: skip
            Path(folder, name).write_text((READING / name).read_text())
        program = "import sys; from check_ipsec.metrics.command import main; sys.exit(main())"
        words = [sys.executable, "-c", program, "--captured", folder, *options]
        return subprocess.run(words, stdout=-1, text=True, check=True, cwd=ROOT).stdout


class Prometheus:
    """One that runs, and what it answers."""

    def __init__(self, folder: Path, nodes: int, port: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        (folder / "prometheus.yml").write_text(configuration(nodes, port))
        self.url = f"http://{listen}"
        self.data = folder / "data"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={self.data}", f"--web.listen-address={listen}",
             "--log.level=error"]
        )  # fmt: skip

    def query(self, expression: str) -> float:
        """A number that it has collected."""
        url = f"{self.url}/api/v1/query?query={quote(expression)}"
        with urllib.request.urlopen(url) as answer:
            found = json.load(answer)["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def own(self, name: str) -> float:
        """A number that it says of itself."""
        with urllib.request.urlopen(f"{self.url}/metrics") as answer:
            found = re.findall(rf"(?m)^{name}(?:{{.*}})? (\S+)$", answer.read().decode())
        return sum(map(float, found))


class Nodes(BaseHTTPRequestHandler):
    """All nodes: the path is the number of one."""

    text = ""

    @staticmethod
    @lru_cache(maxsize=2)
    def said(minute: int) -> bytes:
        """What every node says in that minute."""
        said = COUNTER.sub(lambda found: f"{found[1]}{minute * 1000}", Nodes.text)
        return gzip.compress(said.encode())

    def do_GET(self) -> None:
        body = self.said(int(time.time()) // 60)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def configuration(nodes: int, port: int) -> str:
    """That of Prometheus, as JSON, which is YAML."""
    groups = [
        {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"__metrics_path__": f"/{number}", "instance": f"node{number:04d}",
                       "node_site": f"site{number % SITES:02d}"},
        }
        for number in range(nodes)
    ]  # fmt: skip
    job = {"job_name": "node", "scrape_interval": "60s", "scrape_timeout": "50s",
           "static_configs": groups}  # fmt: skip
    return json.dumps({"scrape_configs": [job]})


def main(nodes: int = 1000, connections: int = 130, minutes: float = 5) -> None:
    """Print what it takes."""
    Nodes.text = text(connections)
    series = sum(not line.startswith("#") for line in Nodes.text.splitlines())
    packed = len(gzip.compress(Nodes.text.encode()))
    print(f"a node of {connections} connections: {series} series, {len(Nodes.text) / 1e3:.0f} kB, "
          f"{packed / 1e3:.0f} kB compressed")  # fmt: skip
    server = ThreadingHTTPServer(("127.0.0.1", 0), Nodes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        prometheus = Prometheus(Path(folder), nodes, server.server_port)
        try:
            time.sleep(60 * minutes - LAST)
            answer(prometheus, nodes, minutes)
        finally:
            prometheus.process.kill()
            prometheus.process.wait()
            server.shutdown()


def answer(prometheus: Prometheus, nodes: int, minutes: float) -> None:
    """Print what has become of it."""
    query, own = prometheus.query, prometheus.own
    before = own("process_cpu_seconds_total")
    time.sleep(LAST)
    processors = (own("process_cpu_seconds_total") - before) / LAST
    print(f"{nodes} nodes, {query('sum(up)'):.0f} of them scraped, after {minutes:g} minutes:")
    print(f"  {own('prometheus_tsdb_head_series') / 1e6:.2f} million series, "
          f"{own('process_resident_memory_bytes') / 1e9:.1f} GB of memory, "
          f"{processors:.2f} processors")  # fmt: skip
    print(f"  a scrape takes {query('avg(scrape_duration_seconds)'):.3f} s, "
          f"at most {query('max(scrape_duration_seconds)'):.2f} s")  # fmt: skip
    samples = own("prometheus_tsdb_head_samples_appended_total")
    size = sum(path.stat().st_size for path in prometheus.data.rglob("*") if path.is_file())
    print(f"  {size / 1e6:.0f} MB on the disk, {samples / 1e6:.1f} million samples")
    begin = time.monotonic()
    found = query('sum(ipsec_connection_state{state="established"})')
    print(f"  {found:.0f} connections established: counted in {time.monotonic() - begin:.2f} s")


if __name__ == "__main__":
    main(*(float(word) if "." in word else int(word) for word in sys.argv[1:]))
