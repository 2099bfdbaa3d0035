"""Certificates that end, have ended, have not begun, are not where they should be.

Each time check_ipsec_certs names the certificate and the number of connections that it hits.
"""

import re

from lab.asking import ask_keeping
from lab.certificates import certify, intermediate, revoke, valid
from lab.errors import LabError
from lab.hosts import Host
from lab.ipsec_conf import RESPONDER, SETUP, TRANSPORT, mesh, section
from lab.scenario import Lab, scenario
from lab.scenarios.authentication import certified_pair
from lab.scenarios.mesh import secret
from lab.scenarios.pair import BOB, pair

PLUGIN = "check_ipsec_certs"
FILES = ("--files",)
# more than the hour that a test may take
SOON = 1 / 24
NONE = "OK - no certificate in use, 1 connection with pre-shared keys only"
FINE = "OK - {} certificates in use, the first ends in 1094 days: Example CA (2 connections)"
STRICT = SETUP.replace("config setup\n", "config setup\n    strictcrlpolicy=yes\n")


def certs(lab: Lab, host: Host, line: str, *arguments: str, said: tuple[str, ...] = ()) -> None:
    """check_ipsec_certs says ``line``."""
    lab.expect(host, line, plugin=PLUGIN, arguments=arguments, said=said)


def alice_and_bob(lab: Lab, *options: str, **how: int | str) -> tuple[Host, Host]:
    """Both, configured; alice's certificate is made with these options of ``pki``."""
    alice, bob = certified_pair(lab)
    certify(alice, None, *options, **how)
    return alice, bob


def started(alice: Host, bob: Host, *names: str) -> None:
    """Both start, and wait for connections; alice trusts the clock, whatever it says."""
    bob.start()
    alice.start()
    alice.wait_installed(*names)


UP = ("bob_v4", "bob_v6")


@scenario(live=True, every_release=True)
def certs_healthy(lab: Lab) -> None:
    """Own certificate, the peer's, the authority: nothing to say, with the files neither."""
    alice, bob = alice_and_bob(lab, "--san", "alice.example", "--san", "alice@example")
    started(alice, bob, *UP)
    certs(lab, alice, FINE.format(3), said=("alice 20", "ECDSA 256 own 2", "ECDSA 256 peer 2"))
    certs(lab, alice, FINE.format(3), *FILES)
    certs(lab, bob, FINE.format(3))


@scenario(live=True)
def certs_pre_shared_keys_only(lab: Lab) -> None:
    """No certificate anywhere."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    certs(lab, alice, NONE)


@scenario(live=True, every_release=True)
def certs_ended_yesterday(lab: Lab) -> None:
    """Alice's own certificate has ended: bob refuses her."""
    alice, bob = alice_and_bob(lab, *valid(-30, -1 - SOON))
    bob.start()
    alice.start()
    line = "CRITICAL - 1 of 2 certificates ended 1 day ago: alice (2 connections)"
    certs(lab, alice, line, said=("#expired",))
    allowed = "OK - 2 certificates in use, the first ended 1 day ago: alice (2 connections)"
    certs(lab, alice, allowed, "--expired", "ok")


@scenario(live=True)
def certs_peer_ended(lab: Lab) -> None:
    """Bob's certificate, which alice was told to expect, has ended."""
    alice, bob = certified_pair(lab)
    certify(bob, None, *valid(-30, -1 - SOON))
    alice.write("/etc/ipsec.d/certs/bob.pem", bob.read("/etc/ipsec.d/certs/bob.pem"))
    text = mesh("alice", "bob").replace("leftcert=", "rightcert=bob.pem\n    leftcert=")
    alice.configure(text, secret("alice"))
    alice.start()
    certs(lab, alice, "CRITICAL - 1 of 3 certificates ended 1 day ago: bob (2 connections)")


@scenario(live=True)
def certs_end_in_5_days(lab: Lab) -> None:
    """Both are up, and will not be in five days."""
    alice, bob = alice_and_bob(lab, *valid(-30, 5 + SOON))
    started(alice, bob, *UP)
    line = "CRITICAL - 1 of 3 certificates ends in 5 days: alice (2 connections)"
    certs(lab, alice, line, said=("#ends-soon",))
    certs(lab, bob, line)


@scenario(live=True, every_release=True)
def certs_end_in_20_days(lab: Lab) -> None:
    """It ends within 30 days."""
    alice, bob = alice_and_bob(lab, *valid(-30, 20 + SOON))
    started(alice, bob, *UP)
    certs(lab, alice, "WARNING - 1 of 3 certificates ends in 20 days: alice (2 connections)")
    fine = "OK - 3 certificates in use, the first ends in 20 days: alice (2 connections)"
    certs(lab, alice, fine, "-w", "14:")


