"""Why a connection is down, by charon's own log: each cause made on purpose.

charon writes two logs: the usual file without names and times, which only root may read, as
charon makes it since 6.1, and one with both, which everybody may.
"""

import time
from collections.abc import Callable
from pathlib import Path

from lab.asking import ask
from lab.certificates import EXPIRED, certify, revoke
from lab.errors import LabError
from lab.hosts import Host, run
from lab.scenario import Lab, scenario
from lab.scenarios.authentication import certified_pair
from lab.scenarios.fleet import PEERS, fleet, name, nodes
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair
from lab.waiting import wait_until

NAMED = "/var/log/named.log"
USUAL = "/var/log/charon.log"
LOGS = f"""
filelog {{
  usual {{ path = {USUAL}
    flush_line = yes
    default = 1 }}
  named {{ path = {NAMED}
    flush_line = yes
    ike_name = yes
    time_format = "%b %e %T"
    default = 1
    cfg = 2
    dmn = 2 }}
}}
"""
HASTY = f"{LOGS}retransmit_timeout = 1\nretransmit_tries = 1"
ONE = "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text"
TWO = "CRITICAL - 2 of 2 connections not established, traffic of 2 in clear text"
NOT_YET = ("--not-before", "01.01.30 00:00:00", "--not-after", "01.01.31 00:00:00")


def asked(lab: Lab, alice: Host, total: str, *down: tuple[str, str, str]) -> None:
    """The first line says why, by either log; ``down`` are names, reasons and causes."""
    alice.run("chmod", "0640", USUAL)
    alice.run("chmod", "0644", NAMED)
    plain = ", ".join(f"{name} ({reason}: {cause})" for name, reason, cause in down)
    timed = ", ".join(f"{name} ({reason}: {cause}, just now)" for name, reason, cause in down)
    lab.expect(alice, f"{total}: {plain}")
    lab.expect(alice, f"{total}: {timed}", arguments=("--log", NAMED))


def one(lab: Lab, alice: Host, cause: str, reason: str = "no SA") -> None:
    asked(lab, alice, ONE, ("bob", reason, cause))


@scenario(live=True, every_release=True)
def cause_wrong_psk(lab: Lab) -> None:
    """Bob has another pre-shared key; each says what it knows of it."""
    alice, bob = pair(lab, BOB, bob_secrets=': PSK "another"\n', charon=LOGS, bob_charon=LOGS)
    alice.wait_log("AUTHENTICATION_FAILED")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer refused our authentication")
    asked(lab, bob, ONE, ("bob", "no SA", "peer has another shared key"))


@scenario(live=True, every_release=True)
def cause_no_psk(lab: Lab) -> None:
    """Alice has no pre-shared key for bob."""
    alice, _ = pair(lab, BOB, secrets='10.9.9.9 : PSK "x"\n', charon=LOGS)
    alice.wait_log("no shared key found")
    one(lab, alice, "no shared key for the peer here")


@scenario(live=True, every_release=True)
def cause_no_ike_proposal(lab: Lab) -> None:
    """Alice and bob have no IKE proposal in common."""
    alice, bob = pair(lab, BOB, bob=conn("alice", "ike=aes256-sha512-ecp521!"), charon=LOGS,
                      bob_charon=LOGS)  # fmt: skip
    alice.wait_log("NO_PROPOSAL_CHOSEN")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer accepts none of our IKE proposals, or has no connection for our address")
    asked(lab, bob, ONE, ("alice", "no SA", "none of the peer's IKE proposals is ours"))


@scenario(live=True, every_release=True)
def cause_no_key_exchange(lab: Lab) -> None:
    """Bob wants a group that alice does not have."""
    alice, _ = pair(lab, conn("bob", "ike=aes128-sha256-ecp256!"), charon=LOGS,
                    bob=conn("alice", "ike=aes128-sha256-ecp384!"))  # fmt: skip
    alice.wait_log("NO_PROPOSAL_CHOSEN|not contained")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer accepts none of our IKE proposals, or has no connection for our address")


@scenario(live=True, every_release=True)
def cause_no_esp_proposal(lab: Lab) -> None:
    """Alice and bob have no ESP proposal in common: IKE is up without a CHILD_SA."""
    alice, _ = pair(lab, BOB, bob=conn("alice", "esp=aes256gcm16!"), charon=LOGS)
    alice.wait(r"bob\[\d+\]: ESTABLISHED")
    one(lab, alice, "peer accepts none of our ESP proposals", "IKE up, no CHILD_SA")


