"""Boots User-Mode Linux on this machine's own file system, read-only."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from lab.errors import LabError

PROGRAMS = {
    "linux.uml": "user-mode-linux",
    "modprobe": "kmod",
    "ip": "iproute2",
    "iptables-legacy": "iptables",
    "ping": "iputils-ping",
    "tcpdump": "tcpdump",
    "ipsec": "strongswan-starter",
    "pki": "strongswan-pki",
    "sudo": "sudo",
    "nrpe": "nagios-nrpe-server",
    "gcc": "gcc libc6-dev",
}
MEMORY = "1536M"
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
PRELOADED = "xstate"


def require_programs() -> None:
    """Raises LabError that names the Debian packages which are missing."""
    missing = sorted(
        package for program, package in PROGRAMS.items() if not shutil.which(program, path=SEARCH)
    )
    if missing:
        raise LabError(f"missing packages: apt-get install {' '.join(missing)}")


def prepare(work: Path) -> None:
    """Builds in ``work`` what User-Mode Linux needs on some processors."""
    source = Path(__file__).with_name(f"{PRELOADED}.c")
    command = ["gcc", "-shared", "-fPIC", "-Wall", "-o", _preloaded(work), source]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise LabError(f"{source} does not compile: {done.stdout}")


def _preloaded(work: Path) -> Path:
    return work / f"{PRELOADED}.so"


def release() -> str:
    """The release of the guest's kernel."""
    done = subprocess.run(["linux.uml", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Guest:
    """A guest that boots now and plays in ``mode``; its files in ``work`` end in ``number``."""

    def __init__(self, work: Path, mode: str, number: int) -> None:
        self._work = work
        self._number = number
        with self._file("console").open("wb") as console:
            self._process = subprocess.Popen(
                _command(work, mode, number),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    "PATH": SEARCH,
                    "HOME": str(work),
                    "TMPDIR": "/tmp",
                    "LD_PRELOAD": str(_preloaded(work)),
                },
            )

    def runs(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it with all its processes, which the machine sees as its own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def problem(self) -> str | None:
        """What kept the guest from playing, once it has ended."""
        if not self._file("exit").exists():
            console = self._file("console").read_text(errors="replace")
            return f"the guest did not boot, or died:\n{console}"
        if self._file("exit").read_text().strip() != "0":
            return f"the guest's program failed: {self._file('output').read_text()}"
        return None

    def _file(self, kind: str) -> Path:
        return self._work / f"{kind}.{self._number}"


def _command(work: Path, mode: str, number: int) -> list[str]:
    """The kernel hands the words of its command line that it does not know to init."""
    here = Path(__file__).resolve().parent
    words = {
        "LAB_WORK": work,
        "LAB_PROJECT": here.parents[1],
        "LAB_MODE": mode,
        "LAB_GUEST": number,
    }
    return [
        "linux.uml",
        f"mem={MEMORY}",
        "quiet",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        f"init={here / 'init'}",
        "con=null",
        "con0=fd:0,fd:1",
        *(f'{name}="{value}"' for name, value in words.items()),
    ]
