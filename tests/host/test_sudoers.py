"""The rules for sudo let the plugins ask what they ask, and nothing else."""

import re
from subprocess import run

from check_ipsec.host.sources import Source
from tests.hosts import ROOT

RULES = ROOT / "etc/sudoers.d/monitoring-plugins-ipsec"


def statements() -> list[str]:
    """The file without comments, a statement a line."""
    whole = RULES.read_text().replace("\\\n", " ")
    lines = (re.sub(r"\s+", " ", line).strip() for line in whole.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_every_source_is_allowed_word_for_word_and_nothing_else() -> None:
    asked = ", ".join(
        f"{source.folder}/" + " ".join(source.words)
        for source in Source
        if not source.is_file and not source.for_all
    )
    assert statements() == [
        "User_Alias IPSEC_MONITORING = nagios, icinga",
        f"Cmnd_Alias IPSEC_QUESTIONS = {asked}",
        "IPSEC_MONITORING ALL = (root) NOPASSWD: IPSEC_QUESTIONS",
    ]


def test_no_word_of_a_rule_is_a_pattern() -> None:
    assert not re.search(r"[][*?!^]", "\n".join(statements()))


def test_sudo_reads_a_file_of_that_name() -> None:
    assert not re.search(r"[.~]", RULES.name)
    checked = run(["/usr/sbin/visudo", "-c", "-f", RULES], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
