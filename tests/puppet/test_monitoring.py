"""What the module says of the plugins is what the package says."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pack.commands import COMMANDS
from pack.etc import ETC, NRPE
from pack.icinga import arguments, check_name, plugins
from pack.systemd import FORMATS
from tests.puppet.compiled import FACTS, MODULE, Catalogue, compiled

COMMAND = re.compile(r"^command\[(\w+)\]=(.*)$", re.MULTILINE)
OPTIONS: dict[str, dict[str, Any]] = {
    "check_ipsec": {"critical": "10%", "not_connected": "warning", "include": ["a*", 'b "c"'],
                    "expect": ["gw*=loaded"], "no_kernel": True, "verbose": 2},
    "check_ipsec_traffic": {"silent": 300, "perfdata": "connections"},
    "check_ipsec_daemon": {"idle": "2:,1:", "half_open": "50,500", "larval_drop": "ok"},
    "check_ipsec_certs": {"warning": "21:", "files": True, "weak": "ok"},
    "check_ipsec_crypto": {"floor": "rfc8221", "no_kernel": False},
}  # fmt: skip


def host(**parameters: Any) -> Catalogue:
    data = {f"ipsec::monitoring::{name}": value for name, value in parameters.items()}
    return compiled({"classes": ["ipsec::monitoring"], **data}, {"one": FACTS})["one"]


def commands(text: str) -> dict[str, list[str]]:
    return {name: shlex.split(line) for name, line in COMMAND.findall(text)}


def laid(catalogue: Catalogue) -> dict[str, list[str]]:
    return commands(catalogue.files["/etc/nagios/nrpe.d/monitoring-plugins-ipsec.cfg"])


def test_without_options_nrpe_asks_what_the_package_has_it_ask() -> None:
    assert laid(host()) == commands((ETC / NRPE).read_text())


def test_the_plugins_take_the_options_that_nrpe_gives() -> None:
    found = laid(host(options=OPTIONS))
    for command in COMMANDS:
        if command.is_plugin:
            _, *words = found[command.name]
            command.parser().parse_args(words)
            given = [word.partition("=")[0] for word in words]
            wanted = {f"--{name.replace('_', '-')}" for name, value in
                      OPTIONS[command.name].items() if value is not False}  # fmt: skip
            assert set(given) == wanted


def test_the_host_object_has_variables_that_the_check_commands_know() -> None:
    text = exported(host(agent="icinga", export=True, options=OPTIONS))
    known = {one.variable for command in plugins() for one in arguments(command)}
    said = set(re.findall(r"^\tvars\.(ipsec_\w+) = ", text, re.MULTILINE))
    assert said < known
    assert said == {
        f"{check_name(command)}_{option}"
        for command in plugins()
        for option in OPTIONS[command.name]
    }


def exported(catalogue: Catalogue) -> str:
    (found,) = (
        one["parameters"]["content"] for one in catalogue.document["resources"] if one["exported"]
    )
    return str(found)


def test_each_format_of_ipsec_metrics_has_its_timer() -> None:
    timers = {f"Service[ipsec-metrics-{unit.format}.timer]" for unit in FORMATS}
    found = host(metrics=[unit.format for unit in FORMATS]).resources
    assert {name for name in found if name.endswith(".timer]")} == timers
    assert all(found[name]["ensure"] == "running" and found[name]["enable"] for name in timers)


def test_sudo_takes_the_rule_for_another_user(tmp_path: Path) -> None:
    text = host(users=["zabbix"]).files["/etc/sudoers.d/monitoring-plugins-ipsec-site"]
    rules = (ETC / "sudoers.d/monitoring-plugins-ipsec").read_text()
    path = tmp_path / "sudoers"
    path.write_text(rules + text)
    path.chmod(0o440)
    visudo = ["/usr/sbin/visudo", "--check", "--strict", "--file", path]
    subprocess.run(visudo, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["nrpe.cfg", "icinga-host.conf"])
def test_a_template_names_no_plugin_that_is_none(name: str) -> None:
    named = set(re.findall(r"\bcheck_ipsec\w*", (MODULE / f"templates/{name}.epp").read_text()))
    assert named <= {command.name for command in COMMANDS} | {"check_ipsec_table"}
