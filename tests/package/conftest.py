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
    """The .changes file of a build; the one on Debian 13 runs the tests too."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield build(folder, "nocheck")


@pytest.fixture(scope="session")
def deb(changes: Path) -> Path:
    """The Debian package."""
    (found,) = changes.parent.glob("*.deb")
    return found


@contextmanager
def bare(suite: str, folder: Path) -> Iterator[System]:
    """A minimal system that knows what could be installed."""
    system = System(bootstrapped(suite), folder)
    try:
        system.apt("update")
        yield system
    finally:
        system.destroy()


@contextmanager
def fresh(suite: str, deb: Path, folder: Path) -> Iterator[System]:
    """A minimal system with the package and what apt installs along."""
    with bare(suite, folder) as system:
        system.apt("install", system.put(deb))
        yield system


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
