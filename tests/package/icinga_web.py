"""A picture of Icinga Web: a real one, over a real Icinga 2 that runs the package's checks on
captured hosts.

``python3 -m tests.package.icinga_web`` writes ``doc/pictures/icinga-web.png``. It needs root,
chromium, pngquant and some minutes; it is made by hand, for no two browsers draw alike.
"""

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

PACKAGES = ("icinga2-bin", "icinga2-ido-mysql", "icingaweb2", "icingaweb2-module-monitoring",
            "mariadb-server", "php-cli", "php-mysql", "php-xml", "php-intl", "php-mbstring",
            "php-gd", "php-curl", "monitoring-plugins-basic")  # fmt: skip
# nodes, and the captured hosts that they are
NODES = {
    "ams-gw1": "mesh-all-up",
    "ams-gw2": "fleet-130-all-up",
    "fra-gw1": "fleet-130-three-down",
    "fra-gw2": "identity-changed",
    "zrh-gw1": "required-down-in-clear",
    "zrh-gw2": "one-sa-busy",
}
SHOWN = "fra-gw1"
PORT = 8080
ADDRESS = (f"http://127.0.0.1:{PORT}/monitoring/list/services?sort=service_severity"
           f"#!/monitoring/service/show?host={SHOWN}&service=ipsec")  # fmt: skip
SIZE = (1500, 760)

NODE = """
object Host "{name}" {{
    check_command = "dummy"
    vars.ipsec = true
    vars.ipsec_verbose = 1
}}
"""
SITE = """
object ApiUser "tests" { password = "tests", permissions = [ "*" ] }
object IdoMysqlConnection "ido" {
    user = "icinga", password = "icinga", database = "icinga", host = "127.0.0.1"
}
"""
GRANT = """
CREATE DATABASE icinga;
CREATE USER icinga@127.0.0.1 IDENTIFIED BY 'icinga';
CREATE USER icinga@localhost IDENTIFIED BY 'icinga';
GRANT ALL ON icinga.* TO icinga@127.0.0.1, icinga@localhost;
"""
WEB = {
    "config.ini": '[global]\nconfig_backend = "none"\n[logging]\nlog = "none"\n',
    "authentication.ini": '[external]\nbackend = "external"\n',
    "roles.ini": '[everything]\nusers = "operator"\npermissions = "*"\n',
    "resources.ini": '[ido]\ntype = "db"\ndb = "mysql"\nhost = "127.0.0.1"\nport = "3306"\n'
    'dbname = "icinga"\nusername = "icinga"\npassword = "icinga"\ncharset = "utf8mb4"\n',
    "modules/monitoring/config.ini": "[security]\n",
    "modules/monitoring/backends.ini": '[icinga]\ntype = "ido"\nresource = "ido"\n',
    "modules/monitoring/commandtransports.ini": "",
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


def database(system: System) -> None:
    """MariaDB with Icinga's tables."""
    system.run("install", "-d", "-o", "mysql", "/run/mysqld")
    system.start("mariadbd", "--user=mysql")
    wait_for(
        lambda: system.run("mariadb", "-e", "SELECT 1", check=False).returncode == 0, "MariaDB"
    )
    system.run("mariadb", stdin=GRANT)
    schema = system.read("/usr/share/icinga2-ido-mysql/schema/mysql.sql")
    system.run("mariadb", "icinga", stdin=schema)


def icinga(system: System) -> None:
    """Icinga 2, which has checked each node as the captured host that it is."""
    system.run("icinga2", "api", "setup")
    system.run("icinga2", "feature", "enable", "ido-mysql")
    system.write("/etc/icinga2/features-available/ido-mysql.conf", 'library "db_ido_mysql"\n')
    system.write("/etc/icinga2/conf.d/services.conf", "")
    nodes = "".join(NODE.format(name=name) for name in NODES)
    system.write("/etc/icinga2/conf.d/hosts.conf", SITE + nodes)
    system.run("/usr/lib/icinga2/prepare-dirs", "/etc/default/icinga2")
    system.start("icinga2", "daemon")
    wait_for(lambda: answers(system), "Icinga's API answers")
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
    modules = "/usr/share/icingaweb2/modules/monitoring"
    system.run("ln", "-sfn", modules, "/etc/icingaweb2/enabledModules/monitoring")
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
        subprocess.run(["nsenter", "--target", system._pid, "--net", *words], check=True,
                       capture_output=True, timeout=120)  # fmt: skip
        subprocess.run(["pngquant", "--strip", "--force", f"--output={path}", taken], check=True)


def main() -> None:
    """Everything."""
    with node() as system:
        answer = "icinga2-ido-mysql icinga2-ido-mysql/dbconfig-install boolean false\n"
        system.run("debconf-set-selections", stdin=answer)
        system.apt("install", "--no-install-recommends", *PACKAGES)
        database(system)
        icinga(system)
        web(system)
        photograph(system, FOLDER / "icinga-web.png")


if __name__ == "__main__":
    main()
