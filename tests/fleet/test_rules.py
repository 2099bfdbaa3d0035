"""The alert rules over 200 nodes in 5 sites: what each trouble makes, and what makes none."""

import subprocess
from pathlib import Path

import pytest

from tests.fleet.promtool import RULES, Expected
from tests.fleet.synthetic import DAY, Connection, Fleet, Labels


@pytest.fixture
def expected() -> Expected:
    return Expected()


def between(fleet: Fleet, node: str, site: str) -> Connection:
    """A connection of that node to that site."""
    return fleet.where(lambda one: one.node.name == node and one.peer.site == site)[0]


def down(connection: Connection) -> Labels:
    name, site = connection.labels["connection"], connection.peer.site
    node = connection.node.name
    return {"alertname": "IpsecConnectionDown", "node": node, "connection": name, "site": site}


def node_down(name: str) -> Labels:
    return {"alertname": "IpsecNodeDown", "node": name, "site": name[:3]}


def clear(connection: Connection, sa: str) -> Labels:
    return {**down(connection), "alertname": "IpsecClearText", "sa": sa}


def missing(node: str) -> Labels:
    return {"alertname": "IpsecReadingMissing", "node": node}


def test_promtool_accepts_them() -> None:
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)


# --- what makes an alert ------------------------------------------------------------


def test_one_connection_one_certificate_one_reading(expected: Expected, tmp_path: Path) -> None:
    """Each of the small things, each alone on its node, and its end."""
    fleet = Fleet()
    lost = between(fleet, "dc1n07", "dc4")
    fleet.state(lost, 10, 36, clear=False)
    leaking = between(fleet, "dc2n01", "dc3")
    fleet.state(leaking, 30, 35)
    fleet.child_sas[leaking] = [1.0] * fleet.minutes
    silent, failing = fleet.by_name["dc3n20"], fleet.by_name["dc4n30"]
    fleet.scraped[silent][10:36] = fleet.read[failing][10:36] = [False] * 26
    fleet.certificate[fleet.by_name["dc5n39"]] = 7 * DAY + 20 * 60
    subject = "CN=dc5n39"

    leaks = clear(leaking, "up")
    others = (missing("dc3n20"), missing("dc4n30"), down(lost))
    expected.firing(19)
    expected.firing(31, *others)
    expected.firing(34, leaks, *others)
    certificate = {"alertname": "IpsecCertificateDay", "certificate": subject}
    expected.firing(48, certificate)
    node = {"severity": "page"}
    expected.words(34, "IpsecConnectionDown", lost.labels | node | {"node": "dc1n07"},
                   summary=f"dc1n07: connection to-{lost.peer.name} is down",
                   description="100% of the last ten minutes. On the node: "
                   f"check_ipsec -v -i 'to-{lost.peer.name}'")  # fmt: skip
    expected.words(34, "IpsecClearText",
                   leaking.labels | node | {"node": "dc2n01", "sa": "up"},
                   summary=f"dc2n01: traffic of to-{leaking.peer.name} leaves in clear text",
                   description="Its SA is up, and the traffic passes beside it. On the node: "
                   f"check_ipsec -v -i 'to-{leaking.peer.name}'")  # fmt: skip
    expected.words(48, "IpsecCertificateDay",
                   node | {"certificate": subject, "kind": "end entity"},
                   summary="end entity certificate CN=dc5n39 ends in 6d 23h 32m 0s")  # fmt: skip
    expected.hold(fleet, tmp_path)


