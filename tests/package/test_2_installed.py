"""The package on a fresh Debian 12, from its installation to its end."""

import re
from pathlib import Path

import pytest

from pack.commands import COMMANDS, Command
from tests.hosts import ROOT
from tests.package.building import newer
from tests.package.system import System

SUDOERS = "/etc/sudoers.d/monitoring-plugins-ipsec"
NAME = "monitoring-plugins-ipsec"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_command_runs_where_it_belongs(node: System, command: Command) -> None:
    said = node.run(f"{command.folder}/{command.name}", "--version")
    assert said.stdout.startswith(f"{command.name} ")


def test_a_person_can_type_the_name_of_a_plugin(node: System) -> None:
    for command in COMMANDS:
        found = node.run("sh", "-c", f"readlink -f $(command -v {command.name})")
        assert found.stdout == f"{command.folder}/{command.name}\n"


def test_recommended_packages_come_along(node: System) -> None:
    installed = node.run("dpkg-query", "-W", "-f=${Package}\n").stdout.split()
    assert {"strongswan-starter", "sudo", "iproute2", "python3-cryptography"} <= set(installed)


def test_the_dashboards_are_where_grafana_is_told_to_look(node: System) -> None:
    folder = f"/usr/share/{NAME}/dashboards"
    shipped = {path.name for path in (ROOT / "dashboards").iterdir()}
    assert set(node.run("ls", folder).stdout.split()) == shipped
    assert f"path: {folder}\n" in node.read(f"{folder}/grafana-provisioning.yml")


def conffiles(node: System) -> list[str]:
    return re.findall(
        r"(?m)^ (/etc/\S+)", node.run("dpkg-query", "-W", "-f=${Conffiles}", NAME).stdout
    )


def test_everything_below_etc_is_a_conffile(node: System) -> None:
    paths = node.run("dpkg", "-L", NAME).stdout.split()
    below = [path for path in paths if path.startswith("/etc/")]
    shipped = [path for path in below if (node.root / path.lstrip("/")).is_file()]
    assert sorted(shipped) == sorted(conffiles(node))
    assert SUDOERS in shipped


def test_the_rules_have_the_mode_that_sudo_wants(node: System) -> None:
    assert node.run("stat", "-c", "%a %U %G", SUDOERS).stdout == "440 root root\n"
    node.run("visudo", "-c")


def test_an_upgrade_keeps_what_the_administrator_changed(
    node: System, deb: Path, tmp_path: Path
) -> None:
    for path in conffiles(node):
        node.write(path, node.read(path) + "# changed here\n", 0o440)
    upstream = dict.fromkeys(conffiles(node), "# changed upstream\n")
    later = newer(deb, tmp_path, "0.1.0+later", upstream)
    node.apt("-o", "Dpkg::Options::=--force-confold", "install", node.put(later))
    for path in conffiles(node):
        assert node.read(path).endswith("# changed here\n")
        assert "# changed upstream" not in node.read(path)
        assert node.read(f"{path}.dpkg-dist").endswith("# changed upstream\n")
    node.run("visudo", "-c")


def test_removal_keeps_configuration_and_purging_leaves_nothing(node: System) -> None:
    kept = conffiles(node)
    shipped = node.run("dpkg", "-L", NAME).stdout.split()
    node.apt("remove", NAME)
    assert all(node.exists(path) for path in kept)
    assert not node.exists("/usr/lib/nagios/plugins/check_ipsec")
    assert not node.exists("/usr/lib/python3/dist-packages/check_ipsec")
    node.apt("purge", NAME)
    left = [path for path in shipped if path != "/." and node.exists(path)]
    node.run("dpkg", "-S", *left)
    node.run("visudo", "-c")


def test_it_installs_again(node: System, deb: Path) -> None:
    node.apt("install", node.put(deb))
    assert "changed" not in node.read(SUDOERS)
    assert node.run("dpkg", "--verify", NAME).stdout == ""
    node.run("dpkg", "--audit")
