"""Both ends of a mesh in real charon daemons: they accept each other's certificates.

The authority is Puppet's kind: one that another one has signed, both in the agent's file.
"""

import re
import subprocess
from pathlib import Path

import pytest

from tests.hosts import ROOT
from tests.puppet.compiled import AGENT, FACTS, MODULE, compiled
from tests.puppet.test_mesh import DATA, DOMAIN, NODES

PEERS = {"cp0001": "cp0101", "cp0101": "cp0001"}


class Authority:
    """A certification authority, made with ``pki``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key("root")
        self.pki("--self", "--ca", "--in", "root.key", "--dn", "CN=Root", to="root.pem")
        self.issue("ca", "CN=Puppet CA", "root", "--ca")

    def issue(self, name: str, subject: str, by: str, *options: str) -> None:
        """A key and its certificate."""
        self.key(name)
        signed = ("--cacert", f"{by}.pem", "--cakey", f"{by}.key", "--dn", subject)
        self.pki("--issue", *options, "--in", f"{name}.key", "--type", "priv", *signed,
                 to=f"{name}.pem")  # fmt: skip

    def key(self, name: str) -> None:
        self.pki("--gen", "--type", "ecdsa", "--size", "256", to=f"{name}.key")

    def pki(self, *words: str, to: str) -> None:
        made = subprocess.run(["pki", *words, "--outform", "pem"], cwd=self.folder, check=True,
                              capture_output=True)  # fmt: skip
        (self.folder / to).write_bytes(made.stdout)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("peers")
    authority = Authority(tmp_path_factory.mktemp("authority"))
    agent = AGENT | {"type": "ECDSA", "ca": [authority.text("ca.pem"), authority.text("root.pem")]}
    data = DATA | {"ipsec::mesh::nodes": {name: NODES[name] for name in PEERS}}
    hosts = compiled(data, {f"{name}.{DOMAIN}": FACTS | {"ipsec_puppet": agent} for name in PEERS})
    for name in PEERS:
        authority.issue(name, f"CN={name}.{DOMAIN}", "ca")
        files = hosts[f"{name}.{DOMAIN}"].files | {
            "/etc/ipsec.d/certs/mesh.pem": authority.text(f"{name}.pem"),
            "/etc/ipsec.d/private/mesh.pem": authority.text(f"{name}.key"),
        }
        for path, text in files.items():
            to = folder / name / path.lstrip("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(text)
    subprocess.run(
        ["unshare", "-mnpf", "--mount-proc", "sh", ROOT / "tests/puppet/peers.sh", folder,
         MODULE / "files/ipsec_update.py"],
        check=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    texts = {name: (folder / f"{name}.said").read_text() for name in PEERS}
    return texts | {name: (folder / name).read_text() for name in ("closed", "later")}


@pytest.mark.parametrize(("name", "peer"), PEERS.items(), ids=PEERS)
def test_each_end_knows_the_other(said: dict[str, str], name: str, peer: str) -> None:
    for family in ("v4", "v6"):
        ends = (f"{re.escape(NODES[one][family])}\\[CN={one}.{DOMAIN}\\]" for one in (name, peer))
        up = rf"^ +{peer}_{family}\[\d+\]: ESTABLISHED .*, {'...'.join(ends)}$"
        assert re.search(up, said[name], re.MULTILINE), said[name]
    assert "AES_GCM_16_128/PRF_HMAC_SHA2_384/ECP_384_BP" in said[name]


@pytest.mark.parametrize("name", PEERS)
def test_each_has_read_both_authorities(said: dict[str, str], name: str) -> None:
    assert set(re.findall(r'subject:  "(.*)"', said[name])) == {"CN=Root", "CN=Puppet CA"}


def test_what_is_up_of_a_connection_that_is_gone_is_closed(said: dict[str, str]) -> None:
    closed = r"closed cp0101_v6\[\d+\], whose connection is gone\n"
    assert re.fullmatch(f"(?:{closed})+", said["closed"])
    assert "cp0101_v6" not in said["later"]
    assert re.search(r"^ +cp0101_v4\[\d+\]: ESTABLISHED", said["later"], re.MULTILINE)
