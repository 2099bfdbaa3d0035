"""Certificates of hosts with swanctl.conf: the same faults as with ipsec.conf, the same words.

Alice and bob know nothing but swanctl; their files lie where it looks for them.
"""

import re

from lab.certificates import certify, intermediate, revoke, valid
from lab.errors import LabError
from lab.hosts import Host
from lab.ipsec_conf import section
from lab.scenario import Lab, scenario
from lab.scenarios.certificates import FILES, NONE, SOON, certs
from lab.scenarios.mesh import secret
from lab.scenarios.metrics import metrics
from lab.scenarios.pair import DEFAULT
from lab.scenarios.swanctl import DEFAULTS, HOST_TO_HOST, STARTED, child, conf, connection
from lab.scenarios.swanctl import host as host_with

FOLDERS = {"certs": "x509", "private": "private", "cacerts": "x509ca", "crls": "x509crl"}
OTHER = child("other", "mode = tunnel", "local_ts = 10.2.0.0/16", "remote_ts = 10.3.0.0/16")
FINE = "OK - {} certificates in use, the first ends in 1094 days: Example CA ({})"
TWO = "2 connections"


def give(host: Host) -> None:
    """Puts what the host was certified with where swanctl looks for it."""
    for theirs, ours in FOLDERS.items():
        folder = host.root / "etc/ipsec.d" / theirs
        for file in folder.iterdir() if folder.is_dir() else ():
            mode = 0o600 if ours == "private" else 0o644
            host.write(f"/etc/swanctl/{ours}/{file.name}", file.read_bytes(), mode)
            file.unlink()


def certified(lab: Lab, name: str, *options: str) -> Host:
    """A host with a certificate that was made with these options of ``pki``."""
    one = lab.host(name)
    certify(one, None, *options)
    give(one)
    return one


def both(lab: Lab, *options: str) -> tuple[Host, Host]:
    """Alice, whose certificate is made with these options, and bob."""
    return certified(lab, "alice", *options), certified(lab, "bob")


def text(name: str, children: str, own: str = "", remote: str = "") -> str:
    """A swanctl.conf with one connection, authenticated by certificates."""
    peer = {"alice": "bob", "bob": "alice"}[name]
    local = f"local {{\nauth = pubkey\ncerts = {name}.pem\n{own}\n}}"
    other = f'remote {{\nauth = pubkey\nid = "CN={peer}"\n{remote}\n}}'
    return conf(connection(name, "gw", children, local, other))


def start(one: Host, swanctl_conf: str) -> None:
    """charon-systemd, on a host without ``ipsec``."""
    one.run("rm", "-f", "/usr/sbin/ipsec", "/etc/ipsec.conf")
    one.start_swanctl(swanctl_conf)


def started(alice: Host, bob: Host, *, is_up: bool = True, own: str = "", remote: str = "") -> None:
    """Both start; alice has a connection with two children, bob answers."""
    start(bob, text("bob", HOST_TO_HOST))
    start(alice, text("alice", STARTED + OTHER, own, remote))
    if is_up:
        alice.wait_child("host")


@scenario(live=True, every_release=True)
def swanctl_certs_healthy(lab: Lab) -> None:
    """Own certificate, the peer's, the authority: nothing to say, with the files neither."""
    alice, bob = both(lab, "--san", "alice.example", "--san", "alice@example")
    start(bob, text("bob", HOST_TO_HOST).replace('"CN=alice"', "alice.example"))
    start(alice, text("alice", STARTED + OTHER, "id = alice.example", "cacerts = ca.pem"))
    alice.wait_child("host")
    certs(lab, alice, FINE.format(3, TWO), said=("alice 20", "ECDSA 256 own 2", "ECDSA 256 peer 2"))
    certs(lab, alice, FINE.format(3, TWO), *FILES)


@scenario(live=True)
def swanctl_certs_pre_shared_keys_only(lab: Lab) -> None:
    """No certificate anywhere."""
    alice = host_with(lab, "alice", conf(connection("alice", "gw", STARTED)))
    certs(lab, alice, NONE)


