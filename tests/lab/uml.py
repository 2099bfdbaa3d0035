"""Boots User-Mode Linux on this machine's own file system, read-only."""

import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError

PROGRAMS = {
    "linux.uml": "user-mode-linux",
    "modprobe": "kmod",
    "ip": "iproute2",
    "iptables-legacy": "iptables",
    "ping": "iputils-ping",
    "ipsec": "strongswan-starter",
    "pki": "strongswan-pki",
    "sudo": "sudo",
}
MEMORY = "1536M"


def require_programs() -> None:
    """Raises LabError that names the Debian packages which are missing."""
    search = "/usr/sbin:/usr/bin:/sbin:/bin"
    missing = sorted(
        package for program, package in PROGRAMS.items() if not shutil.which(program, path=search)
    )
    if missing:
        raise LabError(f"missing packages: apt-get install {' '.join(missing)}")


def release() -> str:
    """The release of the guest's kernel."""
    done = subprocess.run(["linux.uml", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def boot(work: Path, environment: dict[str, str], timeout: float) -> None:
    """Runs the guest to its end; what it wrote lies in ``work`` then.

    ``environment`` reaches the guest's init: the kernel hands the words of its
    command line that it does not know to it.
    """
    here = Path(__file__).resolve().parent
    words = {"LAB_WORK": str(work), "LAB_PROJECT": str(here.parents[1]), **environment}
    command = [
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
    try:
        with (work / "console").open("wb") as console:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(work), "TMPDIR": "/tmp"},
            )
    except subprocess.TimeoutExpired:
        raise LabError(f"the guest did not end within {timeout:.0f} s, see {work}") from None
    if not (work / "exit").exists():
        raise LabError(f"the guest did not boot, see {work / 'console'}")
