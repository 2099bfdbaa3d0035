"""A picture of Icinga Web: a real one, over a real Icinga 2 that runs the package's checks on
captured hosts.

``python3 -m tests.package.icinga_web`` writes ``doc/pictures/icinga-web.png``. It needs root,
chromium, pngquant and some minutes; it is made by hand, for no two browsers draw alike.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pack.pictures import FOLDER
from tests.package.building import build
from tests.package.conftest import fresh
from tests.package.replay import replay
from tests.package.system import System, wait_for
from tests.package.test_5_icinga2 import answers, checked

PACKAGES = ("icinga2-bin", "icingadb", "icingadb-web", "icingaweb2", "mariadb-server",
            "redis-server", "php-cli", "php-mysql", "php-xml", "php-intl", "php-mbstring", "php-gd",
            "php-curl", "monitoring-plugins-basic")  # fmt: skip
ANSWER = "icingadb icingadb/dbconfig-install boolean false\n"
# nodes, and the captured hosts that they are
NODES = {
    "ams-gw1": "mesh-all-up",
    "ams-gw2": "fleet-130-all-up",
    "fra-gw1": "fleet-130-three-down",
    "fra-gw2": "identity-changed",
    "zrh-gw1": "required-down-in-clear",
    "zrh-gw2": "clients-two",
}
SHOWN = "fra-gw1"
PORT = 8080
ADDRESS = (f"http://127.0.0.1:{PORT}/icingadb/services?sort=service.state.severity%20desc"
           f"#!/icingadb/service?name=ipsec&host.name={SHOWN}")  # fmt: skip
SIZE = (1500, 545)

NODE = """
object Host "{name}" {{
    check_command = "dummy"
    vars.ipsec = true
    vars.ipsec_verbose = 1
}}
"""
SITE = """
object ApiUser "tests" { password = "tests", permissions = [ "*" ] }
object IcingaDB "icingadb" { host = "127.0.0.1", port = 6380 }
"""
# a host is replayed at the time of one check only, and only what check_ipsec asks
SERVICES = "/etc/icinga2/conf.d/monitoring-plugins-ipsec.conf"
ONLY = ("check_interval = 1m", "check_interval = 1m\n\t\tenable_active_checks = false")
TABLES = """
CREATE DATABASE icingadb;
CREATE USER icingadb@localhost IDENTIFIED BY 'icingadb';
GRANT ALL ON icingadb.* TO icingadb@localhost;
"""
DAEMON = """
database: {host: localhost, database: icingadb, user: icingadb, password: icingadb}
redis: {host: localhost, port: 6380}
"""
WEB = {
    "config.ini": '[global]\nconfig_backend = "none"\n[logging]\nlog = "none"\n',
    "authentication.ini": '[external]\nbackend = "external"\n',
    "roles.ini": '[everything]\nusers = "operator"\npermissions = "*"\n',
    "resources.ini": '[icingadb]\ntype = "db"\ndb = "mysql"\nhost = "localhost"\n'
    'dbname = "icingadb"\nusername = "icingadb"\npassword = "icingadb"\ncharset = "utf8mb4"\n',
    "modules/icingadb/config.ini": '[icingadb]\nresource = "icingadb"\n',
    "modules/icingadb/redis.ini": '[redis1]\nhost = "localhost"\nport = "6380"\n',
    "modules/icingadb/commandtransports.ini": "",
}


@contextmanager
def node() -> Iterator[System]:
    """A Debian 12 with the package."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (deb,) = build(folder, "nocheck").parent.glob("*.deb")
        with fresh("bookworm", deb, folder / "node") as system:
            yield system


def databases(system: System) -> None:
    """MariaDB with Icinga's tables, Redis, and what carries from one to the other."""
    system.run("install", "-d", "-o", "mysql", "/run/mysqld")
    system.start("mariadbd", "--user=mysql")
    system.start("redis-server", "--port", "6380", "--save", "")
    wait_for(
        lambda: system.run("mariadb", "-e", "SELECT 1", check=False).returncode == 0, "MariaDB"
    )
    system.run("mariadb", stdin=TABLES)
    schema = system.read("/usr/share/icingadb/schema/mysql/schema.sql")
    system.run("mariadb", "icingadb", stdin=schema)
    system.write("/etc/icingadb/config.yml", DAEMON)


def icinga(system: System) -> None:
    """Icinga 2, which has checked each node as the captured host that it is."""
    system.run("icinga2", "api", "setup")
    rule = system.read(SERVICES).replace(*ONLY)
    system.write(SERVICES, re.sub(r"in \[.*?\]", 'in [ "ipsec" ]', rule))
    system.write("/etc/icinga2/conf.d/services.conf", "")
    nodes = "".join(NODE.format(name=name) for name in NODES)
    system.write("/etc/icinga2/conf.d/hosts.conf", SITE + nodes)
    system.run("/usr/lib/icinga2/prepare-dirs", "/etc/default/icinga2")
    system.start("icinga2", "daemon")
    wait_for(lambda: answers(system), "Icinga's API answers")
    system.start("icingadb", "--config", "/etc/icingadb/config.yml")
    for name, host in NODES.items():
        replay(system, host)
        # as often as makes a state a hard one
        for _ in range(3):
            checked(system, name)


def web(system: System) -> None:
    """Icinga Web, whose user needs no password."""
    for name, text in WEB.items():
        system.write(f"/etc/icingaweb2/{name}", text)
    system.run("mkdir", "-p", "/etc/icingaweb2/enabledModules")
    for name in ("icingadb", "ipl", "incubator"):
        folder = f"/usr/share/icingaweb2/modules/{name}"
        if system.exists(folder):
            system.run("ln", "-sfn", folder, f"/etc/icingaweb2/enabledModules/{name}")
    public = "/usr/share/icingaweb2/public"
    system.start("env", "REMOTE_USER=operator", "php", "-S", f"127.0.0.1:{PORT}", "-t", public,
                 f"{public}/index.php")  # fmt: skip
    page = f"http://127.0.0.1:{PORT}/"
    ask = f"import urllib.request; urllib.request.urlopen({page!r})"
    wait_for(
        lambda: not system.run("/usr/bin/python3", "-c", ask, check=False).returncode, "the web"
    )


def photograph(system: System, path: Path) -> None:
    """Take the picture, in few colours."""
    size = ",".join(map(str, SIZE))
    with TemporaryDirectory() as folder:
        taken = f"{folder}/taken.png"
        words = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
                 f"--user-data-dir={folder}/profile", f"--window-size={size}",
                 "--virtual-time-budget=20000", f"--screenshot={taken}", ADDRESS]  # fmt: skip
        subprocess.run(system.beside(*words), check=True, capture_output=True, timeout=120)
        subprocess.run(["pngquant", "--strip", "--force", f"--output={path}", taken], check=True)


def main() -> None:
    """Everything."""
    with node() as system:
        system.run("debconf-set-selections", stdin=ANSWER)
        system.apt("install", "--no-install-recommends", *PACKAGES)
        databases(system)
        icinga(system)
        web(system)
        photograph(system, FOLDER / "icinga-web.png")


if __name__ == "__main__":
    main()
