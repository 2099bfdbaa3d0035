"""Apache and nginx show the runbook where the monitoring links it, by the shipped snippets."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from check_ipsec.report.severity import Severity
from check_ipsec.truth.reasons import Reason
from pack.manual import DOCUMENTS, PACKAGE
from pack.runbook import ADDRESS
from tests.package.system import System, wait_for

PAGE = f"{DOCUMENTS}/runbook.html"
SITE = "/etc/nginx/sites-available/default"
GET = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("http://127.0.0.1" + sys.argv[1])
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.headers.get_content_type(), answer.url)
sys.stdout.write(answer.read().decode())
"""


class Answer(NamedTuple):
    """What a browser gets."""

    status: str
    kind: str
    url: str
    text: str


def get(node: System, path: str) -> Answer:
    """What is at ``path`` on the web server of the system."""
    head, _, text = node.run("/usr/bin/python3", "-c", GET, path).stdout.partition("\n")
    return Answer(*head.split(), text)


@contextmanager
def running(node: System, name: str, *command: str) -> Iterator[None]:
    """A daemon of that name, from when it answers."""
    daemon = node.start(*command)
    asked = ("/usr/bin/python3", "-c", GET, "/")
    wait_for(lambda: node.run(*asked, check=False).returncode == 0, f"{name} answers")
    yield
    node.run("pkill", "-KILL", "-x", name)
    daemon.wait(timeout=60)


@pytest.fixture(scope="module")
def apache2(node: System) -> System:
    """Debian's Apache, with nothing of ours enabled."""
    node.apt("install", "--no-install-recommends", "apache2", "procps")
    node.run("install", "-d", "/run/lock")
    return node


@pytest.fixture(scope="module")
def nginx(node: System) -> System:
    """Debian's nginx, with the line that the README names."""
    node.apt("install", "--no-install-recommends", "nginx-light", "procps")
    line = "\tserver_name _;\n"
    assert line in node.read(SITE)
    included = f"{line}\tinclude snippets/{PACKAGE}.conf;\n"
    node.write(SITE, node.read(SITE).replace(line, included))
    return node


def test_the_page_is_valid(node: System) -> None:
    path = node.root / PAGE.lstrip("/")
    done = subprocess.run(["tidy", "-q", "-e", path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_served_that_nobody_enabled(apache2: System) -> None:
    assert apache2.run("a2query", "-c", PACKAGE, check=False).returncode != 0
    with running(apache2, "apache2", "apachectl", "-D", "FOREGROUND"):
        assert get(apache2, ADDRESS).status == "404"


def test_apache_shows_the_page(apache2: System) -> None:
    apache2.run("a2enconf", PACKAGE)
    with running(apache2, "apache2", "apachectl", "-D", "FOREGROUND"):
        check(apache2)


def test_nginx_shows_the_page(nginx: System) -> None:
    nginx.run("nginx", "-t")
    with running(nginx, "nginx", "nginx", "-g", "daemon off;"):
        check(nginx)


def check(node: System) -> None:
    """The page is there with its anchors, and nothing else."""
    answer = get(node, ADDRESS)
    assert (answer.status, answer.kind) == ("200", "text/html")
    assert answer.text == node.read(PAGE)
    anchors = {f"status-{status.value}" for status in Severity}
    for anchor in anchors | {reason.anchor for reason in Reason}:
        assert f' id="{anchor}"' in answer.text
    folder = str(Path(ADDRESS).parent)
    assert get(node, f"{folder}/").url.endswith(ADDRESS)
    for other in ("runbook.md", "README.md.gz", "../doc/", "runbook.html/x"):
        assert get(node, f"{folder}/{other}").status in ("400", "404")


def test_a_purge_leaves_an_apache_that_starts(apache2: System, deb: Path) -> None:
    assert apache2.exists(f"/etc/apache2/conf-enabled/{PACKAGE}.conf")
    apache2.apt("purge", PACKAGE)
    assert not (apache2.root / f"etc/apache2/conf-enabled/{PACKAGE}.conf").is_symlink()
    apache2.run("apachectl", "configtest")
    apache2.apt("install", apache2.put(deb))
    assert not apache2.exists(f"/etc/apache2/conf-enabled/{PACKAGE}.conf")
