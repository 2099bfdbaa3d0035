"""The sdist and the wheel build and install with pip, without Debian's Python packages."""

import os
import tarfile
import zipfile
from pathlib import Path
from subprocess import run

import pytest

from check_ipsec import __version__
from tests.hosts import HOSTS, ROOT, expected
from tests.package.building import clean_copy

PYTHON = "/usr/bin/python3"


def bare(folder: Path) -> Path:
    """A virtual environment with nothing but pip; its folder of commands."""
    run([PYTHON, "-m", "venv", folder], check=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with an sdist of the checkout and a wheel made from that."""
    folder = tmp_path_factory.mktemp("dist")
    commands = bare(folder / "venv")
    run([commands / "pip", "install", "--quiet", "build"], check=True)
    source = clean_copy(folder)
    run([commands / "python", "-m", "build", "--outdir", folder / "dist", source],
        check=True, capture_output=True)  # fmt: skip
    return folder / "dist"


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"check_ipsec", f"check_ipsec-{__version__}.dist-info"}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "check_ipsec").rglob("*.py")}
    assert modules <= set(names)


def test_the_sdist_has_the_licence(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"LICENSE", "README.md", "pyproject.toml", "setup.cfg"} <= set(names)


@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
def test_it_installs_into_a_bare_environment(built: Path, tmp_path: Path, kind: str) -> None:
    (archive,) = built.glob(f"*.{kind}")
    commands = bare(tmp_path / "venv")
    run([commands / "pip", "install", "--quiet", archive], check=True)
    host = HOSTS / "fleet-130-three-down"
    said = run([commands / "check_ipsec", "--captured", ROOT / host], cwd=tmp_path,
               env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)  # fmt: skip
    wanted = expected(host, "text")
    assert (said.stdout, said.stderr, said.returncode) == (wanted.text, "", wanted.exit)
