"""What below etc/ follows from the commands: rules for sudo, commands for NRPE.

``python3 -m pack.etc`` writes both into the checkout; a test holds them equal.
"""

from pathlib import Path

from check_ipsec.host.sources import Source
from pack.commands import COMMANDS, Command

ETC = Path(__file__).resolve().parent.parent / "etc"
SUDOERS = "sudoers.d/monitoring-plugins-ipsec"
NRPE = "nagios/nrpe.d/monitoring-plugins-ipsec.cfg"

RULES = """\
# What the plugins of monitoring-plugins-ipsec ask as root: fixed questions, every
# argument spelled out. None changes anything, none prints a session key (nokeys).
# A user who does not exist is ignored. Another agent's user is one more name here.

User_Alias IPSEC_MONITORING = nagios, icinga

Cmnd_Alias IPSEC_QUESTIONS = \\
{questions}

IPSEC_MONITORING ALL = (root) NOPASSWD: IPSEC_QUESTIONS
"""
AGENT = """\
# What check_nrpe may ask of a host that runs strongSwan. The commands take nothing from
# the caller; thresholds and other options belong here, see the manual page of each.
{commands}
# the connections again, with a table of all below the first line. NRPE carries 64 KiB,
# some 500 connections; beyond that it cuts the end, and the performance data with it
command[check_ipsec_table]=/usr/lib/nagios/plugins/check_ipsec -v
"""


def sudoers() -> str:
    """The rules: each source that is a command, and not for everybody, word for word."""
    asked = (source for source in Source if not source.is_file and not source.for_all)
    questions = (f"    {source.folder}/{' '.join(source.words)}" for source in asked)
    return RULES.format(questions=", \\\n".join(questions))


def nrpe() -> str:
    """The commands of the agent: each plugin without options."""
    plugins = (command for command in COMMANDS if command.is_plugin)
    return AGENT.format(commands="".join(map(agent_command, plugins)))


def agent_command(command: Command) -> str:
    """One of them, below what it is about."""
    about = command.parser().description or ""
    return f"\n# {about}\ncommand[{command.name}]={command.folder}/{command.name}\n"


def write(etc: Path = ETC) -> None:
    """Write both."""
    (etc / SUDOERS).write_text(sudoers())
    (etc / NRPE).write_text(nrpe())


if __name__ == "__main__":
    write()
