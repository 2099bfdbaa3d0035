"""A mesh that Puppet lays: two sites behind a router, ``puppet apply`` with Hiera on each host.

There is no systemd on hosts of the lab: a program in the place of ``systemctl`` starts and
stops what units would. The package of the plugins is an empty one of its name; they are
installed as on any other host of the lab.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.certificates import issue
from lab.errors import LabError
from lab.hosts import ENVIRONMENT, Host, run
from lab.installation import PROJECT
from lab.scenario import Lab, scenario
from lab.scenarios.nrpe import arrives
from lab.waiting import wait_until
from lab.wire import prove

DOMAIN = "example.org"
SITES = {
    "ams": ("192.0.2.254", "2001:db8:1::fe"),
    "iad": ("198.51.100.254", "2001:db8:2::fe"),
}
Nodes = dict[str, dict[str, str]]
NODES: Nodes = {
    "cp0001": {"site": "ams", "role": "edge", "v4": "192.0.2.1", "v6": "2001:db8:1::1"},
    "cp0002": {"site": "ams", "role": "edge", "v4": "192.0.2.2", "v6": "2001:db8:1::2"},
    "cp0101": {"site": "iad", "role": "main", "v4": "198.51.100.1", "v6": "2001:db8:2::1"},
    "cp0102": {"site": "iad", "role": "main", "v4": "198.51.100.2", "v6": "2001:db8:2::2"},
}
FAMILIES = ("v4", "v6")
# of each connection, what is under way while one end has an SA already and the other has not:
# half a second's, on a machine that has no time
UNDER_WAY = 50
# two of one site, of which one has its cipher changed
SIDE = {"cp0001": "cp0002", "cp0002": "cp0001"}
SYSTEMCTL = """\
#!/bin/sh
for unit; do :; done
unit=${unit%.service}
mkdir -p /run/active /run/enabled
case $1 in
is-active) [ -e "/run/active/$unit" ] ;;
is-enabled) [ -e "/run/enabled/$unit" ] && echo enabled || { echo disabled; exit 1; } ;;
enable) touch "/run/enabled/$unit" ;;
disable) rm -f "/run/enabled/$unit" ;;
start)
    touch "/run/active/$unit"
    case $unit in
    strongswan-starter) setsid ipsec start --nofork >/dev/null 2>&1 </dev/null & ;;
    esac ;;
stop)
    rm -f "/run/active/$unit"
    case $unit in
    strongswan-starter) ipsec stop >/dev/null 2>&1 ;;
    esac ;;
reload) pkill -HUP -x nrpe ;;
esac
"""
HIERA = """\
version: 5
defaults: {datadir: /etc/puppet/own, data_hash: json_data}
hierarchy: [{name: this host, path: own.json}]
"""
# Ruby 3.1 resolves the paths of all loaded features anew after every change of their list:
# three quarters of the time in a guest
QUICK = """\
require 'puppet'

