"""The oldest Python that it runs with: 3.9, as Debian 11 and RHEL 9 have it."""

import shutil
import subprocess
import sys
from filecmp import dircmp
from pathlib import Path

import nagiosplugin
import pyparsing

from tests.hosts import HOSTS, ROOT
from tests.package.building import clean_copy
from tests.package.conftest import bare

SOURCE = "/srv/check-ipsec"
MOMENTS = sorted(path.relative_to(ROOT) for path in (ROOT / "fixtures/daemon").iterdir())
DAEMON = ("python3", "-W", "error", "-c",
          "import sys; from check_ipsec.checks.daemon import main; sys.exit(main())")  # fmt: skip


def differing(compared: dircmp[str]) -> list[str]:
    """The files that are not the same in two folders, and those below."""
    found = [*compared.left_only, *compared.right_only, *compared.diff_files]
    return found + [name for below in compared.subdirs.values() for name in differing(below)]


def test_it_says_the_same_of_every_captured_host(tmp_path: Path) -> None:
    with bare("bullseye", tmp_path) as system:
        system.apt("install", "--no-install-recommends", "python3")
        assert "Python 3.9." in system.run("python3", "--version").stdout
        source = system.root / "srv"
        clean_copy(source)
        for path in (source / "check-ipsec" / HOSTS).glob("*/expected/*"):
            path.unlink()
        for library in (nagiosplugin, pyparsing):
            folder = Path(library.__file__).parent
            shutil.copytree(folder, source / "libraries" / folder.name)
        words = ("python3", "-W", "error", "-m", "tests.hosts")
        environment = {"PYTHONPATH": "/srv/libraries", "PYTHONDONTWRITEBYTECODE": "1"}
        system.run("env", f"--chdir={SOURCE}", *words, environment=environment)
        compared = dircmp(ROOT / HOSTS, source / "check-ipsec" / HOSTS)
        assert compared.common_dirs
        assert differing(compared) == []
        for moment in MOMENTS:
            asked = (*DAEMON, f"--captured={moment}", "-vv")
            told = system.run("env", f"--chdir={SOURCE}", *asked, environment=environment,
                              check=False)  # fmt: skip
            command = [sys.executable, *asked[1:]]
            here = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert (told.returncode, told.stdout) == (here.returncode, here.stdout)
