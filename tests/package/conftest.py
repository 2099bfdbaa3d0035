"""One build and one system for all tests of the package; the files in their order."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.package.building import build
from tests.package.system import System, bootstrapped


@pytest.fixture(scope="session")
def changes() -> Iterator[Path]:
    """The .changes file of the build, which runs the tests, some of them as another user."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield build(folder)


@pytest.fixture(scope="session")
def deb(changes: Path) -> Path:
    """The Debian package."""
    (found,) = changes.parent.glob("*.deb")
    return found


@contextmanager
def fresh(suite: str, deb: Path, folder: Path) -> Iterator[System]:
    """A fresh system with nothing but the package and what apt installs along."""
    system = System(bootstrapped(suite), folder)
    try:
        system.apt("update")
        system.apt("install", system.put(deb))
        yield system
    finally:
        system.destroy()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory, deb: Path) -> Iterator[System]:
    """Debian 12."""
    with fresh("bookworm", deb, tmp_path_factory.mktemp("node")) as system:
        yield system


@pytest.fixture(scope="session")
def debian13(tmp_path_factory: pytest.TempPathFactory, deb: Path) -> Iterator[System]:
    """Debian 13."""
    with fresh("trixie", deb, tmp_path_factory.mktemp("debian13")) as system:
        yield system
