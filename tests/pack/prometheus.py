"""A real Prometheus over samples that a test has written, asked as Grafana asks it."""

import json
import re
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.package.system import wait_for

# samples lie a minute apart, for an hour
STEP, END = 60, 1_790_000_040
BEGIN = END - 3600
MOMENTS = range(BEGIN, END + 1, STEP)
# what Grafana writes for its variables
VARIABLES = {
    "$__rate_interval": "240s",
    "$__range": "3600s",
    # of one node there is not everything
    '="$node"': '=~"a|c"',
    "$node": "a|b|c|d",
    "$site": ".*",
    "$connection": ".*",
}

Series = dict[str, Any]


class Sample(NamedTuple):
    """A sample of a text for Prometheus."""

    name: str
    labels: str
    value: float

    def at(self, moment: int, value: float, more: str) -> str:
        """A line of OpenMetrics, with more labels."""
        labels = ",".join(filter(None, (self.labels, more)))
        return f"{self.name}{{{labels}}} {value} {moment}"


def read(text: str) -> Iterator[Sample]:
    """The samples of what ipsec-metrics prints for Prometheus."""
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            yield Sample(name, labels or "", float(value))


def grown(sample: Sample, moment: int, more: str) -> str:
    """The sample of a node that is read all the time; what it counts grows."""
    passed = moment - BEGIN
    if sample.name == "ipsec_reading_timestamp_seconds":
        return sample.at(moment, moment - 5, more)
    value = sample.value + passed * (1 + len(sample.labels)) * sample.name.endswith("_total")
    return sample.at(moment, value, more)


@contextmanager
def running(folder: Path, lines: Iterable[str], rules: Path) -> Iterator[str]:
    """The address of a Prometheus that has the samples, and what the rules record of them."""
    ordered = sorted(lines, key=lambda line: (line.split("{")[0], int(line.rpartition(" ")[2])))
    (folder / "samples").write_text("\n".join((*ordered, "# EOF\n")))
    data = folder / "data"
    tool("create-blocks-from", "openmetrics", folder / "samples", data)
    with server(folder, data) as address:
        tool("create-blocks-from", "rules", f"--url={address}", f"--start={BEGIN}",
             f"--end={END}", "--eval-interval=60s", f"--output-dir={data}", rules)  # fmt: skip
    with server(folder, data) as address:
        yield address


def tool(*words: object) -> None:
    """Run ``promtool tsdb``."""
    subprocess.run(["promtool", "tsdb", *map(str, words)], check=True, capture_output=True)


@contextmanager
def server(folder: Path, data: Path) -> Iterator[str]:
    """A Prometheus that scrapes nothing."""
    (folder / "prometheus.yml").write_text("")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={data}",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address={address}"]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["prometheus", *words], stdout=log, stderr=log)
    try:
        wait_for(lambda: is_ready(address), "Prometheus is ready", 30)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def is_ready(address: str) -> bool:
    """Whether it answers."""
    try:
        with urlopen(f"http://{address}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def filled_in(expression: str, **variables: str) -> str:
    """A query as Grafana sends it."""
    for name, value in {
        **VARIABLES,
        **{f"${key}": text for key, text in variables.items()},
    }.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def now(address: str, expression: str, moment: int = END, **variables: str) -> list[Series]:
    """What a query says of one moment."""
    return asked(address, "query", query=filled_in(expression, **variables), time=moment)


def over_time(address: str, expression: str, **variables: str) -> list[Series]:
    """What a query says of the hour."""
    query = filled_in(expression, **variables)
    return asked(address, "query_range", query=query, start=BEGIN, end=END, step=STEP)


def asked(address: str, which: str, **parameters: object) -> list[Series]:
    """The series that Prometheus answers; a query that it refuses is an error with its words."""
    try:
        with urlopen(f"{address}/api/v1/{which}?{urlencode(parameters)}", timeout=30) as answer:
            return list(json.load(answer)["data"]["result"])
    except URLError as error:
        said = getattr(error, "read", str)
        raise AssertionError(f"{parameters['query']}\n{said()!r}") from error
