"""`puppet apply` on a host of its own, step by step, in namespaces.

Real files, routes and commands; strongSwan and systemd only note what they are told, and
packages are ones that are installed, or that nobody has.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.hosts import ROOT
from tests.programs import program
from tests.puppet.compiled import MODULE

HERE = ROOT / "tests/puppet"
IPSEC = """
case $1 in
--version) echo 'Linux strongSwan U5.9.8/K6.1' ;;
stroke) ;;
*) echo "ipsec $*" >>{}/told ;;
esac
"""


class Step(NamedTuple):
    """What a run of Puppet came to: its status, what was told, said, and is there now."""

    status: int
    told: list[str]
    said: str
    left: list[str]


def play(folder: Path, steps: Mapping[str, tuple[dict[str, Any], str]]) -> dict[str, Step]:
    """Runs Puppet with the data of each step, after its script, in the empty ``folder``."""
    for number, (data, before) in enumerate(steps.values()):
        step = folder / "steps" / str(number)
        step.mkdir(parents=True)
        (step / "site.yaml").write_text(json.dumps(data))
        if before:
            (step / "before").write_text(before + "\n")
    for name in ("modules", "puppet", "var"):
        (folder / name).mkdir()
    (folder / "modules/ipsec").symlink_to(MODULE)
    hierarchy = [{"name": "site", "data_hash": "yaml_data", "path": "site.yaml",
                  "datadir": f"{folder}/last"}]  # fmt: skip
    (folder / "hiera.yaml").write_text(json.dumps({"version": 5, "hierarchy": hierarchy}))
    program(folder, "ipsec", IPSEC.format(folder))
    told = (HERE / "systemctl.sh").read_text().replace("$FOLDER", str(folder))
    program(folder, "systemctl", told.partition("\n")[2])
    shutil.copy("/bin/dash", folder / "systemd")
    subprocess.run(
        ["unshare", "-mnpf", "--mount-proc", folder / "systemd", HERE / "host.sh", folder],
        check=True, stdin=subprocess.DEVNULL, timeout=400,
    )  # fmt: skip
    return {name: came_to(folder / "steps" / str(number)) for number, name in enumerate(steps)}


def came_to(path: Path) -> Step:
    read = {name: Path(f"{path}.{name}").read_text() for name in ("status", "told", "said", "left")}
    return Step(int(read["status"]), read["told"].splitlines(), read["said"],
                sorted(read["left"].splitlines()))  # fmt: skip
