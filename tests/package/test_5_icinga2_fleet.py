"""A running Icinga 2 of 50 nodes in 5 sites: how many notifications a trouble makes.

Each node runs the plugin on captured hosts, one for each site that its connections lead to;
a trouble is another captured host in its place.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator

import pytest

from tests.hosts import HOSTS, ROOT
from tests.package.system import System, wait_for
from tests.package.test_5_icinga2 import answers, request

SITES = ("dc1", "dc2", "dc3", "dc4", "dc5")
NODES = {f"{site}n{number:02}": site for site in SITES for number in range(10)}
FLEET = "/var/lib/fleet"
PAGES = "/var/lib/icinga2/pages"
COMMANDS = "/usr/share/icinga2/include/plugins-contrib.d/ipsec.conf"
HEALTHY, LARGER = "mesh-all-up", "fleet-130-all-up"
ONE_PEER_LOST, ALL_LOST = "one-peer-silent", "kernel-states-flushed"
REFUSED = "permission-refused"
# charon's own plugin is another test's: here a file says what it would
CHARON = f'"/bin/sh", "-c", "[ ! -e {FLEET}/$host.name$/charon-is-off ] || exit 2"'

SITE = """
object ApiUser "tests" { password = "tests", permissions = [ "*" ] }
object User "pager" { }
object NotificationCommand "page" {
    command = [ "/bin/sh", "-c", "printenv PAGE >>%(pages)s" ]
    env.PAGE = "$page$"
}
apply Notification "page" to Host {
    command = "page", users = [ "pager" ]
    vars.page = "$host.name$ $host.state$"
    assign where true
}
apply Notification "page" to Service {
    command = "page", users = [ "pager" ]
    vars.page = "$host.name$!$service.name$ $service.state$ $service.output$"
    assign where true
}
object CheckCommand "is-up" {
    command = [ "/bin/sh", "-c", "[ -e %(fleet)s/$host.name$/up ] || exit 2" ]
}
template Host "node" {
    check_command = "is-up"
    max_check_attempts = 3
    vars.ipsec = true
    vars.ipsec_sites = { %(sites)s }
    vars.captured = "%(fleet)s/$host.name$/$service.name$"
}
"""


def site() -> str:
    """All nodes, and the hosts of their sites."""
    sites = ", ".join(f'{site} = [ "*" ]' for site in SITES)
    text = SITE % {"pages": PAGES, "fleet": FLEET, "sites": sites}
    for name in SITES:
        text += f'object Host "ipsec-{name}" {{ import "ipsec-site", vars.ipsec_site = "{name}", '
        text += "vars.ipsec_per_node = 2 }\n"
    for node, place in NODES.items():
        text += f'object Host "{node}" {{ import "node", vars.ipsec_site = "{place}" }}\n'
    return text


@pytest.fixture(scope="module", autouse=True)
def icinga2(node: System) -> Iterator[None]:
    """Icinga 2 as Debian configures it, with that fleet, after all was checked once."""
    node.apt("install", "--no-install-recommends", "icinga2-bin", "monitoring-plugins-basic")
    node.run("icinga2", "api", "setup")
    node.run("icinga2", "feature", "enable", "ipsec-fleet")
    node.write("/etc/icinga2/conf.d/hosts.conf", site())
    shipped = node.read(COMMANDS)
    node.write(COMMANDS, simulated(shipped))
    for name in (HEALTHY, LARGER, ONE_PEER_LOST, ALL_LOST, REFUSED):
        for path in (ROOT / HOSTS / name).iterdir():
            if path.is_file():
                node.write(f"{FLEET}/captured/{name}/{path.name}", path.read_text())
    for name in NODES:
        node.write(f"{FLEET}/{name}/up", "")
    show(node, HEALTHY, NODES, ["ipsec", *map(towards, SITES)])
    node.run("/usr/lib/icinga2/prepare-dirs", "/etc/default/icinga2")
    daemon = node.start("icinga2", "daemon")
    wait_for(lambda: answers(node), "Icinga's API answers")
    check(node, "Host", "host.vars.ipsec_sites")
    check(node, "Service", "host.vars.ipsec_sites", seconds=300)
    check_sites(node)
    yield
    node.run("pkill", "-KILL", "icinga2")
    daemon.wait(timeout=60)
    node.write(COMMANDS, shipped)
    node.run("icinga2", "feature", "disable", "ipsec-fleet")


def simulated(commands: str) -> str:
    """Icinga's commands with what only a test may have: the name of a captured host."""
    captured = '"--captured" = "$captured$"'
    text = commands.replace("arguments = {", f"arguments = {{\n\t\t{captured}", 1)
    text = text.replace('PluginDir + "/check_ipsec_daemon"', CHARON)
    return re.sub(r'PluginDir \+ "/check_ipsec_\w+"', '"/bin/true"', text)


def towards(site: str) -> str:
    """The service of a node that is about that site."""
    return f"ipsec {site}"


