"""What ipsec-metrics says, and how a test reads it.

``python3 -m tests.metrics.saying`` writes what is expected of the readings in fixtures/metrics/
again; read the difference before you commit it.
"""

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from typing import NamedTuple

from check_ipsec.metrics.command import main
from check_ipsec.metrics.formats import FORMATS
from tests.hosts import ROOT

HOSTS = ROOT / "fixtures/hosts"
READING = ROOT / "fixtures/metrics/certificates"
OPTIONS = ("--mtu", "--ike-events-per-connection", "--label", "*_v4=family:IPv4")

Series = dict[tuple[str, ...], float]


class Said(NamedTuple):
    """Standard output, standard error and exit status."""

    text: str
    complaints: str
    exit: int


def say(*words: str) -> Said:
    """What the command says."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(words))
    return Said(out.getvalue(), err.getvalue(), status)


@cache
def say_host(name: str, *words: str) -> Said:
    """What it says of a captured host."""
    return say("--captured", str(HOSTS / name), *words)


def series(text: str) -> Series:
    """All series of a JSON object, by name and labels."""
    return {
        (metric["name"], *(f"{key}={value}" for key, value in one["labels"].items())): one["value"]
        for metric in json.loads(text)["metrics"]
        for one in metric["series"]
    }


def total(found: Series, name: str, *labels: str) -> float | None:
    """The sum over the series with these labels; None without any."""
    values = [
        value for one, value in found.items() if one[0] == name and set(labels) <= set(one[1:])
    ]
    return sum(values) if values else None


def timeless(text: str) -> str:
    """A text without how long the reading took."""
    return re.sub(r"(reading_duration_seconds(?: value=| |.*?\"value\": ))[0-9.]+", r"\1T", text)


def whole(format_name: str) -> str:
    """What is said of the reading in that format, as the fixture has it."""
    prefix = ("--prefix", "ipsec.alice") if format_name == "graphite" else ()
    said = say("--captured", str(READING), "--format", format_name, *prefix, *OPTIONS)
    return timeless(said.text)


if __name__ == "__main__":
    (READING / "expected").mkdir(exist_ok=True)
    for name in FORMATS:
        (READING / "expected" / name).write_text(whole(name))
