"""A running Nagios 4 executes the check by the shipped definitions."""

import re
import time
from collections.abc import Iterator

import pytest

from pack.runbook import ADDRESS
from tests.hosts import expected
from tests.package.replay import replay
from tests.package.system import System, wait_for

CONFIGURATION = "/etc/nagios4/nagios.cfg"
STATUS = "/var/lib/nagios4/status.dat"
NOTES = "/var/lib/nagios4/notes"
SITE = f"""
define host {{
    use        generic-host
    host_name  node
    address    127.0.0.1
    max_check_attempts  1
    contacts   nobody
}}
define hostgroup {{
    hostgroup_name  ipsec-nodes
    members         node
}}
define contact {{
    contact_name  nobody
    host_notifications_enabled     0
    service_notifications_enabled  0
    host_notification_commands     tell
    service_notification_commands  tell
    host_notification_period       24x7
    service_notification_period    24x7
}}
define command {{
    command_name  tell
    command_line  echo '$SERVICENOTESURL$' >>{NOTES}
}}
define service {{
    use             ipsec-by-nrpe,generic-service
    hostgroup_name  ipsec-nodes
    contacts        nobody
    event_handler   tell
}}
define service {{
    use                  ipsec,generic-service
    service_description  plain
    host_name            node
    contacts             nobody
}}
define service {{
    use                  ipsec,generic-service
    service_description  lenient
    check_command        check_ipsec!0!90%!--cleartext warning
    host_name            node
    contacts             nobody
}}
"""


@pytest.fixture(scope="module", autouse=True)
def nagios4(node: System) -> Iterator[None]:
    """Nagios as Debian configures it, with three services, and nrpe for one of them."""
    node.apt("install", "--no-install-recommends", "nagios4-core", "nagios4-common", "nagios4-cgi",
             "nagios-nrpe-server", "nagios-nrpe-plugin", "monitoring-plugins-basic")  # fmt: skip
    node.write("/etc/nagios4/conf.d/site.cfg", SITE)
    slow = "status_update_interval=10\n"
    assert slow in node.read(CONFIGURATION)
    node.write(CONFIGURATION, node.read(CONFIGURATION).replace(slow, "status_update_interval=1\n"))
    node.run("install", "-d", "-o", "nagios", "/run/nagios", "/run/nagios4")
    nrpe = node.start("/usr/sbin/nrpe", "-c", "/etc/nagios/nrpe.cfg", "-f")
    daemon = node.start("nagios4", CONFIGURATION)
    wait_for(lambda: node.exists("/var/lib/nagios4/rw/nagios.cmd"), "Nagios takes commands")
    wait_for(lambda: node.exists(STATUS), "Nagios tells its status")
    yield
    node.run("pkill", "-KILL", "nagios4")
    node.run("pkill", "-KILL", "-x", "nrpe")
    daemon.wait(timeout=60)
    nrpe.wait(timeout=60)


def service(node: System, name: str) -> dict[str, str]:
    """A service as status.dat has it."""
    blocks = re.findall(r"(?ms)^servicestatus \{\n(.*?)^\t\}", node.read(STATUS))
    found = [dict(re.findall(r"(?m)^\t(\w+)=(.*)$", block)) for block in blocks]
    return next(one for one in found if one["service_description"] == name)


def checked(node: System, name: str) -> dict[str, str]:
    """A service after a check from now on."""
    time.sleep(1 - time.time() % 1)
    begin = int(time.time())
    command = f"[{begin}] SCHEDULE_FORCED_SVC_CHECK;node;{name};{begin}\n"
    node.run("tee", "/var/lib/nagios4/rw/nagios.cmd", stdin=command)
    wait_for(lambda: int(service(node, name)["last_check"]) >= begin, f"{name} is checked")
    return service(node, name)


def test_the_configuration_is_valid(node: System) -> None:
    said = node.run("nagios4", "-v", CONFIGURATION).stdout
    assert re.search(r"(?m)^Total Errors: +0$", said)
    assert "ipsec" not in "".join(line for line in said.splitlines() if "Warning:" in line)


@pytest.mark.parametrize("name", ["ipsec", "plain"])
@pytest.mark.parametrize("host", ["mesh-all-up", "peer-changed", "kernel-states-flushed"])
def test_state_output_and_perfdata_arrive(node: System, host: str, name: str) -> None:
    wanted = expected(replay(node, host), "text")
    output, _, perfdata = wanted.text.rstrip("\n").partition(" | ")
    found = checked(node, name)
    assert found["plugin_output"] == output
    assert found["performance_data"] == perfdata
    assert found["current_state"] == str(wanted.exit)


def test_thresholds_and_options_are_arguments_of_the_command(node: System) -> None:
    replay(node, "fleet-130-three-down")
    found = checked(node, "lenient")
    assert found["current_state"] == "1"
    assert "not_established=3;0;117;0;130" in found["performance_data"]


def test_an_event_handler_gets_the_runbook_by_state(node: System) -> None:
    told = node.read(NOTES).split()
    assert {f"{ADDRESS}#status-1", f"{ADDRESS}#status-2"} <= set(told)


def test_the_web_interface_links_the_runbook(node: System) -> None:
    asked = ("QUERY_STRING=type=2&host=node&service=plain", "REQUEST_METHOD=GET",
             "REMOTE_USER=nagiosadmin")  # fmt: skip
    shown = node.run("env", *asked, "/usr/lib/cgi-bin/nagios4/extinfo.cgi").stdout
    # it knows no state in a link: the page opens at its beginning
    assert f"<A HREF='{ADDRESS}#status-$SERVICESTATEID$'" in shown