def test_one_dead_node(expected: Expected, tmp_path: Path) -> None:
    """It is off: six others have a connection to it, and it is not read any more."""
    fleet = Fleet()
    fleet.gone(fleet.by_name["dc2n05"], 10, 30)
    expected.firing(13)
    node = node_down("dc2n05")
    towards = fleet.where(lambda one: one.peer.name == "dc2n05")
    cleartext = [clear(one, "down") for one in towards]
    expected.firing(16, node)
    expected.firing(25, node, *cleartext, missing("dc2n05"), *map(down, towards))
    labels = {"node": "dc2n05", "peer": "dc2n05", "site": "dc2", "node_site": "dc2"}
    expected.words(25, "IpsecNodeDown", labels | {"severity": "page"},
                   summary="node dc2n05 of site dc2: its connections are down",
                   description="Seen by itself: nothing down, traffic of 0 leaves in clear text; "
                   "seen by others: 6 down, traffic of 6 leaves in clear text.")  # fmt: skip
    # what is up again is silenced until the last of it is known to be
    expected.firing(31, node, *map(down, towards))
    expected.firing(48)
    expected.hold(fleet, tmp_path)


def test_one_node_by_its_own_word(expected: Expected, tmp_path: Path) -> None:
    """No connection of one is up, of another one's charon is gone; one has only its peers lost."""
    fleet = Fleet(30)
    for connection in fleet.where(lambda one: one.node.name in ("dc1n10", "dc3n10")):
        fleet.state(connection, 10)
    fleet.charon[fleet.by_name["dc3n10"]][10:] = [0.0] * 20
    for site in ("dc1", "dc2", "dc3"):
        fleet.state(between(fleet, "dc5n20", site), 10)
    expected.firing(14, node_down("dc1n10"), node_down("dc3n10"))
    expected.counts(25, IpsecNodeDown=2, IpsecConnectionDown=15, IpsecClearText=15)
    expected.hold(fleet, tmp_path)


def test_one_dead_site(expected: Expected, tmp_path: Path) -> None:
    """Its nodes are off, all others notice: the alert of the site is there before any other."""
    fleet = Fleet()
    for node in fleet.nodes:
        if node.site == "dc3":
            fleet.gone(node, 10, 30)
    site = {"alertname": "IpsecSiteDown", "site": "dc3"}
    expected.firing(13)
    expected.firing(15, site)
    expected.counts(25, IpsecSiteDown=1, IpsecNodeDown=40, IpsecConnectionDown=160,
                    IpsecClearText=160, IpsecReadingMissing=40)  # fmt: skip
    expected.words(25, "IpsecSiteDown", {"site": "dc3", "node_site": "dc3", "severity": "page"},
                   summary="site dc3: 100% of the connections towards it are down",
                   description="160 connections from other sites are down, traffic of 160 "
                   "leaves in clear text. Its uplink, its firewall, or charon on all of its "
                   "nodes.")  # fmt: skip
    expected.counts(31, IpsecSiteDown=1, IpsecNodeDown=40, IpsecConnectionDown=160)
    expected.counts(42, IpsecSiteDown=1)
    expected.firing(46)
    expected.hold(fleet, tmp_path)


def test_one_site_that_is_cut_off_and_still_read(expected: Expected, tmp_path: Path) -> None:
    """All between it and the others is down, all within it up: no other site is blamed."""
    fleet = Fleet(30)
    for connection in fleet.where(lambda one: (one.peer.site == "dc3") != (one.node.site == "dc3")):
        fleet.state(connection, 10, clear=False)
    expected.firing(12, {"alertname": "IpsecSiteDown", "site": "dc3"})
    expected.counts(25, IpsecSiteDown=1, IpsecNodeDown=40, IpsecConnectionDown=320)
    expected.hold(fleet, tmp_path)


def test_less_than_most_of_a_site_are_connections(expected: Expected, tmp_path: Path) -> None:
    """A filter between two pairs of sites."""
    fleet = Fleet(30)
    for connection in fleet.where(lambda one: one.peer.site == "dc3" and one.node.site in
                                  ("dc1", "dc2")):  # fmt: skip
        fleet.state(connection, 10, clear=False)
    expected.counts(25, IpsecConnectionDown=80)
    expected.hold(fleet, tmp_path)


