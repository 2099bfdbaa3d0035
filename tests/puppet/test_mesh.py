"""Four hosts in two sites: both ends of every connection follow from one list."""

from pathlib import Path
from typing import Any

import pytest

from check_ipsec.model.configuration import Connection
from tests.ipsec_conf import ask_starter, shown_pairs
from tests.puppet.compiled import FACTS, Catalogue, Puppet, compiled, refusal

DOMAIN = "example.org"
NODES: dict[str, dict[str, str]] = {
    "cp0001": {"site": "ams", "role": "edge", "v4": "192.0.2.1", "v6": "2001:db8:1::1"},
    "cp0002": {"site": "ams", "role": "edge", "v4": "192.0.2.2", "v6": "2001:db8:1::2"},
    "cp0101": {"site": "iad", "role": "main", "v4": "198.51.100.1", "v6": "2001:db8:2::1"},
    "cp0102": {"site": "iad", "role": "main", "v4": "198.51.100.2", "v6": "2001:db8:2::2"},
}
DATA: dict[str, Any] = {
    "classes": ["ipsec::mesh"],
    "ipsec::mesh::nodes": NODES,
    "ipsec::mesh::domain": DOMAIN,
}
HOSTS = {f"{name}.{DOMAIN}": FACTS for name in NODES}
WITHIN = {
    "ipsec::mesh::links": [["ams", "iad"], ["iad", "iad"]],
    "ipsec::mesh::auto": "route",
    "ipsec::mesh::drop": True,
}
MIRRORED = {"left": "right", "right": "left"}
SAME = ("ike", "esp", "type", "keyexchange", "auto")


@pytest.fixture(scope="module", params=[{}, WITHIN], ids=["edges-and-mains", "within-a-site"])
def mesh(request: pytest.FixtureRequest) -> dict[str, Catalogue]:
    return compiled(DATA | request.param, HOSTS)


def connections(catalogue: Catalogue) -> dict[str, Connection]:
    """By name, shunts aside."""
    found = catalogue.configuration().connections
    return {one.name: one for one in found if one.setting("type") != "drop"}


def test_starter_accepts_every_connection(mesh: dict[str, Catalogue], tmp_path: Path) -> None:
    for name, catalogue in mesh.items():
        path = catalogue.write(tmp_path / name)
        answer = ask_starter(path)
        assert answer.accepted, answer.words
        assert not answer.dropped
        for connection in catalogue.configuration().connections:
            assert connection.problem is None
            assert answer.pairs(connection.name) == shown_pairs(connection)


def test_both_ends_mirror_each_other(mesh: dict[str, Catalogue]) -> None:
    seen = 0
    for host, catalogue in mesh.items():
        own = host.partition(".")[0]
        for name, connection in connections(catalogue).items():
            peer, family = name.rsplit("_", 1)
            other = connections(mesh[f"{peer}.{DOMAIN}"])[f"{own}_{family}"]
            assert connection.setting("left") == NODES[own][family]
            for key, mirrored in MIRRORED.items():
                assert connection.setting(key) == other.setting(mirrored)
            assert [connection.setting(key) for key in SAME] == [other.setting(key) for key in SAME]
            assert connection.setting("rightid") == f"CN={peer}.{DOMAIN}"
            actions = {connection.setting("dpdaction"), other.setting("dpdaction")}
            assert actions == {"restart", "clear"}
            seen += 1
    assert seen >= 16


def test_who_talks_to_whom() -> None:
    mesh = compiled(DATA, HOSTS)
    edge, main = (connections(mesh[f"{name}.{DOMAIN}"]) for name in ("cp0001", "cp0101"))
    assert sorted(edge) == ["cp0101_v4", "cp0101_v6", "cp0102_v4", "cp0102_v6"]
    assert {one.setting("dpdaction") for one in edge.values()} == {"restart"}
    assert sorted(main) == ["cp0001_v4", "cp0001_v6", "cp0002_v4", "cp0002_v6"]
    assert {one.setting("dpdaction") for one in main.values()} == {"clear"}


def test_pairs_of_sites_decide_instead_of_roles() -> None:
    mesh = compiled(DATA | {"ipsec::mesh::links": [["iad", "iad"]]}, HOSTS)
    names = {host: sorted(connections(one)) for host, one in mesh.items()}
    assert names == {
        "cp0001.example.org": [],
        "cp0002.example.org": [],
        "cp0101.example.org": ["cp0102_v4", "cp0102_v6"],
        "cp0102.example.org": ["cp0101_v4", "cp0101_v6"],
    }