@scenario(live=True, every_release=True)
def cause_selectors_refused(lab: Lab) -> None:
    """Bob protects other ports than alice asks for."""
    alice, _ = pair(lab, conn("bob", "rightsubnet=10.1.0.2[tcp/99]"), charon=LOGS,
                    bob=conn("alice", "rightsubnet=10.1.0.2[tcp/80]"))  # fmt: skip
    alice.wait_log("TS_UNACCEPTABLE")
    one(lab, alice, "peer does not accept our traffic selectors", "IKE up, no CHILD_SA")


@scenario(live=True, every_release=True)
def cause_unknown_to_peer(lab: Lab) -> None:
    """Bob has a connection for alice's address, and another identity in it."""
    alice, bob = pair(lab, BOB, bob=conn("alice", "rightid=someone.else"), charon=LOGS,
                      bob_charon=LOGS)  # fmt: skip
    alice.wait_log("AUTHENTICATION_FAILED")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer refused our authentication")
    asked(lab, bob, ONE, ("alice", "no SA", "peer fits no connection here"))


@scenario(live=True, every_release=True)
def cause_peer_silent(lab: Lab) -> None:
    """Nobody answers, and charon has given up."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + conn("bob", "keyingtries=2"), PSK, HASTY)
    alice.start()
    alice.wait_log("establishing IKE_SA failed")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer has not answered, given up after 1 retransmit")


@scenario(live=True, every_release=True)
def cause_peer_dead(lab: Lab) -> None:
    """dpdaction=clear: the peer's host has gone, dead peer detection says so."""
    watched = conn("bob", "dpdaction=clear", "dpddelay=4s")
    alice, bob = pair(lab, watched, bob=BOB, installed=("bob",), charon=HASTY)
    bob.unplug("eth0")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer has not answered, given up after 1 retransmit")


@scenario(live=True, every_release=True)
def cause_name_unknown(lab: Lab) -> None:
    """The peer's name has no address."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + conn("bob", "right=nowhere.example"), PSK, LOGS)
    alice.start()
    alice.wait_log("unable to resolve")
    alice.wait_gone(r"bob\[")
    total = "CRITICAL - 1 of 1 connection not established"
    asked(lab, alice, total, ("bob", "no SA", "no address for nowhere.example"))


@scenario(live=True, every_release=True)
def cause_closed_by_peer(lab: Lab) -> None:
    """Bob has taken the IKE_SA down; then, after it was up again, the CHILD_SA."""
    alice, bob = pair(lab, BOB, installed=("bob",), charon=LOGS, bob_charon=LOGS)
    bob.run("ipsec", "down", "bob[1]")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "peer closed the IKE_SA")
    asked(lab, bob, ONE, ("bob", "no SA", "closed by hand here"))
    alice.run("ipsec", "up", "bob")
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established", said=("bob established",))
    bob.run("ipsec", "down", "bob{2}")
    alice.wait_gone(r"bob\{")
    one(lab, alice, "peer closed the CHILD_SA", "IKE up, no CHILD_SA")


@scenario(live=True, every_release=True)
def cause_taken_down(lab: Lab) -> None:
    """An operator has taken it down here; what was said before it came up does not count."""
    alice, bob = pair(lab, BOB, bob_secrets=': PSK "another"\n', charon=LOGS)
    alice.wait_log("AUTHENTICATION_FAILED")
    bob.write("/etc/ipsec.secrets", PSK, 0o600)
    bob.run("ipsec", "rereadsecrets")
    alice.run("ipsec", "up", "bob")
    alice.wait_installed("bob")
    alice.run("ipsec", "down", "bob{1}" if "bob{1}" in alice.statusall() else "bob{2}")
    alice.wait_gone(r"bob\{")
    one(lab, alice, "CHILD_SA closed by hand here", "IKE up, no CHILD_SA")
    alice.run("ipsec", "down", "bob")
    alice.wait_gone(r"bob\[")
    one(lab, alice, "closed by hand here")


@scenario(live=True, every_release=True)
def cause_kernel_refuses(lab: Lab) -> None:
    """The kernel can load no module for the algorithm that the peers have agreed on.

    6.0.1 then leaves out its identity, and the peer closes the IKE_SA for that.
    """
    loader = Path("/proc/sys/kernel/modprobe")
    usual = loader.read_text()
    run("modprobe", "-d", "/run/kernel", "-r", "ccm", check=False)
    loader.write_text("/bin/false\n")
    try:
        alice, bob = pair(lab, conn("bob", "esp=aes128ccm16!"), charon=LOGS, bob_charon=LOGS)
        if "strongSwan 6.0.1" in bob.statusall():
            bob.wait_log("IKE_SA deleted")
            one(lab, bob, "peer closed the IKE_SA")
            return
        alice.wait(r"bob\[\d+\]: ESTABLISHED")
        one(lab, bob, "kernel refused the SA", "IKE up, no CHILD_SA")
        one(lab, alice, "peer accepts none of our ESP proposals", "IKE up, no CHILD_SA")
    finally:
        loader.write_text(usual)


# --- certificates ---------------------------------------------------------------------


def certificates(
    lab: Lab, damage: Callable[[Host, Host], object], cause: str, said: str, at_bob: str = ""
) -> None:
    """Both start with what ``damage`` has made of their certificates."""
    alice, bob = certified_pair(lab)
    for host in (alice, bob):
        host.write("/etc/strongswan.d/logs.conf", f"charon {{\n{LOGS}\n}}\n")
    damage(alice, bob)
    bob.start()
    alice.start()
    alice.wait_log(said)
    alice.wait_gone(r"bob_v[46]\[")
    asked(lab, alice, TWO, ("bob_v4", "no SA", cause), ("bob_v6", "no SA", cause))
    if at_bob:
        asked(lab, bob, TWO, ("alice_v4", "no SA", at_bob), ("alice_v6", "no SA", at_bob))


REFUSED = "AUTHENTICATION_FAILED notify error"
UNTRUSTED = "no trusted ECDSA public key found for 'CN=bob'"


@scenario(live=True, every_release=True)
def cause_unknown_issuer(lab: Lab) -> None:
    """Bob's certificate is another authority's."""
    why = "issuer of the peer's certificate is not known here"
    certificates(lab, lambda _, bob: certify(bob, authority="other"), why, UNTRUSTED,
                 "peer closed the IKE_SA")  # fmt: skip


@scenario(live=True, every_release=True)
def cause_expired(lab: Lab) -> None:
    """Bob's certificate has expired."""
    certificates(lab, lambda _, bob: certify(bob, None, *EXPIRED),
                 "peer's certificate expired 2021-01-01", UNTRUSTED)  # fmt: skip


