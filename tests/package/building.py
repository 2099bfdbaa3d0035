"""Building the Debian package in a clean copy of the checkout."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.hosts import ROOT

OTHER_FILES = (".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "build",
               "dist", "run.d")  # fmt: skip
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def clean_copy(folder: Path) -> Path:
    """A copy of the checkout without what tools leave in it."""
    return Path(shutil.copytree(ROOT, folder / "check-ipsec",
                                ignore=shutil.ignore_patterns(*OTHER_FILES)))  # fmt: skip


def build(folder: Path, *options: str) -> Path:
    """The source package and the .deb in ``folder``; the path of its .changes."""
    command = ["dpkg-buildpackage", "--no-sign", "--build=full"]
    environment = {"PATH": PATH, "HOME": str(folder), "DEB_BUILD_OPTIONS": " ".join(options)}
    done = subprocess.run(command, cwd=clean_copy(folder), env=environment | locale(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout
    (changes,) = folder.glob("*.changes")
    return changes


def locale() -> dict[str, str]:
    """UTF-8, whatever the caller has."""
    return {"LC_ALL": "C.UTF-8", "TERM": os.environ.get("TERM", "dumb")}


def newer(deb: Path, folder: Path, version: str, changes: dict[str, str]) -> Path:
    """The same package as a later ``version``, texts appended to files of it."""
    tree = folder / version
    subprocess.run(["dpkg-deb", "--raw-extract", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text(
        "".join(f"Version: {version}\n" if line.startswith("Version:") else f"{line}\n"
                for line in lines)
    )  # fmt: skip
    for name, text in changes.items():
        path = tree / name.lstrip("/")
        path.write_text(path.read_text() + text)
    target = folder / f"monitoring-plugins-ipsec_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, target],
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    return target
