"""A running Icinga 2 executes the check by the shipped definitions; its API says what came."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pack import icinga
from pack.runbook import ADDRESS
from tests.hosts import expected
from tests.package.replay import replay
from tests.package.system import System, wait_for

REQUEST = """
import base64, json, ssl, sys, urllib.request
method, path, body = json.load(sys.stdin)
asked = urllib.request.Request("https://127.0.0.1:5665/v1/" + path, json.dumps(body).encode())
asked.method = "POST"
asked.add_header("X-HTTP-Method-Override", method)
asked.add_header("Accept", "application/json")
asked.add_header("Authorization", "Basic " + base64.b64encode(b"tests:tests").decode())
answer = urllib.request.urlopen(asked, context=ssl._create_unverified_context())
sys.stdout.write(answer.read().decode())
"""
SITE = """
object ApiUser "tests" { password = "tests", permissions = [ "*" ] }
object NotificationCommand "notes" {
    command = [ "/bin/sh", "-c", "printenv NOTES >>/var/lib/icinga2/notes" ]
    env.NOTES = "$ipsec_notes_url$"
}
object User "pager" { }
apply Notification "notes" to Service {
    command = "notes"
    users = [ "pager" ]
    assign where host.name == "lenient"
}
template Host "ipsec-host" {
    check_command = "dummy"
    address = "127.0.0.1"
    vars.ipsec = true
}
object Host "plain" { import "ipsec-host" }
object Host "asked-by-nrpe" { import "ipsec-host", vars.ipsec = "nrpe" }
object Host "without" { import "ipsec-host", vars.ipsec = false }
object Host "lenient" {
    import "ipsec-host"
    vars.ipsec_warning = "0"
    vars.ipsec_critical = "10%"
    vars.ipsec_exclude = [ "a*", "b*" ]
    vars.ipsec_no_kernel = true
    vars.ipsec_verbose = 1
    vars.ipsec_runbook = "https://runbook.example/ipsec"
}
object Host "smuggler" {
    import "ipsec-host"
    vars.ipsec_include = [ "--capture=/tmp/smuggled", "x" ]
}
"""
HOSTS = ("plain", "asked-by-nrpe", "lenient", "smuggler")


@pytest.fixture(scope="module", autouse=True)
def icinga2(node: System) -> Iterator[None]:
    """Icinga 2 as Debian configures it, with five hosts, and nrpe for one of them."""
    node.apt("install", "--no-install-recommends", "icinga2-bin", "nagios-nrpe-server",
             "nagios-nrpe-plugin", "monitoring-plugins-basic")  # fmt: skip
    node.run("icinga2", "api", "setup")
    node.write("/etc/icinga2/conf.d/hosts.conf", SITE)
    node.run("install", "-d", "-o", "nagios", "/run/nagios")
    nrpe = node.start("/usr/sbin/nrpe", "-c", "/etc/nagios/nrpe.cfg", "-f")
    node.run("/usr/lib/icinga2/prepare-dirs", "/etc/default/icinga2")
    daemon = node.start("icinga2", "daemon")
    wait_for(lambda: answers(node), "Icinga's API answers")
    yield
    node.run("pkill", "-KILL", "icinga2")
    node.run("pkill", "-KILL", "-x", "nrpe")
    daemon.wait(timeout=60)
    nrpe.wait(timeout=60)


def answers(node: System) -> bool:
    """Whether the API is there."""
    hosts = json.dumps(["GET", "objects/hosts", {}])
    return not node.run("/usr/bin/python3", "-c", REQUEST, check=False, stdin=hosts).returncode


def request(node: System, method: str, path: str, **body: object) -> list[dict[str, Any]]:
    """What the API answers."""
    said = node.run("/usr/bin/python3", "-c", REQUEST, stdin=json.dumps([method, path, body]))
    return list(json.loads(said.stdout)["results"])


def checked(node: System, host: str) -> dict[str, Any]:
    """The service of a host, after a check that begins from now on."""
    begin = time.time()
    which = {"type": "Service", "filter": f'service.__name=="{host}!ipsec"'}
    request(node, "POST", "actions/reschedule-check", force=True, **which)

    def service() -> dict[str, Any]:
        return dict(request(node, "GET", f"objects/services/{host}!ipsec")[0]["attrs"])

    def is_checked() -> bool:
        result = service()["last_check_result"]
        return bool(result) and result["execution_start"] >= begin

    wait_for(is_checked, f"the service of {host} is checked")
    return service()


def test_the_configuration_is_valid(node: System) -> None:
    said = node.run("icinga2", "daemon", "-C").stdout
    assert "Finished validating the configuration file(s)." in said
    complaints = [line for line in said.splitlines() if re.search("warning|critical", line)]
    assert [line for line in complaints if "ipsec" in line] == []


def test_the_rule_applies_to_hosts_with_the_variable(node: System) -> None:
    services = request(node, "GET", "objects/services")
    hosts = [one["attrs"]["host_name"] for one in services if one["attrs"]["name"] == "ipsec"]
    assert sorted(hosts) == sorted(HOSTS)


def test_the_daemon_knows_the_arguments_of_the_basket(node: System) -> None:
    held = json.loads(icinga.basket())["Command"]
    for name, command in held.items():
        known = request(node, "GET", f"objects/checkcommands/{name}")[0]["attrs"]["arguments"]
        assert known.keys() == command["arguments"].keys()
        for key, argument in command["arguments"].items():
            assert known[key]["description"] == argument["description"]
            assert known[key].get("value") == argument.get("value")
            assert known[key].get("repeat_key", False) == argument.get("repeat_key", False)


@pytest.mark.parametrize("via", ["plain", "asked-by-nrpe"])
@pytest.mark.parametrize("host", ["mesh-all-up", "one-peer-silent", "kernel-states-flushed"])
def test_state_output_and_perfdata_arrive(node: System, host: str, via: str) -> None:
    wanted = expected(replay(node, host), "text")
    output, _, perfdata = wanted.text.rstrip("\n").partition(" | ")
    service = checked(node, via)
    result = service["last_check_result"]
    assert result["output"].strip() == output
    assert " ".join(result["performance_data"]) == perfdata
    assert (result["state"], service["state"]) == (wanted.exit, wanted.exit)


def test_custom_variables_become_options(node: System) -> None:
    replay(node, "mesh-all-up")
    result = checked(node, "lenient")["last_check_result"]
    command, *options = result["command"]
    assert command == "/usr/lib/nagios/plugins/check_ipsec"
    wanted = "--warning 0 --critical 10% --exclude a* --exclude b* --no-kernel -v"
    assert sorted(options) == sorted(wanted.split())
    assert "kernel not asked" in result["output"]


def test_a_variable_cannot_smuggle_an_option(node: System) -> None:
    replay(node, "mesh-all-up")
    service = checked(node, "smuggler")
    assert service["state"] == 3
    assert "expected one argument" in service["last_check_result"]["output"]
    assert not node.exists("/tmp/smuggled")


def test_a_notification_links_the_runbook_by_state(node: System) -> None:
    replay(node, "kernel-states-flushed")
    runbook = "https://runbook.example/ipsec#status"
    notes = "/var/lib/icinga2/notes"

    def is_told(state: int) -> bool:
        checked(node, "lenient")
        return node.exists(notes) and node.read(notes).endswith(f"{runbook}-{state}\n")

    node.write("/etc/ipsec.conf", "broken\n")
    wait_for(lambda: is_told(3), "a notification of UNKNOWN")
    replay(node, "mesh-all-up")
    wait_for(lambda: is_told(0), "a notification of OK")


def test_the_web_interface_gets_a_link_by_state(node: System) -> None:
    service = request(node, "GET", "objects/services/plain!ipsec")[0]["attrs"]
    assert service["notes_url"] == f"{ADDRESS}#status-$service.state.soft_state$"
    assert service["vars"]["ipsec_notes_url"] == f"{ADDRESS}#status-$service.state_id$"


def test_a_site_has_its_own_link(node: System) -> None:
    service = request(node, "GET", "objects/services/lenient!ipsec")[0]["attrs"]
    wanted = "https://runbook.example/ipsec#status-$service.state.soft_state$"
    assert service["notes_url"] == wanted