@scenario(live=True)
def swanctl_certs_ended_yesterday(lab: Lab) -> None:
    """Alice's own certificate has ended: bob refuses her."""
    alice, bob = both(lab, *valid(-30, -1 - SOON))
    started(alice, bob, is_up=False)
    certs(lab, alice, "CRITICAL - 1 of 2 certificates ended 1 day ago: alice (2 connections)",
          said=("#expired",))  # fmt: skip


@scenario(live=True)
def swanctl_certs_end_in_5_days(lab: Lab) -> None:
    """Both are up, and will not be in five days."""
    alice, bob = both(lab, *valid(-30, 5 + SOON))
    started(alice, bob)
    line = "CRITICAL - 1 of 3 certificates ends in 5 days: alice ({})"
    certs(lab, alice, line.format(TWO), said=("#ends-soon",))
    certs(lab, bob, line.format("1 connection"))


@scenario(live=True)
def swanctl_certs_key_missing(lab: Lab) -> None:
    """The certificate came without its key."""
    alice, bob = both(lab)
    alice.run("rm", "/etc/swanctl/private/alice.key")
    started(alice, bob, is_up=False)
    certs(lab, alice, "CRITICAL - 1 of 2 certificates has no private key: alice (2 connections)")


@scenario(live=True)
def swanctl_certs_file_missing(lab: Lab) -> None:
    """certs= names a file that is not there: charon refuses the connection."""
    alice = certified(lab, "alice")
    start(alice, DEFAULTS)
    alice.write("/etc/swanctl/swanctl.conf", text("alice", STARTED).replace("alice.pem", "a.pem"))
    alice.run("swanctl", "--load-all", "--noprompt", check=False)
    certs(lab, alice, "WARNING - no certificate in use, 1 connection; 1 connection not loaded")
    certs(lab, alice, "CRITICAL - 1 of 1 certificate is not loaded (No such file or directory): "
                      "a.pem (1 connection); 1 connection not loaded", *FILES)  # fmt: skip


@scenario(live=True)
def swanctl_certs_list_out_of_date(lab: Lab) -> None:
    """The list of revoked certificates is past its next update; charon may insist on it."""
    alice, bob = both(lab)
    carol = lab.certified_host("carol")
    revoke(carol, alice, -9, -2 - SOON)
    give(alice)
    started(alice, bob)
    line = "{} - 1 of 1 CRL is out of date for 2 days: Example CA (2 connections)"
    certs(lab, alice, line.format("WARNING"), said=("#crl-out-of-date",))
    alice.write("/etc/swanctl/swanctl.conf",
                text("alice", STARTED + OTHER, remote="revocation = strict"))  # fmt: skip
    alice.load_all()
    certs(lab, alice, line.format("CRITICAL"))


@scenario(live=True)
def swanctl_certs_authority_missing(lab: Lab) -> None:
    """The authority between alice's certificate and the one that is loaded is not there."""
    alice, bob = both(lab)
    between = intermediate("Sub CA")
    certify(alice, authority="Sub CA")
    give(alice)
    bob.write("/etc/swanctl/x509ca/sub.pem", between.read_bytes())
    started(alice, bob)
    missing = "O=Example, CN=Sub CA is not loaded"
    certs(lab, alice, f"WARNING - 1 of 3 certificates has no complete chain ({missing}): "
                      "alice (2 connections)", said=("#chain-not-complete",))  # fmt: skip
    alice.write("/etc/swanctl/x509ca/sub.pem", between.read_bytes())
    certs(lab, alice, "WARNING - 2 of 4 certificates not as they should be: alice (has no complete "
                      f"chain ({missing}), 2 connections), sub.pem (is on disk only)",
          *FILES)  # fmt: skip
    alice.run("swanctl", "--load-creds", "--noprompt")
    certs(lab, alice, FINE.format(4, TWO))


@scenario(live=True)
def swanctl_certs_identity_not_in_it(lab: Lab) -> None:
    """``id`` of the local section is not in the certificate: bob refuses it."""
    alice, bob = both(lab, "--san", "alice.example")
    started(alice, bob, is_up=False, own="id = www.example")
    certs(lab, alice, "WARNING - 1 of 2 certificates does not contain id=www.example: alice "
                      "(2 connections)")  # fmt: skip
    alice.write("/etc/swanctl/swanctl.conf",
                text("alice", STARTED + OTHER, own="id = Alice.Example"))  # fmt: skip
    alice.load_all()
    certs(lab, alice, FINE.format(2, TWO))


