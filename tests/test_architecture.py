"""Which module may import which: data flows one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "check_ipsec"
MODULES = sorted(PACKAGE.rglob("*.py"))

# the way of the data: a module imports from its own room and from those before it
ROOMS = (
    ("errors", "untrusted", "model"),
    ("grammar",),
    ("host",),
    ("configuration",),
    ("moment",),
    ("truth",),
    ("report",),
    ("command_line",),
    ("checks",),
    ("ipsec_global",),
    ("metrics",),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}
LONGEST = 300

NAMES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in MODULES}

# who alone may import a library
ALONE = {
    "pyparsing": {"grammar"},
    "nagiosplugin": {"checks"},
    "subprocess": {"host.process"},
    "cryptography": {"grammar.x509"},
    "argparse": {"command_line", "checks", "ipsec_global", "metrics"},
    "prometheus_client": {"metrics.prometheus"},
}
NEVER = {"importlib", "pkg_resources", "ssl", "asyncio"}


def name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inner(path: Path) -> set[str]:
    """The modules of the package that a module imports."""
    return {module.removeprefix("check_ipsec.") for module in imported(path)} & NAMES


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_flow_one_way(path: Path) -> None:
    if path.name == "__init__.py":
        assert not any(module.startswith("check_ipsec.") for module in imported(path))
        return
    for module in inner(path):
        room, own = (one.split(".")[0] for one in (module, name(path)))
        assert RANK[room] <= RANK[own], f"{name(path)} imports {module}"


def test_no_module_imports_itself_in_a_circle() -> None:
    TopologicalSorter({name(path): inner(path) for path in MODULES}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_is_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_libraries_stay_in_their_place(path: Path) -> None:
    libraries = {module.split(".")[0] for module in imported(path)}
    assert not libraries & NEVER
    for library in libraries & ALONE.keys():
        assert ALONE[library] & {name(path), name(path).split(".")[0]}