def show(node: System, captured: str, hosts: Iterable[str], services: Iterable[str]) -> None:
    """From now on these services of these nodes see that captured host."""
    links = [f"{FLEET}/{host}/{service}" for host in hosts for service in services]
    commands = "".join(f"ln -sfn '{FLEET}/captured/{captured}' '{link}'\n" for link in links)
    node.run("sh", stdin=commands)


def check(node: System, kind: str, which: str, seconds: float = 60) -> None:
    """Check all objects for which the expression ``which`` is true, once."""
    begin = time.time()
    request(node, "POST", "actions/reschedule-check", type=kind, filter=which, force=True)

    def is_checked() -> bool:
        path = f"objects/{kind.lower()}s"
        found = request(node, "GET", path, filter=which, attrs=["last_check_result"])
        results = [one["attrs"]["last_check_result"] for one in found]
        return all(result and result["execution_start"] >= begin for result in results)

    wait_for(is_checked, f"{which} are checked", seconds)


def check_sites(node: System) -> None:
    """Check what is about sites, until its state is hard."""
    for _ in range(3):
        check(node, "Service", "host.vars.ipsec_is_site")


def pages(node: System) -> list[str]:
    """What was sent since it was last asked."""
    time.sleep(3)
    sent = node.read(PAGES).splitlines() if node.exists(PAGES) else []
    node.write(PAGES, "", 0o666)
    return sent


def of_nodes(hosts: Iterable[str], site: str = "*") -> str:
    """The services of these nodes that are about a site."""
    names = json.dumps(list(hosts))
    return f'host.name in {names} && match("ipsec {site}", service.name)'


def said(node: System, site: str, question: str) -> tuple[int, str]:
    """State and text of a service of a site."""
    attributes = request(node, "GET", f"objects/services/ipsec-{site}!{question}")[0]["attrs"]
    return int(attributes["state"]), attributes["last_check_result"]["output"]


def test_a_healthy_fleet_pages_nobody(node: System) -> None:
    assert pages(node) == []
    seen = "0 of 160 connections from elsewhere down, 0 of 10 nodes off"
    assert said(node, "dc3", "ipsec_site") == (0, f"site dc3: {seen}")
    assert said(node, "dc3", "ipsec_nodes") == (0, "10 nodes of dc3 are judged")


def test_a_dead_site_is_one_page_and_so_is_its_return(node: System) -> None:
    dead = [name for name, site in NODES.items() if site == "dc3"]
    alive = [name for name in NODES if name not in dead]
    show(node, ALL_LOST, alive, [towards("dc3")])
    node.run("rm", *(f"{FLEET}/{name}/up" for name in dead))
    check(node, "Service", of_nodes(alive, "dc3"), seconds=120)
    for _ in range(3):
        check(node, "Host", f"host.name in {json.dumps(dead)}")
        check(node, "Service", "host.vars.ipsec_is_site")
    seen = "160 of 160 connections from elsewhere down, 10 of 10 nodes off"
    assert pages(node) == [f"ipsec-dc3!ipsec_site CRITICAL site dc3 is down: {seen}"]

    show(node, HEALTHY, alive, [towards("dc3")])
    for name in dead:
        node.write(f"{FLEET}/{name}/up", "")
    check(node, "Service", of_nodes(alive, "dc3"), seconds=120)
    check(node, "Host", f"host.name in {json.dumps(dead)}")
    check_sites(node)
    (page,) = pages(node)
    assert page.startswith("ipsec-dc3!ipsec_site OK site dc3: 0 of 160 ")


def test_a_dead_node_is_a_page_of_the_node(node: System) -> None:
    """Those of three sites have lost their two connections to it: they do not page."""
    others = [name for name, site in NODES.items() if site in ("dc1", "dc2", "dc3")]
    others.remove("dc2n05")
    show(node, ONE_PEER_LOST, others, [towards("dc2")])
    node.run("rm", f"{FLEET}/dc2n05/up")
    check(node, "Service", of_nodes(others, "dc2"), seconds=120)
    for _ in range(3):
        check(node, "Service", "host.vars.ipsec_is_site")
        check(node, "Host", 'host.name == "dc2n05"')
    assert pages(node) == ["dc2n05 DOWN"]
    # a connection more than that is more than that
    show(node, ALL_LOST, ["dc1n01"], [towards("dc2")])
    check(node, "Service", of_nodes(["dc1n01"], "dc2"))
    check_sites(node)
    text = "connections towards dc2 down: dc1n01 (4 of 4)"
    assert pages(node) == [f"ipsec-dc2!ipsec_connections CRITICAL {text}"]

    show(node, HEALTHY, others, [towards("dc2")])
    node.write(f"{FLEET}/dc2n05/up", "")
    check(node, "Host", 'host.name == "dc2n05"')
    check(node, "Service", of_nodes(others, "dc2"), seconds=120)
    check_sites(node)
    assert [page.split(" ")[:2] for page in pages(node)] == [
        ["dc2n05", "UP"],
        ["ipsec-dc2!ipsec_connections", "OK"],
    ]