@scenario(live=True, every_release=True)
def cause_own_expired(lab: Lab) -> None:
    """Alice's own certificate has expired: bob says so."""
    certificates(lab, lambda alice, _: certify(alice, None, *EXPIRED),
                 "peer refused our authentication", REFUSED,
                 "peer's certificate expired 2021-01-01")  # fmt: skip


@scenario(live=True, every_release=True)
def cause_not_yet_valid(lab: Lab) -> None:
    """Bob's certificate is for later."""
    certificates(lab, lambda _, bob: certify(bob, None, *NOT_YET),
                 "peer's certificate not valid before 2030-01-01", UNTRUSTED)  # fmt: skip


@scenario(live=True, every_release=True)
def cause_revoked(lab: Lab) -> None:
    """Bob's certificate has been revoked, and alice has the list that says so."""
    certificates(lab, lambda alice, bob: revoke(bob, alice), "peer's certificate is revoked",
                 UNTRUSTED)  # fmt: skip


@scenario(live=True, every_release=True)
def cause_no_private_key(lab: Lab) -> None:
    """Alice's key is gone."""
    certificates(lab, lambda alice, _: alice.write("/etc/ipsec.secrets", "", 0o600),
                 "our private key is missing", "no private key found")  # fmt: skip


@scenario(live=True, every_release=True)
def cause_constraint(lab: Lab) -> None:
    """Bob's certificate lacks a group that alice asks for."""

    def damage(alice: Host, _: Host) -> None:
        text = alice.read("/etc/ipsec.conf").decode()
        grouped = text.replace("    right=", "    rightgroups=operators\n    right=")
        alice.write("/etc/ipsec.conf", grouped)

    certificates(
        lab,
        damage,
        "peer's certificate does not meet a constraint: group membership to 'operators' required",
        "constraint check failed",
    )


# --- the journal ----------------------------------------------------------------------

JOURNALD = "/lib/systemd/systemd-journald"
SERVICE = "/sys/fs/cgroup/system.slice/strongswan-starter.service"
SYSLOG = "syslog { daemon { default = 1\n ike_name = yes } }"
START = f"echo $$ >{SERVICE}/cgroup.procs; exec ipsec start --nofork"