@scenario(live=True)
def certs_start_tomorrow(lab: Lab) -> None:
    """Alice's certificate begins tomorrow, by her clock."""
    alice, bob = alice_and_bob(lab, *valid(1 + SOON, 300))
    bob.start()
    alice.start()
    certs(lab, alice, "CRITICAL - 1 of 2 certificates starts in 1 day: alice (2 connections)")


@scenario(live=True, every_release=True)
def certs_list_out_of_date(lab: Lab) -> None:
    """The list of revoked certificates is past its next update; charon may insist on it."""
    alice, bob = alice_and_bob(lab)
    carol = lab.certified_host("carol")
    revoke(carol, alice, -9, -2 - SOON)
    started(alice, bob, *UP)
    line = "{} - 1 of 1 CRL is out of date for 2 days: Example CA (2 connections)"
    certs(lab, alice, line.format("WARNING"), said=("#crl-out-of-date",))
    alice.run("ipsec", "stop")
    alice.configure(mesh("alice", "bob").replace(SETUP, STRICT), secret("alice"))
    alice.start()
    certs(lab, alice, line.format("CRITICAL"))


@scenario(live=True)
def certs_list_missing(lab: Lab) -> None:
    """strictcrlpolicy=yes, and there is no list: alice refuses everybody."""
    alice, bob = alice_and_bob(lab)
    alice.configure(mesh("alice", "bob").replace(SETUP, STRICT), secret("alice"))
    bob.start()
    alice.start()
    alice.wait_log("certificate status is not available|no trusted ECDSA public key found")
    certs(lab, alice, "CRITICAL - 1 of 3 certificates has no CRL: Example CA (2 connections)")


@scenario(live=True)
def certs_revoked(lab: Lab) -> None:
    """Alice's own certificate is in the list that she has."""
    alice, bob = alice_and_bob(lab)
    revoke(alice, alice)
    started(alice, bob, *UP)
    certs(lab, alice, "CRITICAL - 1 of 3 certificates is revoked: alice (2 connections)")


@scenario(live=True, every_release=True)
def certs_key_missing(lab: Lab) -> None:
    """The certificate came without its key."""
    alice, bob = alice_and_bob(lab)
    alice.run("rm", "/etc/ipsec.d/private/alice.key")
    bob.start()
    alice.start()
    certs(lab, alice, "CRITICAL - 1 of 2 certificates has no private key: alice (2 connections)")


@scenario(live=True)
def certs_file_missing(lab: Lab) -> None:
    """leftcert= names a file that is not there; why, only the files say."""
    alice, bob = alice_and_bob(lab)
    alice.run("rm", "/etc/ipsec.d/certs/alice.pem")
    bob.start()
    alice.start()
    line = "CRITICAL - 1 of 2 certificates is not loaded{}: alice.pem (2 connections)"
    certs(lab, alice, line.format(""))
    files = line.format(" (No such file or directory)")
    certs(lab, alice, files, *FILES)


@scenario(live=True, every_release=True)
def certs_renewed_on_disk_only(lab: Lab) -> None:
    """A new certificate lies on the disk: charon goes on with the old one until a reload."""
    alice, bob = alice_and_bob(lab, *valid(-30, 20 + SOON))
    started(alice, bob, *UP)
    certify(alice)
    both = "WARNING - 1 of 3 certificates {}: alice (2 connections)"
    ends = "ends in 20 days"
    certs(lab, alice, both.format(ends))
    line = both.format(f"{ends} and is renewed on disk only")
    certs(lab, alice, line, *FILES)
    alice.run("ipsec", "rereadall")
    certs(lab, alice, "CRITICAL - 1 of 2 certificates has no private key and ends in 20 days: "
                      "alice (2 connections)")  # fmt: skip
    alice.run("ipsec", "reload")
    alice.wait(r"CN=alice")
    certs(lab, alice, FINE.format(3), said=("unused 0",))


@scenario(live=True)
def certs_authority_missing(lab: Lab) -> None:
    """The authority between alice's certificate and the one that is loaded is not there."""
    alice, bob = certified_pair(lab)
    between = intermediate("Sub CA")
    certify(alice, authority="Sub CA")
    bob.write("/etc/ipsec.d/cacerts/sub.pem", between.read_bytes())
    started(alice, bob, *UP)
    missing = "O=Example, CN=Sub CA is not loaded"
    certs(lab, alice, f"WARNING - 1 of 3 certificates has no complete chain ({missing}): "
                      "alice (2 connections)", said=("#chain-not-complete",))  # fmt: skip
    alice.write("/etc/ipsec.d/cacerts/sub.pem", between.read_bytes())
    certs(lab, alice, "WARNING - 2 of 4 certificates not as they should be: alice (has no complete "
                      f"chain ({missing}), 2 connections), sub.pem (is on disk only)",
          *FILES)  # fmt: skip
    alice.run("ipsec", "rereadcacerts")
    certs(lab, alice, FINE.format(3))
    certs(lab, bob, FINE.format(4))