Puppet::Util::Autoload.singleton_class.prepend(
  Module.new do
    def mark_loaded(name, file)
      file = File.expand_path(file)
      loaded[cleanpath(name).chomp('.rb')] = [file, File.mtime(file)]
    end
  end
)
"""
APPLY_SECONDS = 300
APPLY = (
    *("env", "RUBYOPT=-r/run/quick.rb", "puppet", "apply", "--detailed-exitcodes"),
    *("--hiera_config", "/etc/puppet/hiera.yaml"),
    *("--modulepath", "/etc/puppet/modules:/usr/share/puppet/modules"),
    *("--execute", "lookup('classes').include", "--certname"),
)
SSL = "/var/lib/puppet/ssl"
CONTROL = """\
Package: monitoring-plugins-ipsec
Version: 0
Architecture: all
Maintainer: The lab <lab@example.org>
Description: stands for the plugins, which are there already
"""
# where programs keep what they know for themselves, and the lab what it tells Puppet
OWN = (
    *("/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/var/log", "/var/lib/puppet", "/var/backups"),
    *("/etc/.pwd.lock", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sub"),
    "/etc/puppet/own",
)


class Mesh:
    """The hosts, and what Hiera says of each."""

    def __init__(self, lab: Lab, names: Iterable[str] = NODES, **data: Any) -> None:
        self.lab = lab
        self.nodes = {name: NODES[name] for name in names}
        self.data: dict[str, Any] = {
            "classes": ["ipsec::mesh", "ipsec::monitoring"],
            "ipsec::mesh::nodes": self.nodes,
            "ipsec::mesh::domain": DOMAIN,
            **data,
        }
        self.of_host: dict[str, dict[str, Any]] = {name: {} for name in self.nodes}
        self._add_router()
        self.hosts = {name: self._host(name, node) for name, node in self.nodes.items()}

    def _add_router(self) -> None:
        router = self.lab.unlinked_host("router")
        router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        router.run("sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1")
        for device, (site, (v4, v6)) in enumerate(SITES.items()):
            self.lab.add_network(site)
            router.link(site, f"eth{device}", f"{v4}/24", f"{v6}/64")

    def _host(self, name: str, node: dict[str, str]) -> Host:
        host = self.lab.unlinked_host(name)
        host.link(node["site"], "eth0", f"{node['v4']}/24", f"{node['v6']}/64")
        for gateway in SITES[node["site"]]:
            family = "-6" if ":" in gateway else "-4"
            host.run("ip", family, "route", "add", "default", "via", gateway)
        shutil.copytree(PROJECT / "puppet", host.root / "etc/puppet/modules/ipsec")
        host.write("/etc/puppet/hiera.yaml", HIERA)
        host.write("/run/quick.rb", QUICK)
        host.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
        host.write("/run/comm", "systemd\n")
        host.run("mount", "--bind", "/run/comm", "/proc/1/comm")
        # which would open all manual pages of the machine
        host.write("/usr/bin/mandb", "#!/bin/sh\n", 0o755)
        host.write("/run/empty/DEBIAN/control", CONTROL)
        host.run("dpkg-deb", "--build", "/run/empty", "/run/empty.deb")
        host.run("dpkg", "--install", "/run/empty.deb")
        host.run("install", "-d", "-o", "nagios", "/run/nagios")
        self.certify(host)
        return host

    def certify(self, host: Host) -> None:
        """A certificate as Puppet's CA would issue it, where the agent has it."""
        name = f"{host.name}.{DOMAIN}"
        key, certificate, authority = issue(name)
        host.write(f"{SSL}/certs/{name}.pem", certificate)
        host.write(f"{SSL}/private_keys/{name}.pem", key, 0o600)
        host.write(f"{SSL}/certs/ca.pem", authority)

    def apply(self, name: str, expected: int) -> None:
        """Puppet's run on a host ends with this status: 0 for nothing to do, 2 for changes."""
        host = self.hosts[name]
        host.write("/etc/puppet/own/own.json", json.dumps(self.data | self.of_host[name]))
        command = host.command(*APPLY, f"{name}.{DOMAIN}")
        begin = time.monotonic()
        done = run(*command, check=False, timeout=APPLY_SECONDS)
        self.lab.note(f"{name}: Puppet took {time.monotonic() - begin:.0f} s")
        # of each file of the machine that is cached, the guest holds one open there
        Path("/proc/sys/vm/drop_caches").write_text("2")
        if done.returncode != expected:
            said = (done.stdout + done.stderr)[-3000:]
            raise LabError(f"puppet apply on {name}: {done.returncode}, not {expected}\n{said}")

    def apply_all(self, expected: int, names: Iterable[str] = ()) -> None:
        for name in names or self.hosts:
            self.apply(name, expected)

    def wait_up(self, name: str) -> None:
        """Returns once all connections of a host are up, within a minute."""
        own = self.nodes[name]["role"]
        peers = [one for one, node in self.nodes.items() if node["role"] != own]
        names = [f"{peer}_{family}" for peer in peers for family in FAMILIES]
        self.hosts[name].wait(*(rf"^ *{one}\{{\d+\}}:  INSTALLED" for one in names), timeout=60)


class Pings:
    """Echo requests every 10 ms between two hosts on both families, none of which gets lost."""

    def __init__(self, sender: Host, receiver: str) -> None:
        self._sender = sender
        self._folder = TemporaryDirectory()
        self._running = {
            family: self._begun(NODES[receiver][family], family) for family in FAMILIES
        }

    def _begun(self, address: str, name: str) -> subprocess.Popen[bytes]:
        command = self._sender.command("ping", "-i", "0.01", address)
        with Path(self._folder.name, name).open("w") as said:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, env=ENVIRONMENT)

    def end(self) -> tuple[int, int]:
        """How many were sent, and how many got lost; those of the last second are under way."""
        self._sender.kill("INT", "ping")
        sent = lost = 0
        for family, ping in self._running.items():
            ping.wait(timeout=60)
            text = Path(self._folder.name, family).read_text()
            found = re.search(r"(\d+) packets transmitted", text)
            if not found:
                raise LabError(f"ping of {self._sender.name}: {text[-1000:]}")
            answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", text)}
            sent += int(found[1])
            expected = max(answered | {int(found[1]) - 100})
            lost += expected - sum(number <= expected for number in answered)
        self._folder.cleanup()
        return sent, lost


