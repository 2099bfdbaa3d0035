"""Which module may import which: data flows one way."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "check_ipsec"
MODULES = sorted(PACKAGE.rglob("*.py"))

# a module imports from layers above its own line, or from its own
LAYERS = (
    ("errors", "model", "reasons", "untrusted"),
    ("grammar.tokens", "grammar.xfrm", "grammar.ipsec_conf", "grammar.statusall",
     "grammar.xfrm_state", "grammar.xfrm_policy"),
    ("selectors", "expectation", "files", "keywords", "proposals", "sources", "process"),
    ("protection",),
    ("configuration", "kernel", "host", "stale"),
    ("live", "captured", "capture", "snapshot"),
    ("verdict", "facts"),
    ("usable",),
    ("coverage",),
    ("reconcile", "unlisted"),
    ("observe",),
    ("severity",),
    ("headline", "table", "as_json", "command_line"),
    ("checks.cli", "checks.thresholds"),
    ("checks.ipsec",),
    ("ipsec_global.orders",),
    ("ipsec_global.scene",),
    ("ipsec_global.action",),
    ("ipsec_global.down", "ipsec_global.up", "ipsec_global.show"),
    ("ipsec_global.operation", "ipsec_global.report"),
    ("ipsec_global.command",),
    ("__main__",),
)  # fmt: skip
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}

NAMES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in MODULES}

# who alone may import a library
ALONE = {
    "pyparsing": {"grammar"},
    "nagiosplugin": {"checks"},
    "subprocess": {"process"},
    "argparse": {"command_line", "checks", "ipsec_global"},
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


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_flow_one_way(path: Path) -> None:
    if path.name == "__init__.py":
        assert not any(module.startswith("check_ipsec.") for module in imported(path))
        return
    for module in imported(path):
        inner = module.removeprefix("check_ipsec.")
        if module.startswith("check_ipsec.") and inner in NAMES:
            assert RANK[inner] <= RANK[name(path)], f"{name(path)} imports {inner}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_libraries_stay_in_their_place(path: Path) -> None:
    libraries = {module.split(".")[0] for module in imported(path)}
    assert not libraries & NEVER
    for library in libraries & ALONE.keys():
        assert name(path).split(".")[0] in ALONE[library]