@scenario(live=True, every_release=True)
def cause_in_the_journal(lab: Lab) -> None:
    """charon logs to a real journal, as a service of systemd, and nowhere else."""
    bob = lab.host("bob")
    bob.configure(DEFAULT.replace("auto=start", "auto=add") + BOB, ': PSK "another"\n')
    bob.start()
    alice = lab.host("alice")
    alice.write("/etc/machine-id", f"{1:032x}\n")
    alice.run("mkdir", "-p", "/run/systemd/journal", f"/run/log/journal/{1:032x}", "/sys/fs/cgroup")
    alice.run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
    alice.run("mkdir", "-p", SERVICE)
    alice.run("ln", "-sf", "/run/systemd/journal/dev-log", "/dev/log")
    alice.spawn(JOURNALD)
    wait_until((alice.root / "run/systemd/journal/dev-log").is_socket, "journald listens")
    alice.configure(DEFAULT + BOB, PSK, SYSLOG)
    alice.spawn("sh", "-c", START)
    alice.wait(r"^ *bob:   child:  ")
    written = "received AUTHENTICATION_FAILED notify error"
    wait_until(lambda: written in alice.run("journalctl", "-q").stdout, "the journal has it")
    alice.wait_gone(r"bob\[")
    lab.expect(alice, f"{ONE}: bob (no SA: peer refused our authentication, just now)")


# --- many, long and moving logs --------------------------------------------------------


@scenario(live=True, seconds=600)
def cause_dead_site(lab: Lab) -> None:
    """130 connections to one site, which is dead, and one to another: one group, one line."""
    carol = lab.host("carol")
    carol.configure(DEFAULT + conn("alice", "left=10.1.0.3", "right=10.1.0.1", "auto=add"), PSK)
    carol.start()
    alice = fleet(lab, PEERS)
    lab.hosts[1].unplug("eth0")
    text = alice.read("/etc/ipsec.conf").decode()
    alice.write("/etc/ipsec.conf", text + conn("carol", "right=10.1.0.3"))
    alice.start()
    alice.wait_installed("carol")
    alice.wait(rf"Security Associations \(1 up, {2 * PEERS} connecting\)")
    names = ", ".join(sorted(map(name, nodes(PEERS)))[:10])
    lab.expect(
        alice,
        "CRITICAL - 130 of 131 connections not established, traffic of 130 in clear text: all 130 "
        f"to 10.1.1.0/24 and fd00:1::1:0/112 (peer does not answer): {names} + 120 more",
        said=("130 connections: peer does not answer; to 10.1.1.0/24 and fd00:1::1:0/112",),
    )


def costs(lab: Lab, host: Host, *arguments: str) -> float:
    """The processor's time of a run, in seconds."""
    answer = ask(host, *arguments)
    lab.note(f"{' '.join(arguments) or 'by default'}: {answer.cpu:.2f} s, {answer.seconds:.2f} s")
    return answer.cpu


@scenario(live=True)
def cause_in_a_long_log(lab: Lab) -> None:
    """A log of 2 GB, and one that is rotated all the time, cost little."""
    alice, _ = pair(lab, BOB, bob_secrets=': PSK "another"\n', charon=LOGS)
    alice.wait_log("AUTHENTICATION_FAILED")
    alice.wait_gone(r"bob\[")
    alice.run("chmod", "0644", NAMED)
    alice.run("sh", "-c", f"cp {NAMED} /run/end; truncate -s 2G {NAMED}; cat /run/end >> {NAMED}")
    without = min(costs(lab, alice, "--log", "/nonexistent") for _ in range(5))
    least = min(costs(lab, alice, "--log", NAMED) for _ in range(5))
    if least - without > 0.3:
        raise LabError(f"the log costs {least - without:.2f} s")
    lab.expect(alice, f"{ONE}: bob (no SA: peer refused our authentication, just now)",
               arguments=("--log", NAMED))  # fmt: skip
    alice.run("sh", "-c", f"mv {NAMED} {NAMED}.1; : > {NAMED}")
    lab.expect(alice, f"{ONE}: bob (no SA: peer refused our authentication, just now)",
               arguments=("--log", NAMED))  # fmt: skip
    turning = f"while :; do mv {USUAL} {USUAL}.1; cp {USUAL}.1 {USUAL}; done"
    alice.spawn("timeout", "20", "sh", "-c", turning)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        answer = ask(alice)
        if ": bob (no SA: peer refused our authentication)" not in answer.line:
            raise LabError(answer.text)
