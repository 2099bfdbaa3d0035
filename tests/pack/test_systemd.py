"""The units of ipsec-metrics, as systemd itself judges them."""

import re
import shlex
from pathlib import Path
from subprocess import run

import pytest

from check_ipsec.metrics.formats import FORMATS
from check_ipsec.metrics.options import make_parser
from pack import systemd

EACH = pytest.mark.parametrize("unit", systemd.FORMATS, ids=lambda unit: unit.format)
# of 100: what there is no way around as root with CAP_NET_ADMIN, and with a connection to carbon;
# 16 and 20 with systemd 252
EXPOSED, EXPOSED_TO_CARBON = 18, 22


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All units, the command as one that is there."""
    for name, text in systemd.units():
        there = text.replace("/usr/sbin/ipsec-metrics ", "/bin/true ")
        (tmp_path / name).write_text(re.sub("(?m)^Documentation=.*\n", "", there))
    return tmp_path


def test_every_format_has_a_timer() -> None:
    assert sorted(unit.format for unit in systemd.FORMATS) == sorted(FORMATS)
    assert sorted(name for name, _ in systemd.units()) == sorted(
        f"ipsec-metrics-{name}.{kind}" for name in FORMATS for kind in ("service", "timer")
    )


@EACH
def test_systemd_has_no_complaint(folder: Path, unit: systemd.Unit) -> None:
    paths = [folder / f"ipsec-metrics-{unit.format}.{kind}" for kind in ("service", "timer")]
    done = run(["systemd-analyze", "verify", *paths], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "ipsec-metrics" in line] == []


@EACH
def test_a_unit_may_little(folder: Path, unit: systemd.Unit) -> None:
    path = folder / f"ipsec-metrics-{unit.format}.service"
    most = EXPOSED_TO_CARBON if unit.format == "graphite" else EXPOSED
    done = run(["systemd-analyze", "security", "--offline=true", f"--threshold={most}", path],
               capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@EACH
def test_the_command_takes_the_options(unit: systemd.Unit) -> None:
    text = dict(systemd.units())[f"ipsec-metrics-{unit.format}.service"]
    line = re.sub(r"\\\n", " ", text).partition("ExecStart=")[2].partition("\n")[0]
    line = line.replace("${IPSEC_METRICS_CARBON}", "localhost:2003")
    command, *words = shlex.split(line.replace("$IPSEC_METRICS_OPTIONS", "--label a=b:c"))
    options = make_parser().parse_args(words)
    assert (command, options.format) == ("/usr/sbin/ipsec-metrics", unit.format)
    assert options.state.startswith("/var/lib/ipsec-metrics/")