def test_a_second_compile_says_the_same() -> None:
    first, again = compiled(DATA, HOSTS), Puppet().compiled(DATA, HOSTS)
    # items, for their order is that in which a host is changed
    for name, catalogue in first.items():
        assert list(again[name].resources.items()) == list(catalogue.resources.items())


def test_another_order_of_the_list_changes_no_file() -> None:
    reverse = DATA | {"ipsec::mesh::nodes": dict(reversed(NODES.items()))}
    one, other = (compiled(data, HOSTS) for data in (DATA, reverse))
    assert {name: host.files for name, host in one.items()} == {
        name: host.files for name, host in other.items()
    }


def test_a_shunt_drops_what_no_sa_protects() -> None:
    mesh = compiled(DATA | {"ipsec::mesh::drop": True}, HOSTS)
    found = mesh["cp0001.example.org"].configuration().connections
    shunts = {one.name: one for one in found if one.setting("type") == "drop"}
    protected = [one for one in found if one.setting("type") == "transport"]
    assert len(shunts) == len(protected) == 4
    for connection in protected:
        shunt = shunts[f"{connection.name}_drop"]
        assert shunt.setting("auto") == "route"
        assert shunt.setting("leftsubnet") == connection.setting("left")
        assert shunt.setting("rightsubnet") == connection.setting("right")


def test_the_routes_are_those_of_the_peers() -> None:
    files = compiled(DATA, HOSTS)["cp0002.example.org"].files
    peers = [NODES[name][family] for family in ("v4", "v6") for name in ("cp0101", "cp0102")]
    routes = files["/etc/ipsec.d/routes"].splitlines()[1:]
    assert sorted(routes) == sorted(f"{peer} 1450" for peer in peers)


def test_a_host_with_one_family_has_one_connection_a_peer() -> None:
    nodes = {**NODES, "cp0002": {"site": "ams", "role": "edge", "v6": "2001:db8:1::2"}}
    mesh = compiled(DATA | {"ipsec::mesh::nodes": nodes}, HOSTS)
    assert sorted(connections(mesh["cp0002.example.org"])) == ["cp0101_v6", "cp0102_v6"]
    assert "cp0002_v4" not in connections(mesh["cp0101.example.org"])


def test_authorities_lie_one_in_a_file() -> None:
    files = compiled(DATA, HOSTS)["cp0001.example.org"].files
    assert [files[f"/etc/ipsec.d/cacerts/mesh-{number}.pem"] for number in (0, 1)] == AGENT_CA
    assert "/etc/ipsec.d/cacerts/mesh-2.pem" not in files


AGENT_CA = FACTS["ipsec_puppet"]["ca"]

REFUSED = {
    "a-stranger": ({"ipsec::mesh::node": "cp0009"}, "cp0009 is none of the nodes"),
    "no-address": (
        {"ipsec::mesh::nodes": {**NODES, "x": {"site": "ams", "role": "edge"}}},
        "x has no address",
    ),
    "an-address-twice": (
        {
            "ipsec::mesh::nodes": {
                **NODES,
                "x": {"site": "ams", "role": "edge", "v6": "2001:DB8:1::1"},
            }
        },
        "two nodes have 2001:db8:1::1",
    ),
    "an-identity-twice": (
        {
            "ipsec::mesh::nodes": {
                **NODES,
                "x": {"site": "a", "role": "edge", "v4": "10.0.0.1", "id": "CN=cp0001.example.org"},
            }
        },
        "two nodes have cn=cp0001.example.org",
    ),
    "an-unknown-site": (
        {"ipsec::mesh::links": [["ams", "iab"]]},
        "no node is in site iab, which links name",
    ),
    "no-family-in-common": (
        {
            "ipsec::mesh::nodes": {
                **{"cp0001": {"site": "ams", "role": "edge", "v4": "192.0.2.1"}},
                "cp0101": {"site": "iad", "role": "main", "v6": "2001:db8:2::1"},
            }
        },
        "cp0001 and cp0101 have no family in common",
    ),
    "upper-case": (
        {"ipsec::mesh::nodes": {"CP1": {"site": "ams", "role": "edge", "v4": "192.0.2.1"}}},
        "Ipsec::Node_name",
    ),
    "a-role": (
        {"ipsec::mesh::nodes": {"a": {"site": "ams", "role": "core", "v4": "192.0.2.1"}}},
        "'role'",
    ),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_list_that_contradicts_itself(data: dict[str, Any], reason: str) -> None:
    assert reason in refusal(DATA | data, "cp0001.example.org")
