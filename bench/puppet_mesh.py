"""What Puppet takes to lay a mesh of so many peers, and to find it laid.

    python3 bench/puppet_mesh.py [PEERS]

`puppet apply` as root in namespaces, with strongSwan and systemd that only note what they are
told: the times are Puppet's own, of its reports.
"""

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.puppet.stepped import play  # noqa: E402
from tests.puppet.test_apply import LAID  # noqa: E402

TIMES = re.compile(r"(Compiled|Applied) catalog.* in ([0-9.]+) seconds")


def nodes(peers: int) -> dict[str, dict[str, str]]:
    """This host, and its peers of another site, each with an address of either family."""
    own = {"site": "ams", "role": "edge", "v4": "192.0.2.1", "v6": "2001:db8:1::1"}
    others = {
        f"cp{number + 1000}": {"site": "iad", "role": "main", "v4": f"198.51.100.{number + 1}",
                               "v6": f"2001:db8:2::{number + 1:x}"}
        for number in range(peers)
    }  # fmt: skip
    return {"cp0001": own, **others}


def main(peers: int) -> None:
    data = LAID | {"ipsec::mesh::nodes": nodes(peers)}
    with tempfile.TemporaryDirectory() as folder:
        steps = play(Path(folder), {"laid": (data, ""), "again": (data, "")})
    for name, step in steps.items():
        if step.status not in (0, 2):
            sys.exit(step.said)
        times = dict(TIMES.findall(step.said))
        print(f"{peers} peers, {name}: compiled in {times['Compiled']} s, applied in "
              f"{times['Applied']} s")  # fmt: skip


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["130"])[0]))
