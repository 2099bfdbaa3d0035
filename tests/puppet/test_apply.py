"""A host, step by step: what `puppet apply` changes, and what charon is told of it."""

import os
from typing import Any

import pytest

from tests.puppet.stepped import Step, play
from tests.puppet.test_mesh import NODES

KEY = "the-key-itself"
LAID: dict[str, Any] = {
    "classes": ["ipsec::mesh", "ipsec::monitoring"],
    "ipsec::packages": ["dash"],
    "ipsec::purge": True,
    "ipsec::mesh::nodes": NODES,
    "ipsec::mesh::domain": "example.org",
    "ipsec::mesh::certificates": {
        "cert": "/etc/own/cert.pem",
        "key": "/etc/own/key.pem",
        "type": "RSA",
        "ca": ["/etc/own/ca.pem"],
    },
    "ipsec::monitoring::package": "bash",
    "ipsec::monitoring::metrics": ["prometheus"],
    "ipsec::monitoring::options": {"check_ipsec": {"critical": "10%"}},
}
FEWER = LAID | {"ipsec::mesh::nodes": {name: NODES[name] for name in NODES if name != "cp0102"}}
OTHERWISE = FEWER | {
    "ipsec::defaults": {"esp": "aes256gcm16-ecp384bp-noesn!"},
    "ipsec::logging": {"net": 0},
}
NOBODY = "no-such-package-of-a-test"
GONE = OTHERWISE | {
    "ipsec::ensure": "absent",
    "ipsec::packages": [NOBODY],
    "ipsec::monitoring::ensure": "absent",
    "ipsec::monitoring::package": f"{NOBODY}-either",
}
# Hiera's data of each step, and a script before it
STEPS = {
    "laid": (LAID, ""),
    "again": (LAID, ""),
    "a peer less": (FEWER, ""),
    "another cipher and level": (OTHERWISE, ""),
    "a renewed certificate and a stranger": (
        OTHERWISE,
        "echo renewed >/etc/own/cert.pem; touch /etc/ipsec.d/cacerts/stranger.pem",
    ),
    "gone": (GONE, ""),
    "gone again": (GONE, ""),
}


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    if os.geteuid() != 0:
        pytest.fail("needs root, for namespaces")
    return play(tmp_path_factory.mktemp("host"), STEPS)


def test_the_first_run_lays_all(steps: dict[str, Step]) -> None:
    first = steps["laid"]
    assert first.status == 2, first.said
    units = ["strongswan-starter", "ipsec-routes", "ipsec-metrics-prometheus.timer"]
    for unit in units:
        assert f"systemctl enable {unit}" in first.told
    assert "systemctl start strongswan-starter" in first.told
    # charon has just read all: what it reads again would begin every connection twice
    assert "ipsec reload" not in first.told
    assert not [line for line in first.told if "restart" in line]
    modes = dict(line.split() for line in first.left if line.startswith("/"))
    assert modes["/ipsec.secrets"] == modes["/ipsec.d/private/mesh.pem"] == "600"
    assert modes["/ipsec.d/secrets/mesh.secrets"] == "600"
    assert modes["/ipsec.conf"] == modes["/ipsec.d/connections/cp0101_v4.conf"] == "644"
    assert len([line for line in first.left if "mtu lock 1450" in line]) == 4


def test_the_second_run_changes_nothing(steps: dict[str, Step]) -> None:
    for name in ("again", "gone again"):
        assert (steps[name].status, steps[name].told) == (0, []), steps[name].said
    assert steps["again"].left == steps["laid"].left


def test_a_peer_that_is_gone_is_an_update(steps: dict[str, Step]) -> None:
    fewer = steps["a peer less"]
    assert (fewer.status, fewer.told) == (2, ["ipsec update"]), fewer.said
    gone = set(steps["laid"].left) - set(fewer.left)
    assert {line.split()[0] for line in gone} == {
        "/ipsec.d/connections/cp0102_v4.conf",
        "/ipsec.d/connections/cp0102_v6.conf",
        "198.51.100.2",
        "2001:db8:2::2",
    }


def test_another_cipher_is_an_update_and_another_level_a_signal(steps: dict[str, Step]) -> None:
    other = steps["another cipher and level"]
    # in any order: who gets a signal notes it when it comes to it
    assert (other.status, sorted(other.told)) == (2, ["charon HUP", "ipsec update"]), other.said


def test_a_renewed_certificate_is_read_again_and_strangers_go(steps: dict[str, Step]) -> None:
    renewed = steps["a renewed certificate and a stranger"]
    assert (renewed.status, renewed.told) == (2, ["ipsec rereadall", "ipsec reload"]), renewed.said
    assert renewed.left == steps["another cipher and level"].left


def test_nothing_is_left(steps: dict[str, Step]) -> None:
    gone = steps["gone"]
    assert gone.status == 2, gone.said
    assert not [line for line in gone.left if not line.startswith("/own/")]
    assert "systemctl stop strongswan-starter" in gone.told
    assert "systemctl disable ipsec-routes" in gone.told
    assert not [line for line in gone.told if not line.startswith("systemctl ")]


def test_no_run_shows_a_key(steps: dict[str, Step]) -> None:
    for one in steps.values():
        assert "Error" not in one.said
        assert KEY not in one.said
