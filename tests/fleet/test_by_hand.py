"""What doc/fleet.md says to type, typed: each node is this machine by ssh, as a captured host."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.fleet.engines import free_port, running, wait_for
from tests.hosts import HOSTS, ROOT

NODES = {
    "n01": "mesh-all-up",
    "n02": "one-peer-silent",
    "n03": "kernel-states-flushed",
    "n04": "permission-refused",
    "n05": None,
}
DOCUMENT = (ROOT / "doc/fleet.md").read_text()

SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
AcceptEnv NODE
SetEnv PATH={folder}/node:/usr/bin:/bin
MaxStartups 100
"""
NODE = """\
Host {name}
    SetEnv NODE={name}
    Port {port}
"""
CLIENT = """\
Host *
    HostName 127.0.0.1
    User root
    IdentityFile {folder}/key
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking no
    LogLevel ERROR
"""
COMMAND = """\
#!/bin/sh
cd {root} && exec {python} -c 'from check_ipsec.{module} import main; raise SystemExit(main())' \\
    --captured "{folder}/hosts/$NODE" "$@"
"""

# the real one would take the node's name away
SUDO = """\
#!/bin/sh
while [ "$1" != /bin/sh ]; do shift; done
exec "$@"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where an operator sits: ``nodes``, and an ssh that reaches them."""
    folder = tmp_path_factory.mktemp("by-hand")
    for name in ("node", "bin", "hosts"):
        (folder / name).mkdir()
    names = {"root": ROOT, "python": sys.executable, "folder": folder}
    script(folder / "node/check_ipsec", COMMAND.format(module="checks.ipsec", **names))
    script(folder / "node/ipsec-global", COMMAND.format(module="ipsec_global.command", **names))
    script(folder / "node/sudo", SUDO)
    script(folder / "bin/ssh", f'#!/bin/sh\nexec /usr/bin/ssh -F {folder}/ssh_config "$@"\n')
    cumin = f'#!/bin/sh\nexec /usr/bin/cumin -c {folder}/cumin.yaml "$@"\n'
    script(folder / "bin/cumin", cumin)
    (folder / "cumin.yaml").write_text(f"log_file: {folder}/cumin.log\ntransport: clustershell\n")
    port, closed = free_port(), free_port()
    config = CLIENT.format(folder=folder)
    for name, host in NODES.items():
        config = NODE.format(name=name, port=port if host else closed) + config
        if host:
            (folder / "hosts" / name).symlink_to(ROOT / HOSTS / host)
    (folder / "ssh_config").write_text(config)
    (folder / "nodes").write_text("".join(f"{name}\n" for name in NODES))
    (folder / "SITE.nodes").write_text("n01\nn02\n")
    key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"]
    subprocess.run(key, check=True)
    (folder / "sshd_config").write_text(SSHD.format(port=port, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)
    with running(folder, "/usr/sbin/sshd", "-D", "-f", f"{folder}/sshd_config"):
        wait_for(lambda: typed(folder, "ssh n01 true").returncode == 0, "sshd answers")
        yield folder


def script(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)


def typed(folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """What a shell there makes of it."""
    environment = os.environ | {
        "PATH": f"{folder}/bin:/usr/sbin:/usr/bin:/bin",
        "ANSIBLE_HOME": f"{folder}/ansible",
        "ANSIBLE_LOCAL_TEMP": f"{folder}/ansible",
        "ANSIBLE_REMOTE_TEMP": f"{folder}/ansible-remote",
        # no connection outlives the test
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(["sh", "-c", text], cwd=folder, env=environment, text=True,
                          capture_output=True, timeout=300)  # fmt: skip


def blocks(heading: str) -> list[str]:
    """What is to be typed below a heading."""
    text = re.split(r"(?m)^##+ ", DOCUMENT.partition(f"\n### {heading}\n")[2])[0]
    return [
        dedent(block).strip() for block in re.findall(r"(?m)(?:^(?:    .*)?\n)*^    .*\n", text)
    ]


def test_ssh_says_the_worst_first_and_who_did_not_answer(folder: Path) -> None:
    loop, missing = blocks("All nodes by ssh, the worst first")
    lines = typed(folder, loop).stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        ["CRITICAL", "n02"],
        ["CRITICAL", "n03"],
        ["UNKNOWN", "n04"],
    ]
    assert typed(folder, missing).stdout == "said/n05.json\n"
    assert "n05.err" in typed(folder, "find said -name '*.err' -size +0").stdout

    (reasons,) = blocks("Why, and how often")
    assert typed(folder, reasons).stdout.split("\n")[:2] == [
        "      4 kernel has no such SA",
        "      2 peer does not answer",
    ]
    (clear,) = blocks("Which connections leave in clear text")
    assert typed(folder, clear).stdout == (
        "n02\tcarol_v4\tpeer does not answer\nn02\tcarol_v6\tpeer does not answer\n"
    )


def test_ansible_says_a_line_of_each(folder: Path) -> None:
    lines, tree = blocks("All nodes by ansible")
    said = typed(folder, lines).stdout
    assert "n01 | CHANGED | rc=0 | (stdout) IPSEC OK - 4 connections established" in said
    assert "n02 | CHANGED | rc=0 | (stdout) IPSEC CRITICAL - 2 of 4 connections" in said
    assert "n05 | UNREACHABLE!" in said
    typed(folder, "rm -r said")
    counted = typed(folder, tree).stdout.split("\n")
    assert sorted(line.strip() for line in counted if line) == [
        "1 OK",
        "1 UNKNOWN",
        "1 no answer",
        "2 CRITICAL",
    ]


def test_cumin_puts_together_who_says_the_same(folder: Path) -> None:
    (command,) = blocks("All nodes by cumin")
    done = typed(folder, command)
    assert "IPSEC CRITICAL - 4 of 4 connections not established" in done.stdout
    assert "(1) n01" in done.stdout


def test_the_switch_says_first_what_it_would_do(folder: Path) -> None:
    (commands,) = blocks("The switch for emergencies")
    dry, *real = [line for line in commands.splitlines() if line]
    said = typed(folder, dry).stdout
    assert "n01 | CHANGED | rc=0 >>\nipsec " in said
    # captured hosts are never switched
    assert [line.split("'")[1] for line in real] == ["ipsec-global down", "ipsec-global up -b"]
    done = typed(folder, real[0])
    assert done.returncode != 0
    assert "--captured" in done.stdout
