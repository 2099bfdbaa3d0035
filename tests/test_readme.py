"""The README says what the code does."""

import argparse
import re
from collections.abc import Callable

import pytest

from check_ipsec.checks import certs, crypto, daemon, traffic
from check_ipsec.checks.ipsec import CHECK, LABELS
from check_ipsec.checks.statuses import Status
from check_ipsec.ipsec_global import command
from check_ipsec.metrics import options as of_metrics
from check_ipsec.metrics.series import METRICS, Metric
from tests.hosts import ROOT

README = (ROOT / "README.md").read_text()


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"\n#+ ", README.partition(f"# {heading}\n")[2])[0]


@pytest.mark.parametrize(
    ("heading", "make"),
    [
        ("Options", CHECK.parser),
        ("check_ipsec_traffic", traffic.CHECK.parser),
        ("check_ipsec_daemon", daemon.CHECK.parser),
        ("check_ipsec_certs", certs.CHECK.parser),
        ("check_ipsec_crypto", crypto.CHECK.parser),
        ("ipsec-global", command.make_parser),
        ("ipsec-metrics", of_metrics.make_parser),
    ],
    ids=[
        "check_ipsec",
        "check_ipsec_traffic",
        "check_ipsec_daemon",
        "check_ipsec_certs",
        "check_ipsec_crypto",
        "ipsec-global",
        "ipsec-metrics",
    ],
)
def test_the_option_table_is_the_parsers(
    heading: str, make: Callable[[], argparse.ArgumentParser]
) -> None:
    rows = [line for line in section(heading).splitlines() if line.startswith("| `-")]
    told = {
        option for row in rows for option in re.findall(r"(?<![\w-])--?[\w-]+", row.split("|")[1])
    }
    known = {text for action in make()._actions for text in action.option_strings}
    everywhere = {"--verbose", "-V", "--version", "-h", "--help"}
    assert told - {"-vv", "-vvv"} - everywhere == known - everywhere


@pytest.mark.parametrize("path", re.findall(r"`/(etc/\S+)`", section("Installing it")))
def test_what_it_says_to_be_installed_is_shipped(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("label", ["not_established", *LABELS])
def test_every_label_is_explained(label: str) -> None:
    assert label in section("Perfdata")


@pytest.mark.parametrize("row", daemon.ROWS, ids=lambda row: row.option)
def test_every_default_range_of_charon_is_told(row: daemon.Row) -> None:
    lines = [line for line in section("check_ipsec_daemon").splitlines() if row.option in line]
    told = next(line for line in lines if line.startswith("| `-")).split("|")[2]
    default = daemon.YOUNG if row.default is None else row.default
    assert f"`{default}`" in told if str(default) else told.strip() == "none"


@pytest.mark.parametrize("label", daemon.LABELS)
def test_every_label_of_charon_is_told(label: str) -> None:
    text = section("check_ipsec_daemon")
    stem, _, priority = label.partition("_")
    whole = f"`{label}`" in text
    assert whole or (f"`{stem}_`" in text and f"`{priority}`" in text)


@pytest.mark.parametrize("label", certs.LABELS)
def test_every_label_of_certificates_is_told(label: str) -> None:
    assert f"`{label}`" in section("check_ipsec_certs")


@pytest.mark.parametrize("status", certs.STATUSES, ids=lambda status: status.option)
def test_every_default_status_of_certificates_is_told(status: Status) -> None:
    lines = section("check_ipsec_certs").splitlines()
    told = next(line for line in lines if line.startswith(f"| `{status.option} "))
    assert told.split("|")[2].strip() == status.default.name.lower()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_told(metric: Metric) -> None:
    rows = [line for line in section("ipsec-metrics").splitlines() if f"`{metric.name}`" in line]
    assert rows
    assert all(f"`{label}`" in rows[0].split("|")[2] for label in metric.labels)
