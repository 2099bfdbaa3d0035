"""Debian suites: the one of this machine, and others in folders of a cache."""

import os
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError

MAIN = "bookworm"
SUITES = ("bullseye", MAIN, "trixie", "sid")
DAEMON = "charon-systemd"
WITHOUT_IKEV1 = {"sid"}  # strongSwan 6.1 is built without it
PACKAGES = (
    *("strongswan-starter", "strongswan-charon", "strongswan-swanctl", "strongswan-pki"),
    *("libstrongswan-standard-plugins", "libstrongswan-extra-plugins"),
    *("libcharon-extra-plugins", "libcharon-extauth-plugins"),
    *("iproute2", "iputils-ping", "sudo", "procps", "netbase", "iptables", "systemd"),
    *("nagios-nrpe-server", "nagios-nrpe-plugin"),
)
# what only the main suite plays
MORE = {MAIN: ("puppet-agent", "puppet-module-puppetlabs-stdlib")}


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
    root, made = _cache() / suite, _cache() / f"{suite}.made"
    packages = ",".join([*PACKAGES, *MORE.get(suite, ())])
    if not made.exists() or made.read_text() != packages:
        shutil.rmtree(root, ignore_errors=True)
        _debootstrap(suite, root, packages)
        made.write_text(packages)
    return root


def _debootstrap(suite: str, root: Path, packages: str) -> None:
    root.mkdir(parents=True)
    command = ["debootstrap", "--variant=minbase", f"--include={packages}"]
    log = root.with_suffix(".log")
    try:
        with log.open("w") as file:
            done = subprocess.run(
                [*command, suite, str(root)], check=False, stdout=file, stderr=file
            )
    except FileNotFoundError:
        raise LabError("missing packages: apt-get install debootstrap") from None
    if done.returncode:
        raise LabError(f"debootstrap of {suite} failed, see {log}")


def add_charon_systemd(suite: str, folder: Path) -> None:
    """Lays the suite's charon-systemd, which its package forbids beside starter, into a folder."""
    files = _cache() / f"{suite}-{DAEMON}"
    if not files.exists():
        draft = files.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _download(root_folder(suite), draft)
        (package,) = draft.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, draft / "files"], check=True)
        (draft / "files").rename(files)
        shutil.rmtree(draft)
    for name in ("usr/sbin/charon-systemd", "etc/strongswan.d/charon-systemd.conf"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(files / name, folder / name)


def _download(root: Path, folder: Path) -> None:
    inside = root / "tmp" / folder.name
    inside.mkdir()
    command = ["sh", "-c", f"cd /tmp/{inside.name} && apt-get download {DAEMON}"]
    done = subprocess.run(["chroot", root, *command], capture_output=True, text=True)
    for package in inside.glob("*.deb"):
        shutil.move(package, folder)
    shutil.rmtree(inside)
    if done.returncode:
        raise LabError(f"apt-get download {DAEMON}: {done.stderr.strip()}")


def strongswan_version(root: Path) -> str:
    """The upstream version of strongSwan in a suite's folder."""
    command = ["dpkg-query", f"--root={root}", "-W", "-f=${source:Upstream-Version}"]
    return subprocess.run(
        [*command, "strongswan-starter"], check=True, capture_output=True, text=True
    ).stdout
