"""Debian suites: the one of this machine, and others in folders of a cache."""

import os
import subprocess
from pathlib import Path

from lab.errors import LabError

MAIN = "bookworm"
SUITES = ("bullseye", MAIN, "trixie", "sid")
PACKAGES = (
    *("strongswan-starter", "strongswan-charon", "strongswan-swanctl", "strongswan-pki"),
    *("libstrongswan-standard-plugins", "libstrongswan-extra-plugins"),
    *("libcharon-extra-plugins", "libcharon-extauth-plugins"),
    *("iproute2", "iputils-ping", "sudo"),
)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "/var/tmp")
    return Path(base) / "check-ipsec-lab"


def _of_this_machine() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2]
    return ""


def root_folder(suite: str) -> Path:
    """The folder that a Debian ``suite`` with strongSwan lies in, made if it is missing."""
    if suite == _of_this_machine():
        return Path("/")
    root = _cache() / suite
    if not (root / "usr/sbin/ipsec").exists():
        _debootstrap(suite, root)
    return root


def _debootstrap(suite: str, root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    try:
        done = subprocess.run([*command, suite, str(root)], check=False)
    except FileNotFoundError:
        raise LabError("missing packages: apt-get install debootstrap") from None
    if done.returncode:
        raise LabError(f"debootstrap of {suite} failed, see {root}/debootstrap/debootstrap.log")


def strongswan_version(root: Path) -> str:
    """The upstream version of strongSwan in a suite's folder."""
    command = ["dpkg-query", f"--root={root}", "-W", "-f=${source:Upstream-Version}"]
    return subprocess.run(
        [*command, "strongswan-starter"], check=True, capture_output=True, text=True
    ).stdout
