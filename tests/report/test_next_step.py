"""What to type next: real names, of a shell no part, and in the runbook."""

import re

import pytest

from check_ipsec.report.next_step import BY_SWANCTL, CLEAR_ON_THE_WIRE, NEXT, commands, globs
from check_ipsec.truth.reasons import Reason
from tests.hosts import ROOT
from tests.truth.test_common import verdict

RUNBOOK = (ROOT / "doc/runbook.md").read_text()


def section(heading: str) -> str:
    return re.split(r"(?m)^###? ", RUNBOOK.partition(f"\n### {heading}\n")[2])[0]


@pytest.mark.parametrize("reason", NEXT, ids=lambda reason: reason.name)
def test_every_command_stands_in_the_runbook_at_its_reason(reason: Reason) -> None:
    assert f"    {NEXT[reason]}\n" in section(reason.value)


def test_the_proof_stands_in_the_runbook() -> None:
    assert f"    {CLEAR_ON_THE_WIRE}\n" in RUNBOOK


def test_what_says_nothing_to_type_is_healthy_or_passes() -> None:
    assert set(Reason) - NEXT.keys() == {
        Reason.SWITCHED_OFF,
        Reason.CLIENTS,
        Reason.REAUTHENTICATING,
    }


@pytest.mark.parametrize("command", BY_SWANCTL.values())
def test_every_command_of_swanctl_stands_in_the_runbook(command: str) -> None:
    assert f"    {command}\n" in RUNBOOK


@pytest.mark.parametrize(
    ("reason", "name", "expected"),
    [
        (Reason.NOT_LOADED, "net", ["swanctl --load-all --noprompt"]),
        (Reason.CLOSING, "my net", ["swanctl --list-sas --child 'my net'"]),
        (Reason.CLOSING, "line\nfeed", []),
        (Reason.TRAP_NOT_INSTALLED, "net", ["swanctl --install --child net --ike gw"]),
        (
            Reason.TRAP_NOT_INSTALLED,
            "CONNECTION",
            ["swanctl --install --child CONNECTION --ike gw"],
        ),
        (Reason.NO_SA, "net", ["ipsec-global up -b -i gw/net"]),
    ],
)
def test_of_swanctl_conf_it_is_the_command_of_swanctl(
    reason: Reason, name: str, expected: list[str]
) -> None:
    bad = verdict(f"gw/{name}", "10.1.0.1")._replace(reason=reason)
    bad = bad._replace(connection=bad.connection._replace(section="gw"))
    assert list(commands([bad], [bad])) == expected


def test_the_commonest_reason_decides() -> None:
    bad = [verdict("one", "10.1.0.1"), verdict("two", "10.1.0.2")]
    silent = verdict("three", "10.1.0.3")._replace(reason=Reason.PEER_SILENT)
    assert list(commands([silent, *bad], [silent, *bad])) == ["ipsec-global up -b -i one -i two"]


def test_clear_text_is_shown_on_the_wire() -> None:
    bad = verdict("one", "2001:db8::1")._replace(reason=Reason.PEER_SILENT, cleartext=True)
    assert list(commands([bad], [bad])) == [
        "tcpdump -ni any host 2001:db8::1 and '(udp port 500 or udp port 4500)'",
        "tcpdump -Q out -ni any 'host 2001:db8::1 and not (esp or udp port 500 or 4500)'",
    ]


def test_without_a_known_peer_nothing_is_listened_to() -> None:
    bad = verdict("one", "peer.example")._replace(reason=Reason.PEER_SILENT, cleartext=True)
    assert list(commands([bad], [bad])) == []


FLEET = [f"cp{number:04}_v4" for number in range(1, 21)]


@pytest.mark.parametrize(
    ("own", "names", "expected"),
    [
        (FLEET[:9], FLEET, ["cp000*"]),
        (FLEET[:8], FLEET, []),
        (FLEET, [*FLEET, "other"], ["cp00*"]),
        (FLEET[:3], FLEET, FLEET[:3]),
        (["x[1]"], ["x[1]", "x1"], ["x[[]1]"]),
        (["a*"], ["a*", "ab"], ["a[*]"]),
        (["line\nfeed"], ["line\nfeed"], []),
        (["\u202eevil"], ["\u202eevil"], []),
    ],
)
def test_globs_match_these_names_and_no_other(
    own: list[str], names: list[str], expected: list[str]
) -> None:
    assert globs(own, names) == expected


def test_a_name_is_no_part_of_the_shell() -> None:
    bad = verdict("$(reboot); x", "10.1.0.1")
    assert list(commands([bad], [bad])) == ["ipsec-global up -b -i '$(reboot); x'"]
