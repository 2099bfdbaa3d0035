"""Catalogues of hosts, compiled by Puppet, and the files that they lay."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from check_ipsec.configuration.ipsec_conf import load
from check_ipsec.model.configuration import Configuration
from tests.hosts import ROOT

MODULE = ROOT / "puppet"
COMPILE = ROOT / "tests/puppet/compile.rb"
DEBIAN = "/usr/share/puppet/modules"
AGENT = {
    "cert": "/var/lib/puppet/ssl/certs/own.pem",
    "key": "/var/lib/puppet/ssl/private_keys/own.pem",
    "type": "RSA",
    "ca": [f"-----BEGIN CERTIFICATE-----\n{one}\n-----END CERTIFICATE-----\n" for one in "ab"],
}
FACTS = {
    "os": {"name": "Debian", "family": "Debian", "release": {"major": "12"}},
    "networking": {"ip": "192.0.2.99"},
    "ipsec_puppet": AGENT,
}


class Catalogue:
    """What one host is to be like."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.resources = {
            f"{one['type']}[{one['title']}]": one.get("parameters", {})
            for one in document["resources"]
        }

    @property
    def files(self) -> dict[str, str]:
        """Texts by path."""
        return {
            name[5:-1]: parameters["content"]
            for name, parameters in self.resources.items()
            if name.startswith("File[") and "content" in parameters
            if parameters["ensure"] != "absent"
        }

    def configuration(self) -> Configuration:
        """Its ipsec.conf, as check_ipsec reads it."""
        return load("/etc/ipsec.conf", Laid(self.files))

    def write(self, folder: Path) -> Path:
        """Its ipsec.conf below a folder, for programs that read no other."""
        for path, text in self.files.items():
            if path == "/etc/ipsec.conf" or path.startswith("/etc/ipsec.d/connections/"):
                to = folder / path.removeprefix("/etc/")
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_text(text.replace("include /etc/", f"include {folder}/"))
        return folder / "ipsec.conf"


class Laid:
    """The files of a catalogue as those of a host."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def read(self, path: str) -> str:
        return self.texts[path]

    def glob(self, pattern: str) -> list[str]:
        return sorted(path for path in self.texts if fnmatch(path, pattern))


@contextmanager
def modules() -> Iterator[str]:
    """A modulepath: the module under its name, and Debian's."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "ipsec").symlink_to(MODULE)
        yield f"{folder}:{DEBIAN}"


def run(data: dict[str, Any], facts: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """What Puppet says of hosts with these facts and Hiera's ``data``."""
    with modules() as path, TemporaryDirectory() as folder:
        hiera, nodes = Path(folder) / "site.yaml", Path(folder) / "nodes.json"
        hiera.write_text(json.dumps(data))
        nodes.write_text(json.dumps(facts))
        return subprocess.run(["ruby", COMPILE, path, hiera, nodes], check=False,
                              capture_output=True, text=True, timeout=300)  # fmt: skip


def compiled(data: dict[str, Any], facts: dict[str, Any]) -> dict[str, Catalogue]:
    """The catalogue of each host."""
    done = run(data, facts)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return {name: Catalogue(document) for name, document in json.loads(done.stdout).items()}


def refusal(data: dict[str, Any], name: str = "alone") -> str:
    """Why Puppet makes no catalogue."""
    done = run(data, {name: FACTS})
    assert done.returncode == 1, "it is not refused"
    return done.stderr
