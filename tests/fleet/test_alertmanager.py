"""Real Prometheus, real Alertmanager with the example's configuration: who is paged, how often."""

import subprocess
from pathlib import Path

import pytest

from tests.fleet.engines import ALERTMANAGER, engines
from tests.fleet.synthetic import Fleet

MINUTE = 10


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(15)


def test_amtool_accepts_the_example() -> None:
    subprocess.run(["amtool", "check-config", ALERTMANAGER], check=True, capture_output=True)


def test_a_dead_site_is_one_notification(fleet: Fleet, tmp_path: Path) -> None:
    for node in fleet.nodes:
        if node.site == "dc3":
            fleet.gone(node, 1)
    with engines(fleet, MINUTE, tmp_path) as both:
        paged = both.settle(IpsecSiteDown=1, IpsecNodeDown=40, IpsecConnectionDown=160,
                            IpsecClearText=160, IpsecReadingMissing=40)  # fmt: skip
        assert paged == [("/pager", "IpsecSiteDown", 1)]
        assert both.amtool("alert", "query").count("Ipsec") == 1
        assert both.amtool("alert", "query", "--inhibited").count("Ipsec") == 400


def test_a_site_that_is_cut_off_and_still_read_is_one(fleet: Fleet, tmp_path: Path) -> None:
    for connection in fleet.where(lambda one: (one.peer.site == "dc3") != (one.node.site == "dc3")):
        fleet.state(connection, 1)
    with engines(fleet, MINUTE, tmp_path) as both:
        paged = both.settle(IpsecSiteDown=1, IpsecNodeDown=40, IpsecConnectionDown=320,
                            IpsecClearText=320)  # fmt: skip
        assert paged == [("/pager", "IpsecSiteDown", 1)]


def test_a_dead_node_is_one_and_its_silence_is_none(fleet: Fleet, tmp_path: Path) -> None:
    fleet.gone(fleet.by_name["dc2n05"], 1)
    all_of_it = {"IpsecNodeDown": 1, "IpsecConnectionDown": 6, "IpsecClearText": 6,
                 "IpsecReadingMissing": 1}  # fmt: skip
    for folder in ("paged", "silenced"):
        (tmp_path / folder).mkdir()
    with engines(fleet, MINUTE, tmp_path / "paged") as both:
        assert both.settle(**all_of_it) == [("/pager", "IpsecNodeDown", 1)]
    with engines(fleet, MINUTE, tmp_path / "silenced", "node=dc2n05") as both:
        assert both.settle(**all_of_it) == []


def test_small_things_are_one_of_each_kind(fleet: Fleet, tmp_path: Path) -> None:
    """Half of what leads to a site, without clear text, two leaks, a node whose reading fails."""
    for connection in fleet.where(lambda one: one.peer.site == "dc3" and one.node.site in
                                  ("dc1", "dc2")):  # fmt: skip
        fleet.state(connection, 1, clear=False)
    for connection in fleet.where(lambda one: one.peer.site == "dc5")[:2]:
        fleet.state(connection, 1)
        fleet.child_sas[connection] = [1.0] * fleet.minutes
    fleet.read[fleet.by_name["dc3n30"]][1:] = [False] * (fleet.minutes - 1)
    with engines(fleet, MINUTE, tmp_path) as both:
        paged = both.settle(IpsecConnectionDown=82, IpsecClearText=2, IpsecReadingMissing=1)
        assert sorted(paged) == [("/pager", "IpsecClearText", 2),
                                 ("/pager", "IpsecConnectionDown", 80),
                                 ("/pager", "IpsecReadingMissing", 1)]  # fmt: skip


def test_a_leak_towards_a_dead_site_is_a_page_of_its_own(fleet: Fleet, tmp_path: Path) -> None:
    """Its SA is up: no outage explains it."""
    for node in fleet.nodes:
        if node.site == "dc3":
            fleet.gone(node, 1)
    leaking = fleet.where(lambda one: one.peer.site == "dc3" and one.node.site == "dc1")[0]
    fleet.child_sas[leaking] = [1.0] * fleet.minutes
    with engines(fleet, MINUTE, tmp_path) as both:
        paged = both.settle(IpsecSiteDown=1, IpsecNodeDown=40, IpsecConnectionDown=160,
                            IpsecClearText=160, IpsecReadingMissing=40)  # fmt: skip
        assert sorted(paged) == [("/pager", "IpsecClearText", 1), ("/pager", "IpsecSiteDown", 1)]
