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
FIXTURES = ROOT / "fixtures"
MOMENTS = {
    "daemon": sorted((FIXTURES / "daemon").iterdir()),
    "certs": sorted(path for path in (FIXTURES / "certs").glob("*/*") if path.is_dir()),
}
CODE = "import sys; from check_ipsec.checks.{} import main; sys.exit(main())"


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
        for check, moment in [(one, path) for one, paths in MOMENTS.items() for path in paths]:
            words = ("python3", "-W", "error", "-c", CODE.format(check))
            asked = (*words, f"--captured={moment.relative_to(ROOT)}", "-vv")
            told = system.run("env", f"--chdir={SOURCE}", *asked, environment=environment,
                              check=False)  # fmt: skip
            command = [sys.executable, *asked[1:]]
            here = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert (told.returncode, told.stdout) == (here.returncode, here.stdout)
