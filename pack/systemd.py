"""A timer and a service of systemd for each format of ipsec-metrics, off by default.

``python3 -m pack.systemd FOLDER`` writes them where dh_installsystemd looks for them.

The service is root with one capability, not an ordinary user with sudo: charon's socket is
root's and the kernel tells its states to CAP_NET_ADMIN alone, while sudo wants a process that
may gain privileges, and has them all once it has. Without the others root reads what everybody
may read and writes what is named here.

``systemd-analyze security`` calls it 1.6 of 10, 2.0 where it talks to carbon. What is left:
root, CAP_NET_ADMIN, netlink and UNIX sockets, the network of the host, whose SAs it is about,
and /proc, where the kernel's errors and charon's memory are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pack.commands import OPERATORS
from pack.manual import PACKAGE

NAME = "ipsec-metrics"


class Unit(NamedTuple):
    """A format: where its series go, the option that says so, what the service may beyond."""

    format: str
    where: str
    option: str
    allowed: tuple[str, ...]


LOCAL = ("RestrictAddressFamilies=AF_UNIX AF_NETLINK", "IPAddressDeny=any")
RUNTIME = (
    f"RuntimeDirectory={NAME}",
    "RuntimeDirectoryMode=0755",
    "RuntimeDirectoryPreserve=yes",
    *LOCAL,
)
COLLECTED = "/var/lib/prometheus/node-exporter"
FORMATS = (
    Unit("prometheus", "the textfile collector of prometheus-node-exporter",
         f"--output {COLLECTED}/ipsec.prom", (f"ReadWritePaths=-{COLLECTED}", *LOCAL)),
    Unit("graphite", "carbon", "--graphite ${IPSEC_METRICS_CARBON}",
         ("RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6",)),
    Unit("influx", "a file in InfluxDB's line protocol",
         f"--output /run/{NAME}/ipsec.influx", RUNTIME),
    Unit("json", "a file", f"--output /run/{NAME}/ipsec.json", RUNTIME),
)  # fmt: skip

SERVICE = """\
# made from pack/systemd.py; `systemctl edit {unit}.service` for what is to be otherwise
[Unit]
Description=IPsec connections for {where}
Documentation=man:{name}(8)
After=network.target strongswan-starter.service

[Service]
Type=oneshot
# IPSEC_METRICS_CARBON=carbon.example.org:2003
# IPSEC_METRICS_OPTIONS=--labels /etc/ipsec-metrics.labels
Environment=IPSEC_METRICS_CARBON=localhost:2003
EnvironmentFile=-/etc/default/{name}
ExecStart={folder}/{name} --format {format} {option} \\
    --state /var/lib/{name}/{format}.json $IPSEC_METRICS_OPTIONS
TimeoutStartSec=55
StateDirectory={name}
StateDirectoryMode=0700
UMask=0077

# the SAs of the kernel need this one; charon's socket is root's
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
{allowed}
DevicePolicy=closed
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
"""
TIMER = """\
# made from pack/systemd.py
[Unit]
Description=IPsec connections for {where}, every minute
Documentation=man:{name}(8)

[Timer]
OnCalendar=minutely
# not all nodes of a fleet in the same second
RandomizedDelaySec=20
FixedRandomDelay=yes
AccuracySec=1

[Install]
WantedBy=timers.target
"""


def units() -> Iterator[tuple[str, str]]:
    """Names of units, and contents."""
    for unit in FORMATS:
        name = f"{NAME}-{unit.format}"
        words = {
            "unit": name,
            "name": NAME,
            "folder": OPERATORS,
            **unit._asdict(),
            "allowed": "\n".join(unit.allowed),
        }
        yield f"{name}.service", SERVICE.format(**words)
        yield f"{name}.timer", TIMER.format(**words)


if __name__ == "__main__":
    for unit_name, text in units():
        Path(sys.argv[1], f"{PACKAGE}.{unit_name}").write_text(text)