class Wire:
    """A host's cable, on which no echo request passes that could be read."""

    def __init__(self, host: Host) -> None:
        words = ["-i", f"{host.name}-eth0", "-n", "-c", "1", "-Z", "root", "--immediate-mode"]
        self._tcpdump = subprocess.Popen(
            ["tcpdump", *words, "icmp[0] = 8 or (icmp6 and ip6[40] = 128)"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="latin-1", env=ENVIRONMENT,
        )  # fmt: skip

    def require_nothing_readable(self) -> None:
        running = self._tcpdump.poll() is None
        self._tcpdump.terminate()
        said = self._tcpdump.communicate()[0]
        if not running or "0 packets captured" not in said:
            raise LabError(f"readable on the wire: {said}")


def files(host: Host) -> set[str]:
    """What has been written on a host, but what is taken away again."""
    layer = host.root.parent / "upper"
    found = ("/" + str(path.relative_to(layer)) for path in layer.rglob("*") if not path.is_dir())
    written = {one for one in found if not (host.root.parent / f"upper{one}").is_char_device()}
    return {one for one in written if not one.startswith(OWN)}


def side(esp: str, name: str) -> dict[str, Any]:
    """A connection besides the mesh."""
    peer = SIDE[name]
    return {
        "ipsec::connections": {
            "side": {
                "left": NODES[name]["v4"], "right": NODES[peer]["v4"], "leftcert": "mesh.pem",
                "rightid": f"CN={peer}.{DOMAIN}", "esp": esp,
                "auto": "start",
            }
        }
    }  # fmt: skip


@scenario(live=True, seconds=2400)
def puppet_mesh(lab: Lab) -> None:
    """Puppet lays a mesh; what changes in it leaves the rest alone; nothing of it is left."""
    mesh = Mesh(lab)
    for name in SIDE:
        mesh.of_host[name] |= side("aes128gcm16-ecp384bp-noesn!", name)
    alone = mesh.hosts["cp0002"]
    # unlike the kernel's own
    mesh.of_host["cp0002"]["ipsec::larval_drop"] = False
    before = files(alone)
    mesh.apply_all(2)
    for name, host in mesh.hosts.items():
        mesh.wait_up(name)
        host.spawn("/usr/sbin/nrpe", "-c", "/etc/nagios/nrpe.cfg", "-f")
    for name, host in mesh.hosts.items():
        number = 5 if name in SIDE else 4
        wait_until(lambda host=host: host.run("pgrep", "-x", "nrpe", check=False).stdout, "nrpe")
        arrives(host, f"OK - {number} connections established")
    sender, receiver = mesh.hosts["cp0001"], mesh.hosts["cp0101"]
    for family in ("v4", "v6"):
        ends = NODES["cp0001"][family], NODES["cp0101"][family]
        prove(sender, receiver, "ESP", ends=ends)
    mesh.apply_all(0)
    require_larval_drop(alone, "0")
    change(mesh)
    take_away(mesh, "cp0002", before)


def change(mesh: Mesh) -> None:
    """A node less and more, another cipher, a new certificate: nobody else loses a packet."""
    sender, edges = mesh.hosts["cp0001"], ("cp0001", "cp0002")
    wire = Wire(mesh.hosts["cp0101"])
    with undisturbed(mesh, "a node less"):
        mesh.data["ipsec::mesh::nodes"] = {one: NODES[one] for one in NODES if one != "cp0102"}
        mesh.apply_all(2, edges)
        for name in edges:
            mesh.hosts[name].wait_gone("cp0102")
    with undisturbed(mesh, "a node more"):
        mesh.data["ipsec::mesh::nodes"] = NODES
        mesh.apply_all(2, edges)
        for name in edges:
            mesh.wait_up(name)
    with undisturbed(mesh, "another cipher"):
        for name in SIDE:
            mesh.of_host[name] |= side("aes256gcm16-ecp384bp-noesn!", name)
        mesh.apply_all(2, SIDE)
        # what is up stays as it was agreed on; by hand once both ends have the new one
        sender.run("ipsec", "down", "side")
        sender.run("ipsec", "up", "side")
        sender.wait(r"^ *side\{\d+\}:  AES_GCM_16_256")
    # whose connections authenticate anew
    own = Pings(sender, "cp0101")
    with undisturbed(mesh, "a new certificate", "cp0002", "cp0102"):
        old = sender.read("/etc/ipsec.d/certs/mesh.pem")
        mesh.certify(sender)
        mesh.apply("cp0001", 2)
        if sender.read("/etc/ipsec.d/certs/mesh.pem") == old:
            raise LabError("the certificate is the old one")
        mesh.wait_up("cp0001")
    require_few_lost(mesh, "its own", own, UNDER_WAY * len(FAMILIES))
    wire.require_nothing_readable()
    mesh.apply_all(0, edges)


@contextmanager
def undisturbed(
    mesh: Mesh, moment: str, sender: str = "cp0001", receiver: str = "cp0101"
) -> Iterator[None]:
    """Meanwhile no echo request between two others gets lost."""
    pings = Pings(mesh.hosts[sender], receiver)
    yield
    require_few_lost(mesh, moment, pings, 0)


def require_few_lost(mesh: Mesh, moment: str, pings: Pings, limit: int) -> None:
    """Echo requests end; no more than so many of them got lost."""
    sent, lost = pings.end()
    mesh.lab.note(f"{moment}: {sent} echo requests, {lost} lost")
    if lost > limit or not sent:
        raise LabError(f"{moment}: {lost} of {sent} echo requests got lost")


def take_away(mesh: Mesh, name: str, before: set[str]) -> None:
    """``ensure => absent`` leaves no file, state, policy, setting of the kernel or route."""
    host = mesh.hosts[name]
    mesh.of_host[name] = {"ipsec::ensure": "absent", "ipsec::monitoring::ensure": "absent"}
    mesh.apply(name, 2)
    left = {
        "files": sorted(files(host) - before),
        "states": host.xfrm("state"),
        "policies": host.xfrm("policy"),
        "routes": host.run("ip", "route", "show", "proto", "118").stdout,
        "routes of IPv6": host.run("ip", "-6", "route", "show", "proto", "118").stdout,
        "packages": host.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "strongswan-starter",
                             check=False).stdout,
    }  # fmt: skip
    if any(left.values()):
        raise LabError(f"left on {name}: {left}")
    require_larval_drop(host, "1")
    mesh.apply(name, 0)


