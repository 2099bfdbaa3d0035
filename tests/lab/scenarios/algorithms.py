"""What was agreed on, against policy: weak algorithms, open settings, other modes."""

import re

from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import PEERS, connection, fleet, name, nodes
from lab.scenarios.modes import AGGRESSIVE
from lab.scenarios.pair import DEFAULT, PSK, conn, pair

PLUGIN = "check_ipsec_crypto"
FLEET_IKE = "ike=aes128gcm16-prfsha384-ecp384bp!"
FLEET_ESP = "esp=aes128gcm16-ecp384bp-noesn!"
PFS = "esp=aes128gcm16-ecp256!"
AGAINST = "1 of 1 connection against policy: bob"


def expect(lab: Lab, host: Host, line: str, *arguments: str, said: tuple[str, ...] = ()) -> None:
    """check_ipsec_crypto says ``line``."""
    lab.expect(host, line, arguments=arguments, said=said, plugin=PLUGIN)


def agreed(lab: Lab, *settings: str, charon: str = "") -> Host:
    """Alice, who has agreed with bob on what both have in these settings."""
    alice, _ = pair(lab, conn("bob", *settings), charon=charon, bob_charon=charon,
                    installed=("bob",))  # fmt: skip
    return alice


@scenario(live=True, every_release=True)
def crypto_as_the_fleet(lab: Lab) -> None:
    """Strict and strong proposals, as the fleet has them, were kept: nothing is wrong."""
    alice = agreed(lab, FLEET_IKE, FLEET_ESP)
    said = ("IKEv2 AES_GCM_16_128/PRF_HMAC_SHA2_384/ECP_384_BP", "ESP AES_GCM_16_128")
    expect(lab, alice, "OK - 1 connection as policy has it", said=said)
    expect(lab, alice, "OK - 1 connection as policy has it", "--floor", "rfc8221")


@scenario(live=True, every_release=True)
def crypto_rekeyed(lab: Lab) -> None:
    """The CHILD_SA was rekeyed with a key exchange of its own, and charon prints it."""
    alice = agreed(lab, FLEET_IKE, FLEET_ESP, "lifetime=16s", "margintime=9s", "rekeyfuzz=0%")
    alice.wait(r"bob\{\d+\}:  AES_GCM_16_128/ECP_384_BP")
    expect(lab, alice, "OK - 1 connection as policy has it")


@scenario(live=True, every_release=True)
def crypto_3des(lab: Lab) -> None:
    """3DES in IKE and in ESP."""
    alice = agreed(lab, "ike=3des-sha256-modp2048!", "esp=3des-sha256-modp2048!")
    weak = f"WARNING - {AGAINST} (IKE: 3DES_CBC; ESP: 3DES_CBC)"
    expect(lab, alice, weak, said=("#should-not-be-used",))
    expect(lab, alice, weak, "--floor", "rfc8221")
    expect(lab, alice, "OK - 1 connection as policy has it", "--floor", "none")
    expect(lab, alice, "OK - 1 connection as policy has it", "--allow", "3des")


@scenario(live=True, every_release=True)
def crypto_forbidden(lab: Lab) -> None:
    """DES, MD5 and a group of 768 bit, which the RFCs forbid."""
    alice = agreed(lab, "ike=des-md5-modp768!", "esp=des-md5-modp768!")
    ike = "IKE: DES_CBC, HMAC_MD5_96, PRF_HMAC_MD5, MODP_768"
    line = f"{AGAINST} ({ike}; ESP: DES_CBC, HMAC_MD5_96)"
    expect(lab, alice, f"WARNING - {line}")
    expect(lab, alice, f"CRITICAL - {line}", "--floor", "rfc8221", said=("#must-not-be-used",))


@scenario(live=True, every_release=True)
def crypto_modp1024(lab: Lab) -> None:
    """A group of 1024 bit."""
    alice = agreed(lab, "ike=aes128-sha256-modp1024!", PFS)
    said = ("#should-not-be-used #group-below-2048-bit",)
    expect(lab, alice, f"WARNING - {AGAINST} (IKE: MODP_1024)", said=said)
    expect(lab, alice, f"CRITICAL - {AGAINST} (IKE: MODP_1024)", "--small-group", "critical")
    expect(lab, alice, "OK - 1 connection as policy has it", "--allow", "modp1024")


@scenario(live=True, every_release=True)
def crypto_null(lab: Lab) -> None:
    """ESP that authenticates and does not encrypt: readable by everybody on the way."""
    alice = agreed(lab, FLEET_IKE, "esp=null-sha256-ecp256!")
    expect(lab, alice, f"CRITICAL - {AGAINST} (ESP: NULL)", said=("#null-encryption",))
    expect(lab, alice, "OK - 1 connection as policy has it", "--null", "ok")


@scenario(live=True, every_release=True)
def crypto_without_integrity(lab: Lab) -> None:
    """ESP that encrypts and does not authenticate."""
    alice = agreed(lab, FLEET_IKE, "esp=aes128-ecp256!")
    expect(lab, alice, f"CRITICAL - {AGAINST} (ESP: no integrity)", "--floor", "rfc8221")


