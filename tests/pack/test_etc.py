"""What below etc/ follows from the commands, and nothing of it was changed by hand."""

from pathlib import Path

import pytest

from pack import etc, icinga
from pack.commands import Command

PLUGINS = pytest.mark.parametrize(
    "command", list(icinga.plugins()), ids=lambda command: command.name
)


@pytest.mark.parametrize(("name", "make"), [(etc.SUDOERS, etc.sudoers), (etc.NRPE, etc.nrpe)],
                         ids=["sudo", "nrpe"])  # fmt: skip
def test_it_is_as_the_commands_have_it(name: str, make, tmp_path: Path) -> None:
    text = (etc.ETC / name).read_text()
    assert text == make()
    (tmp_path / name).parent.mkdir(parents=True)
    assert max(map(len, text.splitlines())) <= 100


def test_both_are_written(tmp_path: Path) -> None:
    for name in (etc.SUDOERS, etc.NRPE):
        (tmp_path / name).parent.mkdir(parents=True)
    etc.write(tmp_path)
    for name in (etc.SUDOERS, etc.NRPE):
        assert (tmp_path / name).read_text() == (etc.ETC / name).read_text()


@PLUGINS
def test_icinga_and_nagios_have_a_service_for_each(command: Command) -> None:
    rule = (etc.ETC / "icinga2/conf.d/monitoring-plugins-ipsec.conf").read_text()
    assert f'"{icinga.check_name(command)}"' in rule
    nagios = (etc.ETC / "nagios-plugins/config/ipsec.cfg").read_text().split()
    assert {command.name, f"{command.name}_by_nrpe"} <= set(nagios)
