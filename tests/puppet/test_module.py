"""The module as Puppet's own tools judge it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from check_ipsec import __version__
from tests.puppet.compiled import MODULE

MANIFESTS = [str(path.relative_to(MODULE)) for path in sorted(MODULE.rglob("*.pp"))]
TEMPLATES = [str(path.relative_to(MODULE)) for path in sorted(MODULE.rglob("*.epp"))]


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """The module below its own name."""
    path = tmp_path / "ipsec"
    path.symlink_to(MODULE)
    return path


def said(folder: Path, *words: str) -> str:
    """What a command says, which is to succeed."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_parser_accepts_it(module: Path) -> None:
    said(module, "puppet", "parser", "validate", *MANIFESTS)
    said(module, "puppet", "epp", "validate", *TEMPLATES)


def test_puppet_lint_finds_nothing(module: Path) -> None:
    folders = (f"{module}/{name}/" for name in ("manifests", "functions", "types"))
    assert said(module.parent, "puppet-lint", "--fail-on-warnings", *folders) == ""


def test_rspec_passes() -> None:
    assert ", 0 failures\n" in said(MODULE, "rspec", "--no-color")


def test_the_reference_is_of_now(tmp_path: Path) -> None:
    copied = tmp_path / "ipsec"
    shutil.copytree(MODULE, copied)
    said(copied, "puppet", "strings", "generate", "--format", "markdown", "--out", "new.md")
    assert (copied / "new.md").read_text() == (MODULE / "REFERENCE.md").read_text()


def test_its_release_is_that_of_the_plugins() -> None:
    metadata = json.loads((MODULE / "metadata.json").read_text())
    assert metadata["version"] == __version__
    assert f"## Release {__version__}\n" in (MODULE / "CHANGELOG.md").read_text()
    assert metadata["requirements"] == [
        {"name": "puppet", "version_requirement": ">= 7.0.0 < 9.0.0"}
    ]