@scenario(live=True, ikev1=True, every_release=True)
def crypto_ikev1_aggressive(lab: Lab) -> None:
    """IKEv1 in aggressive mode with a pre-shared key."""
    v1 = ("keyexchange=ikev1", "ike=aes128-sha256-modp2048!", "esp=aes128-sha256-modp2048!")
    alice = agreed(lab, *v1, "aggressive=yes", charon=AGGRESSIVE)
    expect(lab, alice, f"CRITICAL - {AGAINST} (aggressive mode with PSK; IKEv1)")
    expect(lab, alice, f"WARNING - {AGAINST} (IKEv1)", "--aggressive", "ok")


@scenario(live=True, ikev1=True)
def crypto_ikev1_without_pfs(lab: Lab) -> None:
    """IKEv1 in main mode, and quick mode without a group."""
    v1 = ("keyexchange=ikev1", "ike=aes128-sha256-modp2048!", "esp=aes128-sha256!")
    expect(lab, agreed(lab, *v1), f"WARNING - {AGAINST} (IKEv1; ESP: no PFS)")


@scenario(live=True, every_release=True)
def crypto_open(lab: Lab) -> None:
    """The file does not insist: charon would take its defaults too."""
    alice = agreed(lab, "ike=aes128gcm16-prfsha384-ecp384bp", "esp=")
    line = f"{AGAINST} (open to weaker: ike= without !, no esp=)"
    expect(lab, alice, f"WARNING - {line}", said=("#open-to-weaker",))
    expect(lab, alice, "OK - 1 connection as policy has it", "--open", "ok")


@scenario(live=True, every_release=True)
def crypto_defaults_rekeyed(lab: Lab) -> None:
    """charon's own proposals, rekeyed: without a key exchange before 6.0.2, with one since."""
    alice = agreed(lab, "ike=", "esp=", "lifetime=60s", "margintime=9s", "rekeyfuzz=0%")
    alice.wait(r"bob\{[2-9]\}:  AES_", timeout=100)
    rekeyed = re.findall(r"bob\{[2-9]\}:  (AES_\S+),", alice.statusall())[-1]
    pfs = "" if re.search("ECP|CURVE|MODP", rekeyed) else "ESP: no PFS; "
    # proven once the IKE_SA is older than the CHILD_SA by more than a minute
    alice.wait(r"bob\[\d+\]: ESTABLISHED [2-9] minutes ago", timeout=150)
    expect(lab, alice, f"WARNING - {AGAINST} ({pfs}open to weaker: no ike=, no esp=)")


@scenario(live=True, every_release=True)
def crypto_post_quantum(lab: Lab) -> None:
    """ML-KEM beside a key exchange that a quantum computer breaks.

    5.9 does not know it; Debian's 6.0.1 knows its name and has no plugin for it.
    """
    agreed_on = "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384/KE1_ML_KEM_768"
    strong = "ike=aes256gcm16-prfsha384-ecp384-ke1_mlkem768-ke2_none!"
    both = conn("bob", strong, FLEET_ESP)
    alice, _ = pair(lab, both + conn("other", "right=10.1.0.9", "auto=add"))
    if "strongSwan 5." in alice.statusall():
        line = "OK - 1 connection as policy has it, 1 of them without an SA"
        expect(lab, alice, line, "-i", "bob")
        return
    if "strongSwan 6.0.1" in alice.statusall():
        alice.wait_log("negotiated key exchange method ML_KEM_768 not supported")
        return
    alice.wait_installed("bob")
    fine = "OK - 1 connection as policy has it"
    expect(lab, alice, fine, "-i", "bob", said=(f"IKEv2 {agreed_on}",))
    alice.write("/etc/ipsec.conf", DEFAULT + both.replace("ke2_none", "ke2_mlkem512"))
    expect(lab, alice, f"WARNING - {AGAINST} (IKE: {agreed_on} not in ike=)")


@scenario(live=True)
def crypto_stricter_file(lab: Lab) -> None:
    """The file was made stricter, and the SAs are older than that."""
    alice = agreed(lab, "ike=aes128-sha1-modp2048!", "esp=aes128-sha1-modp2048!")
    text = DEFAULT + conn("bob", FLEET_IKE, FLEET_ESP)
    alice.write("/etc/ipsec.conf", text)
    expect(
        lab, alice,
        f"WARNING - {AGAINST} (IKE: AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048 not in "
        "ike=; ESP: AES_CBC_128/HMAC_SHA1_96 not in esp=)",
        said=("#not-among-the-proposals",),
    )  # fmt: skip


@scenario(live=True)
def crypto_another_mode(lab: Lab) -> None:
    """BEET was asked for and tunnel mode agreed on, for bob does not say that he is strongSwan."""
    alice = agreed(lab, FLEET_IKE, FLEET_ESP, "type=beet")
    expect(lab, alice, f"WARNING - {AGAINST} (TUNNEL, not type=beet)", said=("#another-mode",))