@pytest.mark.parametrize(
    ("captured", "services", "page"),
    [
        (ONE_PEER_LOST, ["dc4"], "ipsec_cleartext CRITICAL traffic towards dc4 leaves in clear "
         "text: dc1n07 (2)"),
        (ALL_LOST, ["dc4"], "ipsec_connections CRITICAL connections towards dc4 down: "
         "dc1n07 (4 of 4)"),
        (ALL_LOST, SITES, "ipsec_nodes CRITICAL site dc1: no connection up on dc1n07"),
        (REFUSED, SITES, "ipsec_nodes WARNING site dc1: nothing known of dc1n07"),
    ],
    ids=["clear-text", "connection", "node", "reading"],
)  # fmt: skip
def test_a_small_thing_is_one_page_and_so_is_its_end(
    node: System, captured: str, services: list[str], page: str
) -> None:
    site = "dc1" if services == SITES else "dc4"
    show(node, captured, ["dc1n07"], map(towards, services))
    check(node, "Service", of_nodes(["dc1n07"]))
    check_sites(node)
    assert pages(node) == [f"ipsec-{site}!{page}"]
    show(node, HEALTHY, ["dc1n07"], map(towards, services))
    check(node, "Service", of_nodes(["dc1n07"]))
    check_sites(node)
    (end,) = pages(node)
    assert end.startswith(f"ipsec-{site}!{page.split()[0]} OK ")


def test_a_charon_that_is_off_is_its_own_page(node: System) -> None:
    node.write(f"{FLEET}/dc1n07/charon-is-off", "")
    show(node, ALL_LOST, ["dc1n07"], map(towards, SITES))
    for _ in range(3):
        check(node, "Service", of_nodes(["dc1n07"]))
        check(node, "Service", 'host.name == "dc1n07" && service.name == "ipsec_daemon"')
    check_sites(node)
    (page,) = pages(node)
    assert page.startswith("dc1n07!ipsec_daemon CRITICAL")
    node.run("rm", f"{FLEET}/dc1n07/charon-is-off")


def test_a_standby_pages_nobody_until_it_takes_over(node: System) -> None:
    request(node, "POST", "objects/hosts/dc1n07", attrs={"vars.ipsec_standby": True})
    check(node, "Service", 'host.name == "dc1n07" && service.name == "ipsec_daemon"')
    check_sites(node)
    assert [page.split(" ")[:2] for page in pages(node)] == [["dc1n07!ipsec_daemon", "OK"]]
    request(node, "POST", "objects/hosts/dc1n07", attrs={"vars.ipsec_standby": False})
    check_sites(node)
    text = "site dc1: no connection up on dc1n07"
    assert pages(node) == [f"ipsec-dc1!ipsec_nodes CRITICAL {text}"]


def test_connections_that_belong_to_no_site_are_told(node: System) -> None:
    show(node, HEALTHY, ["dc1n07"], map(towards, SITES))
    show(node, LARGER, ["dc1n07"], ["ipsec"])
    check(node, "Service", of_nodes(["dc1n07"]))
    check(node, "Service", 'host.name == "dc1n07" && service.name == "ipsec"')
    check_sites(node)
    (page,) = pages(node)
    text = "connections in no site of dc1n07 (110)"
    assert page == f"ipsec-dc1!ipsec_nodes WARNING site dc1: {text}"


def test_without_the_feature_the_nodes_notify(node: System) -> None:
    """A variable alone silences nobody."""
    assert not notifies(node, "dc1n01!ipsec")
    node.run("icinga2", "feature", "disable", "ipsec-fleet")
    hosts = site().replace('import "ipsec-site"', 'check_command = "dummy"')
    node.write("/etc/icinga2/conf.d/hosts.conf", hosts)
    assert notifies(node, "dc1n01!ipsec")
    node.run("icinga2", "feature", "enable", "ipsec-fleet")
    node.write("/etc/icinga2/conf.d/hosts.conf", site())


def notifies(node: System, service: str) -> bool:
    """Whether a service does, as Icinga would be configured now."""
    node.run("icinga2", "daemon", "-C")
    said = node.run("icinga2", "object", "list", "--type", "Service", "--name", service).stdout
    return "* enable_notifications = true" in said


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('Host "ipsec-dc4"', 'Host "ipsec-dc6"', "'ipsec-dc4' of type 'Host' does not exist"),
        ('"node", vars.ipsec_site = "dc4"', '"node"', "'ipsec-' of type 'Host' does not exist"),
    ],
    ids=["site", "node"],
)
def test_what_is_forgotten_is_no_valid_configuration(
    node: System, right: str, wrong: str, said: str
) -> None:
    path = "/etc/icinga2/conf.d/hosts.conf"
    node.write(path, site().replace(right, wrong))
    done = node.run("icinga2", "daemon", "-C", check=False)
    node.write(path, site())
    assert done.returncode != 0
    assert said in done.stdout
