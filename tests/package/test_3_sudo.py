"""What the shipped rules let the monitoring users do, asked of sudo itself."""

from itertools import product

import pytest

from check_ipsec.host.sources import Source
from tests.package.system import System

USERS = ("nagios", "icinga")
ALLOWED = [
    (f"{source.folder}/{source.words[0]}", *source.words[1:])
    for source in Source
    if not source.is_file and not source.for_all
]
STATE = ("/usr/sbin/ip", "xfrm", "state", "list", "nokeys")
STATUSALL = ("/usr/sbin/ipsec", "stroke", "statusall")
REFUSED = [
    STATE[:-1],
    (*STATE, "reqid", "1"),
    (*STATE[:-1], "nokeys\n"),
    (*STATE[:-1], "nokeys "),
    (*STATE[:-1], "NOKEYS"),
    (*STATE[:-1], "nokey?"),
    (*STATE[:-2], "list\tnokeys"),
    (STATE[0], "-s", "-s", *STATE[1:]),
    (STATE[0], "xfrm", "state", "flush"),
    (STATE[0], "xfrm", "policy"),
    (STATE[0], "xfrm", "monitor"),
    (STATE[0], "-batch", "/etc/shadow"),
    (STATE[0], "netns", "exec", "x", "/bin/sh"),
    STATE[:1],
    (*STATUSALL, "bob"),
    (*STATUSALL[:-1], "statusall*"),
    (*STATUSALL[:-1], "up", "bob"),
    (*STATUSALL[:-1], "loglevel", "any", "4"),
    (STATUSALL[0], "statusall"),
    (STATUSALL[0], "stop"),
    STATUSALL[:1],
    ("/usr/lib/ipsec/stroke", "statusall"),
    ("/usr/sbin/swanctl", "--list-sas"),
    ("/usr/sbin/swanctl", "--list-sas", "--pretty", "--uri", "unix:///tmp/charon.vici"),
    ("/usr/sbin/swanctl", "--list-certs", "--pem"),
    ("/usr/sbin/swanctl", "--terminate", "--ike", "gw"),
    ("/usr/sbin/swanctl", "--load-all"),
    ("/usr/sbin/../sbin/ip6", *STATE[1:]),
    ("/usr/bin/tail", "-q", "-c", "2097152", "/etc/shadow"),
    ("/usr/bin/tail", "-q", "-c", "2097152", "/var/log/charon.log", "/etc/shadow"),
    ("/usr/bin/journalctl", "-q"),
    ("/bin/sh",),
]
OTHER_WAYS = [
    ("-u", "nobody"),
    ("-g", "root"),
    ("-E",),
    ("-D", "/tmp"),
    ("-R", "/tmp"),
    ("-s",),
    ("-i",),
    ("PATH=/tmp",),
    ("LD_PRELOAD=/tmp/x.so",),
]


@pytest.fixture(scope="module", autouse=True)
def users(node: System) -> None:
    """Both agents' users, and one who is neither; sudo lists only what there is."""
    node.apt("install", "--no-install-recommends", "strongswan-swanctl", "systemd")
    for user in (*USERS, "somebody"):
        node.run("useradd", "--system", "--shell", "/usr/sbin/nologin", user)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("command", ALLOWED, ids=" ".join)
def test_the_questions_are_allowed(node: System, user: str, command: tuple[str, ...]) -> None:
    said = node.run("sudo", "-n", "-l", *command, user=user)
    assert said.stdout.strip() == " ".join(command)


@pytest.mark.parametrize("user", USERS)
def test_sudo_lists_nothing_else(node: System, user: str) -> None:
    listed = node.run("sudo", "-n", "-l", user=user, environment={"COLUMNS": "999"}).stdout
    rules = listed.partition("may run the following commands")[2].splitlines()[1:]
    said = ", ".join(map(" ".join, ALLOWED))
    assert [rule.strip() for rule in rules] == [f"(root) NOPASSWD: {said}"]


@pytest.mark.parametrize("command", REFUSED, ids=" ".join)
def test_nothing_else_is_allowed(node: System, command: tuple[str, ...]) -> None:
    done = node.run("sudo", "-n", *command, user="nagios", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sudo: ")


@pytest.mark.parametrize("way", OTHER_WAYS, ids=" ".join)
@pytest.mark.parametrize("command", ALLOWED, ids=" ".join)
def test_the_questions_are_allowed_in_no_other_way(
    node: System, way: tuple[str, ...], command: tuple[str, ...]
) -> None:
    done = node.run("sudo", "-n", *way, *command, user="nagios", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sudo: ")


def test_no_file_can_be_edited(node: System) -> None:
    done = node.run("sudo", "-n", "-e", "/etc/shadow", user="nagios", check=False)
    assert (done.returncode, done.stdout) == (1, "")


def joined(command: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The command with some of its arguments joined to one; sudo cannot tell."""
    program, first, *others = command
    found = []
    for spaces in product((False, True), repeat=len(others)):
        words = [first]
        for space, word in zip(spaces, others, strict=True):
            words = [*words[:-1], f"{words[-1]} {word}"] if space else [*words, word]
        found.append((program, *words))
    return [words for words in found if words != command]


@pytest.mark.parametrize(
    "command", [words for allowed in ALLOWED for words in joined(allowed)], ids="|".join
)
def test_joined_arguments_lead_nowhere(node: System, command: tuple[str, ...]) -> None:
    done = node.run("sudo", "-n", *command, user="nagios", check=False)
    # an option of journalctl may have its value in the same word: it asks for these units or none
    assert done.returncode != 0 or command[0].endswith("/journalctl")
    assert done.stdout == ""


@pytest.mark.parametrize("command", ALLOWED, ids=" ".join)
def test_others_may_not_ask(node: System, command: tuple[str, ...]) -> None:
    done = node.run("sudo", "-n", *command, user="somebody", check=False)
    assert (done.returncode, done.stdout) == (1, "")