@scenario(live=True, every_release=True)
def crypto_ah(lab: Lab) -> None:
    """AH, of which nobody expects that it encrypts."""
    alice = agreed(lab, FLEET_IKE, "esp=", "ah=sha256-ecp256!")
    expect(lab, alice, "OK - 1 connection as policy has it")


@scenario(live=True)
def crypto_of_the_kernel(lab: Lab) -> None:
    """Somebody has put a state without encryption in the place of charon's."""
    alice = agreed(lab, FLEET_IKE, "esp=aes128-sha256-ecp256!")
    spi = f"0x{alice.spi_in('bob')}"
    ends = ("src", "10.1.0.2", "dst", "10.1.0.1", "proto", "esp", "spi", spi)
    alice.run("ip", "xfrm", "state", "delete", *ends[2:])
    key = "0x" + "2a" * 32
    alice.run("ip", "xfrm", "state", "add", *ends, "reqid", "1", "mode", "transport",
              "auth-trunc", "hmac(sha256)", key, "128", "enc", "ecb(cipher_null)", "")  # fmt: skip
    expect(
        lab, alice,
        f"CRITICAL - {AGAINST} (kernel has ecb(cipher_null), not AES_CBC_128)",
        said=("#kernel-has-another-algorithm",),
    )  # fmt: skip
    expect(lab, alice, "OK - 1 connection as policy has it", "--no-kernel")


@scenario(live=True, every_release=True)
def crypto_esn(lab: Lab) -> None:
    """ESN was agreed on, and the kernel has it."""
    alice = agreed(lab, FLEET_IKE, FLEET_ESP.replace("noesn", "esn"))
    expect(lab, alice, "OK - 1 connection as policy has it", said=("ESP AES_GCM_16_128/ESN",))


@scenario(live=True)
def crypto_esn_without_replay_window(lab: Lab) -> None:
    """ESN was agreed on, and of one side's kernel charon does not ask it: nothing gets through."""
    both = (FLEET_IKE, FLEET_ESP.replace("noesn", "esn"))
    alice, bob = pair(lab, conn("bob", *both, "replay_window=0"), bob=conn("alice", *both),
                      installed=("bob",))  # fmt: skip
    if not alice.run("ping", "-c", "2", "10.1.0.2", check=False).returncode:
        raise LabError("the peers hear each other")
    line = f"WARNING - {AGAINST} (kernel has no ESN)"
    expect(lab, alice, line, said=("#kernel-has-other-sequence-numbers",))
    expect(lab, bob, "OK - 1 connection as policy has it")


@scenario(live=True)
def crypto_without_an_sa(lab: Lab) -> None:
    """Bob is down: that is check_ipsec's question, the file is as policy has it."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + conn("bob", FLEET_IKE, FLEET_ESP), PSK)
    expect(lab, alice, "CRITICAL - charon is not running")
    alice.start()
    expect(lab, alice, "OK - 1 connection as policy has it, 1 of them without an SA")


@scenario(live=True)
def crypto_not_in_the_file(lab: Lab) -> None:
    """A connection was taken from the file, and its weak SA is still there."""
    weak = conn("carl", "leftsubnet=10.1.0.1[udp/9]", "ike=aes128-sha256-modp1024!", PFS)
    strong = conn("bob", FLEET_IKE, FLEET_ESP)
    alice, _ = pair(lab, weak + strong, installed=("bob", "carl"))
    alice.write("/etc/ipsec.conf", DEFAULT + strong)
    line = "WARNING - 1 of 2 connections against policy: carl (IKE: MODP_1024)"
    expect(lab, alice, line)


WEAK = (3, "v6")
PROPOSALS = (FLEET_IKE, "esp=aes128gcm16-ecp384bp!")


@scenario(live=True, seconds=400)
def crypto_fleet_130_one_weak(lab: Lab) -> None:
    """130 connections; one has agreed on 3DES and a group of 1024 bit."""
    weak = ("ike=3des-sha1-modp1024!", PROPOSALS[1])
    takes = conn("weak", "left=fd00:1::1:3", "right=fd00:1::1", *weak)
    alice = fleet(lab, PEERS, takes, settings=PROPOSALS)
    conns = (connection(node, *(weak if node == WEAK else PROPOSALS)) for node in nodes(PEERS))
    alice.write("/etc/ipsec.conf", DEFAULT + "".join(conns))
    alice.start()
    alice.wait(r"Security Associations \(130 (up|total), 0 connecting\)", timeout=240)
    alice.wait_installed(*map(name, nodes(PEERS)))
    line = "1 of 130 connections against policy: cp0003_v6 (IKE: 3DES_CBC, MODP_1024)"
    expect(lab, alice, f"WARNING - {line}")
    expect(lab, alice, f"WARNING - {line}", "--floor", "rfc8221")
    expect(lab, alice, "OK - 129 connections as policy has it", "-e", name(WEAK))
