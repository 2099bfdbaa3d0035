"""Catalogues of hosts, compiled by Puppet, and the files that they lay."""

import atexit
import json
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from check_ipsec.configuration.ipsec_conf import load
from check_ipsec.model.configuration import Configuration
from tests.hosts import ROOT

MODULE = ROOT / "puppet"
COMPILE = ROOT / "tests/puppet/compile.rb"
DEBIAN = "/usr/share/puppet/modules"
AGENT: dict[str, Any] = {
    "cert": "/var/lib/puppet/ssl/certs/own.pem",
    "key": "/var/lib/puppet/ssl/private_keys/own.pem",
    "type": "RSA",
    "ca": [f"-----BEGIN CERTIFICATE-----\n{one}\n-----END CERTIFICATE-----\n" for one in "ab"],
}
FACTS: dict[str, Any] = {
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


class Puppet:
    """A Puppet that compiles one catalogue after another."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        (Path(self._folder.name) / "ipsec").symlink_to(MODULE)
        modules = f"{self._folder.name}:{DEBIAN}"
        self._process = subprocess.Popen(["ruby", COMPILE, modules], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        atexit.register(self.close)

    def answer(self, data: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
        """What it says of hosts with these facts and Hiera's ``data``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"data": data, "facts": facts}) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._folder.cleanup()

    def compiled(self, data: dict[str, Any], facts: dict[str, Any]) -> dict[str, Catalogue]:
        """The catalogue of each host."""
        answer = self.answer(data, facts)
        assert "refusal" not in answer, answer["refusal"]
        return {name: Catalogue(document) for name, document in answer["catalogues"].items()}


puppet = cache(Puppet)


def compiled(data: dict[str, Any], facts: dict[str, Any]) -> dict[str, Catalogue]:
    """The catalogue of each host."""
    return puppet().compiled(data, facts)


def refusal(data: dict[str, Any], name: str = "alone") -> str:
    """Why Puppet makes no catalogue."""
    answer = puppet().answer(data, {name: FACTS})
    assert "refusal" in answer, "it is not refused"
    return str(answer["refusal"])
