"""Routes with a locked path MTU, in a network of their own."""

import subprocess
from pathlib import Path

import pytest

from tests.puppet.compiled import MODULE

PROGRAM = MODULE / "files/ipsec_routes.py"
SETUP = """
set -eu
ip link set lo up
ip address add 10.1.0.1/24 dev lo
ip address add fd00:1::1/128 dev lo nodad
ip route add 10.9.0.0/16 nexthop via 10.1.0.254 nexthop via 10.1.0.9
ip route add 192.0.2.0/24 via 10.2.0.254 dev lo onlink src 10.1.0.1
ip route add unreachable 203.0.113.0/24
ip -6 route add fd00:2::/64 dev lo
routes() {
    /usr/bin/python3 "$PROGRAM" "$@" && status=0 || status=$?
    echo "status $status"
}
shown() {
    ip -o route show proto 118
    ip -6 -o route show proto 118
}
"""


def said(folder: Path, script: str, peers: str = "") -> list[str]:
    """What a script says where these peers are in ``list``."""
    (folder / "list").write_text(peers)
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", SETUP + script], cwd=folder, text=True, check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PROGRAM": str(PROGRAM)}, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


PEERS = "10.9.1.1 1450\n192.0.2.7 1400 # a comment\n\nFD00:2:0:0::7 1450\n"
ROUTES = [
    "10.9.1.1 mtu lock 1450 \\ nexthop via 10.1.0.254 dev lo weight 1 "
    "\\ nexthop via 10.1.0.9 dev lo weight 1",
    "192.0.2.7 via 10.2.0.254 dev lo src 10.1.0.1 onlink mtu lock 1400",
    "fd00:2::7 dev lo metric 1024 mtu lock 1450 pref medium",
]


def test_they_lead_where_the_best_other_route_leads(tmp_path: Path) -> None:
    script = "routes check list; routes apply list; shown; routes check list"
    assert said(tmp_path, script, PEERS) == ["status 1", "status 0", *ROUTES, "status 0"]


def test_a_route_that_is_gone_or_has_moved_is_made_again(tmp_path: Path) -> None:
    script = """
    routes apply list
    ip route del 10.9.1.1
    routes check list
    ip route replace 192.0.2.0/24 via 10.2.0.9 dev lo onlink
    routes apply list
    shown
    routes check list
    """
    moved = "192.0.2.7 via 10.2.0.9 dev lo onlink mtu lock 1400"
    wanted = ["status 0", "status 1", "status 0", ROUTES[0], moved, ROUTES[2], "status 0"]
    assert said(tmp_path, script, PEERS) == wanted


def test_another_mtu_and_a_peer_less(tmp_path: Path) -> None:
    script = """
    routes apply list
    echo 192.0.2.7 1300 >list
    routes check list
    routes apply list
    shown
    """
    assert said(tmp_path, script, PEERS) == [
        *("status 0", "status 1", "status 0"),
        ROUTES[1].replace("1400", "1300"),
    ]


def test_flush_leaves_the_routes_of_others(tmp_path: Path) -> None:
    script = "routes apply list; routes flush; shown; ip route show 192.0.2.0/24"
    others = "192.0.2.0/24 via 10.2.0.254 dev lo src 10.1.0.1 onlink"
    assert said(tmp_path, script, PEERS) == ["status 0", "status 0", others]


def test_one_that_leads_nowhere_keeps_no_other_back(tmp_path: Path) -> None:
    peers = "203.0.113.5 1450\n198.51.100.1 1450\n" + PEERS
    found = said(tmp_path, "routes apply list; shown; routes check list", peers)
    assert found == [
        "ipsec-routes: no route to 203.0.113.5",
        "ipsec-routes: no route to 198.51.100.1",
        *("status 1", *ROUTES, "status 1"),
    ]


@pytest.mark.parametrize(
    "line", ["10.1.0.1", "10.1.0.1 1000", "10.1.0.300 1450", "a 1 2", "é 1450"]
)
def test_a_line_that_is_none_has_its_place_named(tmp_path: Path, line: str) -> None:
    (first, status) = said(tmp_path, "routes apply list", f"# peers\n{line}\n")
    place = "cannot read list: " if line.startswith("é") else "list:2: expected ADDRESS MTU"
    assert first.startswith(f"ipsec-routes: {place}")
    assert status == "status 1"


def test_a_usage_error_changes_nothing(tmp_path: Path) -> None:
    usage = "ipsec-routes: usage: ipsec-routes apply FILE | check FILE | flush"
    for words in ("", "apply", "flush list", "check a b", "remove"):
        script = f"routes apply list; routes {words}; shown"
        assert said(tmp_path, script, PEERS) == ["status 0", usage, "status 1", *ROUTES]