@scenario(live=True)
def certs_weak(lab: Lab) -> None:
    """A short key; and a signature with SHA-1, which only the file shows."""
    alice, bob = alice_and_bob(lab, "--digest", "sha1", kind="rsa", bits=1024)
    alice.configure(mesh("alice", "bob"), ": RSA alice.key\n")
    started(alice, bob, *UP)
    certs(
        lab, alice, "WARNING - 1 of 3 certificates is weak (RSA 1024 bits): alice (2 connections)"
    )
    carol = lab.host("carol")
    certify(carol, None, "--digest", "sha1")
    carol.configure(mesh("carol", "bob"), secret("carol"))
    carol.start()
    certs(lab, carol, "OK - 2 certificates in use, the first ends in 1094 days: Example CA "
                      "(2 connections)")  # fmt: skip
    certs(lab, carol, "WARNING - 1 of 2 certificates is weak (signed with SHA-1): carol "
                      "(2 connections)", *FILES)  # fmt: skip


@scenario(live=True)
def certs_identity_not_in_it(lab: Lab) -> None:
    """leftid= is not in the certificate: charon puts the subject in its place."""
    alice, bob = alice_and_bob(lab, "--san", "alice.example")
    text = mesh("alice", "bob")
    alice.configure(text.replace("leftcert=", "leftid=www.example\n    leftcert="), secret("alice"))
    started(alice, bob, *UP)
    certs(lab, alice, "WARNING - 1 of 3 certificates does not contain leftid=www.example: alice "
                      "(2 connections)")  # fmt: skip
    alice.run("ipsec", "stop")
    text = text.replace("leftcert=", "leftid=@alice.example\n    leftcert=")
    alice.configure(text, secret("alice"))
    alice.start()
    certs(lab, alice, FINE.format(2))


@scenario(live=True)
def certs_clock_set_back(lab: Lab) -> None:
    """The clock says 2025 or so: nothing has begun yet, and it is the clock that is doubted."""
    alice, bob = alice_and_bob(lab)
    started(alice, bob, *UP)
    alice.run("date", "--set=-400 days")
    try:
        answer = ask_keeping(alice, lab.folder / "1", plugin=PLUGIN)
    finally:
        alice.run("date", "--set=+400 days")
    start = re.escape("CRITICAL - 3 of 3 certificates start in 399 days: ")
    hit = r"(Example CA|alice|bob) \(2 connections\)"
    doubt = r"; is the clock right\? It says \d{4}-\d\d-\d\d \d\d:\d\d UTC"
    said = re.fullmatch(f"{start}{hit}, {hit}, {hit}{doubt}", answer.line)
    if said is None or len({*said.groups()}) != 3:
        raise LabError(f"said: {answer.line}")


@scenario(live=True)
def certs_of_130_connections(lab: Lab) -> None:
    """A node with 65 peers and one certificate, which ends in five days."""
    alice = lab.host("alice")
    certify(alice, "CN=cp0001", *valid(-30, 5 + SOON))
    own = {"leftcert": "alice.pem", "left": "10.1.0.1"}
    peers = (
        section(f"conn cp{number:04d}", **own, right=f"10.1.1.{number}", rightid=f'"CN={number}"')
        for number in range(2, 132)
    )
    defaults = section("conn %default", **{**TRANSPORT, **RESPONDER})
    alice.configure(SETUP + defaults + "".join(peers), secret("alice"))
    alice.start()
    line = "CRITICAL - 1 of 2 certificates ends in 5 days: cp0001 (130 connections)"
    certs(lab, alice, line)


@scenario(live=True, stroke=True)
def certs_questions_refused(lab: Lab) -> None:
    """The rules for sudo are older than the plugin; charon does not run; charon hangs."""
    alice = lab.certified_host("alice")
    alice.configure(mesh("alice", "bob"), secret("alice"))
    certs(lab, alice, "CRITICAL - charon is not running")
    certs(lab, alice, "CRITICAL - charon is not running", *FILES, said=("alice 20", "own 2"))
    alice.start()
    rules = alice.read("/etc/sudoers.d/monitoring-plugins-ipsec")
    older = "nagios ALL=(root) NOPASSWD: /usr/sbin/ipsec stroke statusall\n"
    alice.write("/etc/sudoers.d/monitoring-plugins-ipsec", older, 0o440)
    question = "/usr/sbin/ipsec stroke listcerts --utc"
    certs(lab, alice, f"UNKNOWN - nagios may not run {question} (sudo: a password is required); "
                      f"sudoers lacks: nagios ALL=(root) NOPASSWD: {question}")  # fmt: skip
    alice.write("/etc/sudoers.d/monitoring-plugins-ipsec", rules, 0o440)
    alice.kill("STOP", "charon")
    certs(lab, alice, "CRITICAL - charon does not answer")
