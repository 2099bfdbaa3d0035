"""What ``ipsec-update`` closes on captured hosts, when connections are gone."""

from runpy import run_path
from types import SimpleNamespace

import pytest

from tests.hosts import ROOT
from tests.puppet.compiled import MODULE

HOSTS = ROOT / "fixtures/hosts"
NAMES = sorted(path.parent.name for path in HOSTS.glob("*/statusall"))
PROGRAM = SimpleNamespace(**run_path(str(MODULE / "files/ipsec_update.py")))
PEER = ("  1", "   local:", "   remote:")
CHILD = ("   child:",)


def statusall(host: str, *gone: str) -> str:
    """charon's answer without these lines of what it has loaded."""
    lines = (HOSTS / host / "statusall").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(gone))


def loaded(name: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"{name:>12}:{kind}" for kind in kinds)


@pytest.mark.parametrize("host", NAMES)
def test_what_is_loaded_stays(host: str) -> None:
    text = (HOSTS / host / "statusall").read_text(errors="surrogateescape")
    assert PROGRAM.orphans(text, set()) == []


@pytest.mark.parametrize(
    ("gone", "laid", "closed"),
    [
        ((*loaded("net1", *PEER, *CHILD), *loaded("net2", *CHILD)), set(), ["net1[1]"]),
        (loaded("net1", *CHILD), {"net2"}, ["net1{1}"]),
        (loaded("net2", *CHILD), {"net1"}, ["net2{2}"]),
        (loaded("net2", *CHILD), {"net1", "net2"}, []),
        ((*loaded("net1", *PEER, *CHILD), *loaded("net2", *CHILD)), {"net2"}, ["net1{1}"]),
    ],
    ids=["both", "who gave the IKE_SA its name", "the other", "laid anew", "loaded by itself"],
)
def test_merged(gone: tuple[str, ...], laid: set[str], closed: list[str]) -> None:
    assert PROGRAM.orphans(statusall("merged", *gone), laid) == closed