def require_larval_drop(host: Host, value: str) -> None:
    """What the kernel does with packets that wait for an SA."""
    found = host.run("sysctl", "-n", "net.core.xfrm_larval_drop").stdout.strip()
    if found != value:
        raise LabError(f"net.core.xfrm_larval_drop of {host.name} is {found}, not {value}")


SWITCHED = ("cp0001", "cp0101")


@scenario(live=True, seconds=2400)
def puppet_switch(lab: Lab) -> None:
    """A mesh is switched on while traffic flows, host by host, and one host off again."""
    mesh = Mesh(lab, SWITCHED)
    edge = mesh.hosts[SWITCHED[0]]
    pings = Pings(edge, SWITCHED[1])
    lay(mesh, auto="add")
    for host, peer in zip(mesh.hosts.values(), reversed(SWITCHED)):
        host.wait(*(rf"^ *{peer}_{family}:   child: " for family in FAMILIES))
    flows(mesh, pings, "loaded", "clear text", lost=0)
    pings = Pings(edge, SWITCHED[1])
    lay(mesh, auto="start")
    for name in SWITCHED:
        mesh.wait_up(name)
    flows(mesh, pings, "up", "ESP", lost=UNDER_WAY * len(FAMILIES))
    pings = Pings(edge, SWITCHED[1])
    lay(mesh, drop=True)
    flows(mesh, pings, "drop what no SA protects", "ESP", lost=0)
    lay(mesh, drop=False)
    edge.run("/usr/local/bin/ipsec-global", "down")
    pings = Pings(edge, SWITCHED[1])
    mesh.apply(SWITCHED[0], 0)
    flows(mesh, pings, "down again", "clear text", lost=0)


def lay(mesh: Mesh, **parameters: Any) -> None:
    """Changes parameters of the mesh, host by host."""
    for name in mesh.hosts:
        mesh.of_host[name] |= {f"ipsec::mesh::{key}": value for key, value in parameters.items()}
        mesh.apply(name, 2)


def flows(mesh: Mesh, pings: Pings, moment: str, seen: str, lost: int) -> None:
    """Echo requests have not got lost but for so many; what leaves, leaves as ``seen``."""
    require_few_lost(mesh, moment, pings, lost)
    edge, main = mesh.hosts.values()
    for family in FAMILIES:
        prove(edge, main, seen, ends=(NODES[SWITCHED[0]][family], NODES[SWITCHED[1]][family]))