def test_nothing_is_read_anywhere(expected: Expected, tmp_path: Path) -> None:
    """Not one node is left in Prometheus' configuration."""
    fleet = Fleet(30)
    for node in fleet.nodes:
        fleet.gone_from_prometheus(node, 5)
    expected.firing(14)
    expected.firing(20, {"alertname": "IpsecReadingMissing"})
    expected.words(20, "IpsecReadingMissing", {"severity": "page"},
                   summary="all nodes: nothing is known of IPsec",
                   description="ipsec-metrics fails there, does not run, its clock is wrong, or "
                   "the node is not scraped.")  # fmt: skip
    expected.hold(fleet, tmp_path)


def test_the_standby_that_took_over_is_judged(expected: Expected, tmp_path: Path) -> None:
    """Its marker says 0 now."""
    fleet = Fleet(30)
    node = fleet.by_name["dc1n00"]
    fleet.standby[node] = [1.0] * 10 + [0.0] * 20
    for connection in fleet.where(lambda one: one.node == node):
        fleet.state(connection, 0)
    expected.firing(9)
    expected.counts(14, IpsecNodeDown=1)
    expected.hold(fleet, tmp_path)


def test_what_stays_unproven_or_unlike_the_file_is_a_ticket(
    expected: Expected, tmp_path: Path
) -> None:
    fleet = Fleet(100)
    unverified = between(fleet, "dc1n07", "dc4")
    fleet.state(unverified, 10, None, "unverified", clear=False)
    fleet.stale = {between(fleet, "dc1n08", "dc4"): [0.0] * 10 + [1.0] * 90}
    expected.firing(84)
    wanted = [{**down(one), "alertname": "IpsecConnectionUnproven"}
              for one in (unverified, *fleet.stale)]  # fmt: skip
    expected.firing(90, *wanted)
    expected.hold(fleet, tmp_path)


# --- what makes none ----------------------------------------------------------------


def test_what_is_no_outage(expected: Expected, tmp_path: Path) -> None:
    """All at once, each on nodes of its own; not one alert at any minute."""
    fleet = Fleet()
    # all of two sites is renewed, break before make, in the same minute, and again
    for connection in fleet.where(lambda one: one.node.site in ("dc1", "dc2")):
        for minute in (10, 20, 30):
            fleet.state(connection, minute, minute + 1, "connecting")
    # a node boots anew
    fleet.gone(fleet.by_name["dc3n01"], 10, 14)
    # one connection comes and goes
    for minute in range(5, 50, 4):
        fleet.state(between(fleet, "dc4n05", "dc5"), minute, minute + 2)
    # the passive node of a pair: charon is not even started
    passive = fleet.by_name["dc5n30"]
    fleet.standby[passive] = [1.0] * fleet.minutes
    fleet.charon[passive] = [0.0] * fleet.minutes
    for connection in fleet.where(lambda one: one.node == passive):
        fleet.state(connection, 0)
    # a node was given up, with its peers' connections to it
    for connection in fleet.where(lambda one: one.peer.name == "dc4n20"):
        fleet.state(connection, 10, None, "ignored", clear=False)
    fleet.gone_from_prometheus(fleet.by_name["dc4n20"], 10)
    # an idle trap, clients, a shunt
    quiet = fleet.where(lambda one: one.node.name == "dc3n33")
    for connection, state in zip(quiet, ("on_demand", "clients", "shunt", "loaded"), strict=False):
        fleet.state(connection, 0, None, state, clear=False)
    for minute in range(1, fleet.minutes):
        expected.firing(minute)
    expected.hold(fleet, tmp_path)


def test_a_node_in_maintenance_makes_only_what_a_silence_of_it_holds(
    expected: Expected, tmp_path: Path
) -> None:
    """All that fires for it has its name as ``node`` or as ``peer``."""
    fleet = Fleet(40)
    fleet.gone(fleet.by_name["dc3n01"], 10)
    expected.counts(35, IpsecNodeDown=1, IpsecConnectionDown=6, IpsecClearText=6,
                    IpsecReadingMissing=1)  # fmt: skip
    of_others = 'ALERTS{alertstate="firing",node!="dc3n01",peer!="dc3n01"}'
    expected.nothing(35, of_others)
    expected.hold(fleet, tmp_path)