@scenario(live=True)
def swanctl_certs_renewed_on_disk_only(lab: Lab) -> None:
    """A new certificate lies on the disk: charon goes on with the old one until it is loaded."""
    alice, bob = both(lab, *valid(-30, 20 + SOON))
    started(alice, bob)
    certify(alice)
    give(alice)
    both_of = "WARNING - 1 of 3 certificates {}: alice (2 connections)"
    ends = "ends in 20 days"
    certs(lab, alice, both_of.format(ends))
    certs(lab, alice, both_of.format(f"{ends} and is renewed on disk only"), *FILES)
    alice.load_all()
    certs(lab, alice, FINE.format(3, TWO), said=("unused 0",))
    certs(lab, alice, FINE.format(3, TWO), *FILES)


@scenario(live=True)
def swanctl_certs_questions_refused(lab: Lab) -> None:
    """The rules for sudo are older than the plugin; charon hangs; charon does not run."""
    alice = certified(lab, "alice")
    start(alice, text("alice", HOST_TO_HOST))
    rules = alice.read("/etc/sudoers.d/monitoring-plugins-ipsec").decode()
    question = "/usr/sbin/swanctl --list-certs --utc"
    older = rules.replace(f", \\\n    {question}", "")
    alice.write("/etc/sudoers.d/monitoring-plugins-ipsec", older, 0o440)
    certs(lab, alice, f"UNKNOWN - nagios may not run {question} (sudo: a password is required); "
                      f"sudoers lacks: nagios ALL=(root) NOPASSWD: {question}")  # fmt: skip
    alice.write("/etc/sudoers.d/monitoring-plugins-ipsec", rules, 0o440)
    alice.kill("STOP", "charon-systemd")
    certs(lab, alice, "CRITICAL - charon does not answer")
    alice.kill("KILL", "charon-systemd")
    certs(lab, alice, "CRITICAL - charon is not running")


@scenario(live=True)
def swanctl_certs_and_ipsec_conf(lab: Lab) -> None:
    """One charon with connections of both files, each with a certificate of its own."""
    alice, bob = both(lab)
    carol = lab.host("carol")
    certify(carol, "CN=other", *valid(-30, 5 + SOON))
    start(bob, text("bob", HOST_TO_HOST))
    for folder, name in (("certs", "carol.pem"), ("private", "carol.key"), ("cacerts", "ca.pem")):
        path = f"/etc/ipsec.d/{folder}/{name}"
        alice.write(path, carol.read(path), 0o644)
    carols = section("conn carol", right="10.1.0.3", leftcert="carol.pem", authby="pubkey")
    alice.configure(DEFAULT + carols, secret("carol"))
    alice.write("/etc/swanctl/swanctl.conf", text("alice", STARTED + OTHER))
    alice.start()
    alice.load_all()
    alice.wait_installed("host")
    certs(lab, alice, "CRITICAL - 1 of 4 certificates ends in 5 days: other (1 connection)")
    certs(lab, alice, "CRITICAL - 1 of 4 certificates ends in 5 days: other (1 connection)", *FILES)
    certs(lab, alice, FINE.format(3, TWO), "-i", "gw")


@scenario(live=True)
def swanctl_certs_metrics(lab: Lab) -> None:
    """ipsec-metrics has a series for each certificate that connections of swanctl.conf use."""
    alice, bob = both(lab)
    started(alice, bob)
    text = metrics(alice).stdout
    ends = re.findall(r"(?m)^ipsec_certificate_not_after_timestamp_seconds(\{.*\}) \d", text)
    wanted = [
        f'{{certificate="{name}",kind="{kind}"}}'
        for name, kind in (("CN=alice", "end entity"), ("CN=bob", "end entity"),
                           ("O=Example, CN=Example CA", "CA"))
    ]  # fmt: skip
    if sorted(ends) != sorted(wanted) or 'source_success{source="list-certs"} 1' not in text:
        raise LabError(text)
