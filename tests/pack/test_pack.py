"""Manual pages, completion and Icinga's definitions say what the parsers say."""

import json
import os
import re
from datetime import date
from pathlib import Path
from subprocess import run

import pytest

from check_ipsec.errors import UsageError
from check_ipsec.host.sources import Source
from pack import completion, icinga, manual
from pack.commands import COMMANDS, STATUSES, Command, monitored, options
from pack.manual import ASKED
from pack.runbook import ADDRESS
from tests.hosts import ROOT

EACH = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
PLUGINS = pytest.mark.parametrize(
    "command", list(icinga.plugins()), ids=lambda command: command.name
)


def known(command: Command) -> set[str]:
    """Every way to write every option."""
    return {text for action in command.parser()._actions for text in action.option_strings}


def test_every_console_script_is_a_row() -> None:
    scripts = re.findall(r"(?m)^    ([\w-]+) = check_ipsec\.", (ROOT / "setup.cfg").read_text())
    assert sorted(scripts) == sorted(command.name for command in COMMANDS)


# --- manual pages -----------------------------------------------------------------


@pytest.fixture
def shown(tmp_path: Path, command: Command) -> str:
    """The manual page as ``man`` shows it at 80 columns, without a complaint."""
    path = tmp_path / f"{command.name}.{command.section}"
    path.write_text(manual.page(command, date(2026, 11, 26)))
    environment = {"PATH": os.environ["PATH"], "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
    said = run(["/usr/bin/man", "--warnings", "-P", "cat", "-l", path],
               env=environment, capture_output=True, text=True, check=True)  # fmt: skip
    assert said.stderr == ""
    return said.stdout


@EACH
def test_the_manual_page_fits_80_columns(shown: str) -> None:
    assert max(map(len, shown.splitlines())) <= 80


@EACH
def test_the_manual_page_has_every_option_whole(shown: str, command: Command) -> None:
    headings = re.findall(r"(?m)^       (-.*)$", shown)
    assert {name for text in headings for name in re.findall(r"(?<!\S)-[\w-]+", text)} >= known(
        command
    )


@EACH
def test_the_manual_page_has_the_help_of_every_option(shown: str, command: Command) -> None:
    flat = " ".join(shown.split())
    for option in options(command.parser()):
        assert option.help in flat


@EACH
def test_the_manual_page_has_a_name_for_whatis(tmp_path: Path, command: Command) -> None:
    path = tmp_path / f"{command.name}.{command.section}"
    path.write_text(manual.page(command, date(2026, 11, 26)))
    said = run(["/usr/bin/lexgrog", path], capture_output=True, text=True, check=True)
    assert f'"{command.name} - {manual.summary(command.parser())}"' in said.stdout


@EACH
def test_the_manual_page_names_the_other_commands(shown: str, command: Command) -> None:
    named = " ".join(shown.partition("\nSEE ALSO\n")[2].partition("\n\n")[0].split())
    others = [f"{other.name}({other.section})" for other in COMMANDS if other is not command]
    assert named.strip() == ", ".join([*others, "ipsec(8)", "ipsec.conf(5)", "ip-xfrm(8)"])


@EACH
def test_the_manual_page_names_every_question(shown: str, command: Command) -> None:
    section = " ".join(shown.partition("\nQUESTIONS\n")[2].partition("\nFILES\n")[0].split())
    told = [f"{' '.join(source.words)} {source.about}" for source in command.sources]
    assert [one for one in told if one in section] == told
    assert len(section.split(ASKED)[1].split()) == len(" ".join(told).split())


def test_every_question_is_that_of_a_command() -> None:
    assert {source for command in COMMANDS for source in command.sources} == set(Source)


# --- completion -------------------------------------------------------------------


def completed(command: Command, folder: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    (folder / "completion").write_text(completion.script(command))
    asked = """
        source ./completion; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        $(complete -p "$1" | sed 's/.* -F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = run(["/bin/bash", "-c", asked, "bash", "_", command.name, *words],
               cwd=folder, capture_output=True, text=True, check=True)  # fmt: skip
    return done.stdout.split()


@EACH
def test_bash_completes_every_option(tmp_path: Path, command: Command) -> None:
    assert set(completed(command, tmp_path, "-")) == known(command)


@pytest.mark.parametrize("command", [COMMANDS[0]], ids=lambda command: command.name)
def test_bash_completes_values(tmp_path: Path, command: Command) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert completed(command, tmp_path, "--connecting", "cr") == ["critical"]
    assert completed(command, tmp_path, "--connecting", "=", "cr") == ["critical"]
    assert completed(command, tmp_path, "--connecting", "=") == list(STATUSES)
    assert completed(command, tmp_path, "--grace", "") == []
    assert completed(command, tmp_path, "-C", "fi") == ["file"]
    assert completed(command, tmp_path, "--captured", "f") == ["folder"]


def test_bash_completes_choices(tmp_path: Path) -> None:
    (command,) = (command for command in COMMANDS if command.name == "ipsec-metrics")
    assert completed(command, tmp_path, "--format", "") == ["prometheus", "graphite", "json",
                                                            "influx"]  # fmt: skip
    assert completed(command, tmp_path, "--prefix", "") == []


# --- Icinga -----------------------------------------------------------------------


@PLUGINS
def test_what_monitoring_systems_offer_is_all_but_files(command: Command) -> None:
    offered = {option.key for option in monitored(command)}
    hidden = {"--configuration", "--capture", "--captured", "--state", "--log", "--color"} | {
        "--help",
        "--version",
    }
    assert offered == {name for name in known(command) if name.startswith("--")} - hidden


@PLUGINS
def test_the_basket_has_the_arguments_of_the_check_command(command: Command) -> None:
    basket = json.loads(icinga.basket())
    name = icinga.check_name(command)
    held = basket["Command"][name]["arguments"]
    text = icinga.check_command(command)
    assert list(held) == re.findall(r'(?m)^\t\t"(-.*)" = {$', text)
    for key, argument in held.items():
        block = re.search(rf'(?ms)^\t\t"{key}" = {{\n(.*?)\n\t\t}}$', text)
        assert block
        assert f"description = {icinga.quoted(argument['description'])}" in block[1]
        said = argument.get("value") or argument["set_if"]
        assert said in block[1]
        assert ("repeat_key = true" in block[1]) == argument.get("repeat_key", False)


@PLUGINS
def test_the_basket_has_a_field_for_every_variable(command: Command) -> None:
    basket = json.loads(icinga.basket())
    template = basket["ServiceTemplate"][f"tpl-service-{icinga.check_name(command)}"]
    offered = {basket["Datafield"][str(one["datafield_id"])]["varname"]
               for one in template["fields"]}  # fmt: skip
    assert offered == {argument.variable for argument in icinga.arguments(command)}


def test_the_basket_has_the_service_of_the_apply_rule() -> None:
    rule = (ROOT / "etc/icinga2/conf.d/monitoring-plugins-ipsec.conf").read_text()
    said = dict(re.findall(r"(?m)^\t+(\w+) = (.+)$", rule))
    basket = json.loads(icinga.basket())
    template = basket["ServiceTemplate"]["tpl-service-ipsec"]
    assert (said["check_interval"], template["check_interval"]) == ("1m", "60")
    assert (said["retry_interval"], template["retry_interval"]) == ("30s", "30")
    assert said["max_check_attempts"] == template["max_check_attempts"]
    notes = f'runbook + "{template["notes_url"].removeprefix(ADDRESS)}"'
    assert said["notes_url"] == notes
    notes = f'runbook + "{template["vars"]["ipsec_notes_url"].removeprefix(ADDRESS)}"'
    assert f"\tvars.ipsec_notes_url = {notes}\n" in rule
    assert f'"{ADDRESS}"' in rule
    services = basket["ServiceSet"]["IPsec"]
    assert f"assign where {services['assign_filter']}\n" in rule
    checks = re.findall(r'"(\w+)"', re.findall(r"for \(check in \[(.*)\]\)", rule)[0])
    assert [one["imports"] for one in services["services"]] == [
        [f"tpl-service-{check}"] for check in checks
    ]


@PLUGINS
@pytest.mark.parametrize("value", ["--capture=/tmp/x", "-C/etc/shadow", "--captured=/"])
def test_a_value_cannot_become_an_option(command: Command, value: str) -> None:
    for option in monitored(command):
        if not option.is_flag and not option.is_counted:
            with pytest.raises(UsageError):
                command.parser().parse_args([option.key, value])
