"""Hosts with swanctl.conf and charon-systemd: no ipsec.conf, no starter, no ``ipsec``."""

import re

from lab.asking import ask_keeping
from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.charon_health import FIRST, ONE
from lab.scenarios.daemon import SLOW
from lab.scenarios.ipsec_global import act
from lab.scenarios.pair import DEFAULT, PSK
from lab.wire import prove

DEFAULTS = """\
defaults {
    version = 2
    mobike = no
    proposals = aes128-sha256-ecp256
    local {
        auth = psk
    }
    remote {
        auth = psk
    }
}
child-defaults {
    esp_proposals = aes128gcm16
    mode = transport
}
secrets {
    ike-lab {
        secret = lab
    }
}
"""
ENDS = {"alice": ("10.1.0.1", "10.1.0.2"), "bob": ("10.1.0.2", "10.1.0.1")}
TUNNEL = "mode = tunnel"


def child(name: str, *settings: str) -> str:
    lines = "".join(f"                {setting}\n" for setting in settings)
    return f"            {name} : child-defaults {{\n{lines}            }}\n"


def net(name: str, number: int, *settings: str, swapped: bool = False) -> str:
    """A child between two networks; ``swapped``: as the peer has it."""
    ends = (f"10.2.{number}.0/24", f"10.3.{number}.0/24")
    local, remote = reversed(ends) if swapped else ends
    return child(name, TUNNEL, f"local_ts = {local}", f"remote_ts = {remote}", *settings)


def connection(host: str, name: str, children: str, *settings: str) -> str:
    local, remote = ENDS[host]
    ends = (f"local_addrs = {local}", f"remote_addrs = {remote}")
    lines = "".join(f"        {setting}\n" for setting in (*ends, *settings))
    return f"    {name} : defaults {{\n{lines}        children {{\n{children}        }}\n    }}\n"


def conf(*connections: str) -> str:
    return DEFAULTS + "connections {\n" + "".join(connections) + "}\n"


def host(lab: Lab, name: str, text: str) -> Host:
    """A host that knows nothing but swanctl."""
    one = lab.host(name)
    one.run("rm", "-f", "/usr/sbin/ipsec", "/etc/ipsec.conf")
    one.start_swanctl(text)
    return one


HOST_TO_HOST = child("host")
STARTED = child("host", "start_action = start")


def pair(lab: Lab, alice: str, bob: str = HOST_TO_HOST) -> tuple[Host, Host]:
    """Alice and bob, whose connections are called gw, with these children."""
    responder = host(lab, "bob", conf(connection("bob", "gw", bob)))
    return host(lab, "alice", conf(connection("alice", "gw", alice))), responder


def up(lab: Lab) -> tuple[Host, Host]:
    """Alice has started what protects all that the two say."""
    alice, bob = pair(lab, STARTED)
    alice.wait_child("host")
    return alice, bob


@scenario(every_release=True)
def swanctl_up(lab: Lab) -> None:
    """start_action = start, established; the traffic is ESP."""
    alice, bob = up(lab)
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 1 connection established", said=("gw/host established",))


@scenario()
def swanctl_passive(lab: Lab) -> None:
    """The side that waits must be up too: it names a peer."""
    _, bob = up(lab)
    lab.expect(bob, "OK - 1 connection established")


@scenario()
def swanctl_passive_down(lab: Lab) -> None:
    """The side that waits, and nobody comes; a site that wants that so says it."""
    bob = host(lab, "bob", conf(connection("bob", "gw", HOST_TO_HOST)))
    lab.expect(bob, "OK - 0 connections established, 1 loaded", arguments=("--expect", "gw=loaded"))
    lab.expect(
        bob,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: gw/host (no SA)",
    )


ACTIONS = (
    net("trapped", 1, "start_action = trap")
    + net("both", 2, "start_action = trap|start")
    + child("lan", "mode = pass", "start_action = trap", "local_ts = 10.2.0.0/16",
            "remote_ts = 10.2.0.0/16")
    + child("never", "mode = drop", "local_ts = 10.9.0.0/16", "remote_ts = 10.9.0.0/16")
)  # fmt: skip
ANSWERS = net("trapped", 1, swapped=True) + net("both", 2, swapped=True)


def refused(lab: Lab, text: str) -> None:
    """Charon refuses a connection of ``text``; loading it again is not the only advice."""
    alice = host(lab, "alice", conf())
    alice.write("/etc/swanctl/swanctl.conf", text)
    alice.run("swanctl", "--load-all", check=False)
    due = "not loaded: `swanctl --load-all` is due, or charon has refused it"
    lab.expect(
        alice,
        "CRITICAL - 4 of 4 connections not established, traffic of 2 in clear text: "
        + ", ".join(f"gw/{name} ({due})" for name in ("both", "lan", "never", "trapped")),
    )


@scenario(every_release=True)
def swanctl_actions(lab: Lab) -> None:
    """Every start_action and mode, beside a connection for clients and one without children.

    5.9.1 does not know ``trap|start``.
    """
    host(lab, "bob", conf(connection("bob", "gw", ANSWERS)))
    others = connection("alice", "clients", child("any"), "remote_addrs = %any")
    text = conf(connection("alice", "gw", ACTIONS), others, connection("alice", "e", ""))
    if "5.9.1" in lab.hosts[0].run("swanctl", "--version").stdout:
        refused(lab, text)
        return
    alice = host(lab, "alice", text)
    alice.wait_child("both")
    lab.expect(
        alice, "OK - 1 connection established, 1 on demand, 1 for clients, 2 shunts, 1 loaded",
        said=("gw/both established", "gw/trapped on demand", "gw/lan shunt", "gw/never loaded",
              "clients/any clients", "e loaded"),
    )  # fmt: skip
    alice.run("swanctl", "--uninstall", "--child", "both")
    lab.expect(alice, "WARNING - 1 connection established, 1 on demand, 1 for clients, 2 shunts, "
                      "1 loaded, 1 unlike swanctl.conf: gw/both (trap not installed)")  # fmt: skip
    alice.run("swanctl", "--uninstall", "--child", "trapped")
    alice.run("swanctl", "--terminate", "--ike", "gw")
    lab.expect(
        alice,
        "CRITICAL - 2 of 2 connections not established, traffic of 2 in clear text: gw/both (no "
        "SA), gw/trapped (no SA)",
    )


@scenario(every_release=True)
def swanctl_trap_deleted(lab: Lab) -> None:
    """The kernel has lost the policy of a trap whose reqid VICI does not tell before 6.0.2."""
    alice, _ = pair(lab, net("trapped", 1, "start_action = trap"), ANSWERS)
    lab.expect(alice, "OK - 0 connections established, 1 on demand")
    alice.run("ip", "xfrm", "policy", "delete", "src", "10.2.1.0/24", "dst", "10.3.1.0/24",
              "dir", "out")  # fmt: skip
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: gw/trapped "
        "(trap missing in the kernel: traffic leaves in clear text)",
    )


@scenario()
def swanctl_same_child_twice(lab: Lab) -> None:
    """Two connections have a child of the same name; that of one is closed."""
    one = connection("alice", "one", net("net", 1, "start_action = start"))
    two = connection("alice", "two", net("net", 2, "start_action = start"))
    answers = net("net1", 1, swapped=True) + net("net2", 2, swapped=True)
    host(lab, "bob", conf(connection("bob", "gw", answers)))
    alice = host(lab, "alice", conf(one, two))
    alice.wait_sas(r"(?s)net: #.*INSTALLED.*net: #.*INSTALLED")
    lab.expect(alice, "OK - 2 connections established")
    sas = alice.run("swanctl", "--list-sas").stdout
    two = re.findall(r"net: #(\d+), .*\n(?:    (?!local).*\n)*    local  10\.2\.2\.0/24", sas)
    alice.run("swanctl", "--terminate", "--child-id", *two)
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: two/net (no "
        "SA)",
    )


@scenario()
def swanctl_file_changed(lab: Lab) -> None:
    """swanctl.conf has another network, one child more and one less than charon has loaded."""
    before = net("a", 1, "start_action = start") + net("b", 2, "start_action = start")
    after = net("a", 9, "start_action = start") + net("c", 3, "start_action = start")
    answers = net("a", 1, swapped=True) + net("b", 2, swapped=True)
    alice, _ = pair(lab, before, answers)
    alice.wait_child("a", "b")
    alice.write("/etc/swanctl/swanctl.conf", conf(connection("alice", "gw", after)))
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text, 1 unlike "
        "swanctl.conf: gw/c (not loaded: `swanctl --load-all` is due, or charon has refused it), "
        "gw/a (loaded differently: local_ts=10.2.9.0/24, `swanctl --load-all` is due) + 1 not in "
        "swanctl.conf",
    )


@scenario()
def swanctl_conf_d(lab: Lab) -> None:
    """The connection stands in conf.d; then a file there may not be read, then one is broken."""
    alice, _ = up(lab)
    whole = alice.read("/etc/swanctl/swanctl.conf").decode()
    alice.write("/etc/swanctl/conf.d/gw.conf", whole)
    alice.write("/etc/swanctl/swanctl.conf", "# all of it\ninclude conf.d/*.conf\n")
    lab.expect(alice, "OK - 1 connection established")
    alice.write("/etc/swanctl/conf.d/secret.conf", "secrets { }\n", 0o600)
    lab.expect(alice, "UNKNOWN - cannot read /etc/swanctl/conf.d/secret.conf: Permission denied")
    lab.expect(
        alice, "OK - 1 connection established", arguments=("--secrets", "*/conf.d/secret.conf")
    )
    alice.write("/etc/swanctl/conf.d/secret.conf", "secrets {\n")
    lab.expect(alice, "UNKNOWN - /etc/swanctl/conf.d/secret.conf:2: a section does not end")


@scenario(every_release=True)
def swanctl_wrong_psk(lab: Lab) -> None:
    """Another key: bob refuses, and with one try only there is no SA soon."""
    host(lab, "bob", conf(connection("bob", "gw", HOST_TO_HOST)).replace("= lab", "= other"))
    alice = host(lab, "alice", conf(connection("alice", "gw", STARTED)))
    alice.wait_sas("gw: #", gone=True)
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: gw/host (no SA)",
    )


@scenario()
def swanctl_peer_silent(lab: Lab) -> None:
    """Nobody answers."""
    alice = host(lab, "alice", conf(connection("alice", "gw", STARTED)))
    lab.expect(
        alice,
        "WARNING - 1 of 1 connection not established, traffic of 1 in clear text: gw/host (peer "
        "does not answer)",
        arguments=("--cleartext", "ok"),
    )


@scenario()
def swanctl_states_flushed(lab: Lab) -> None:
    """The kernel has lost all states."""
    alice, _ = up(lab)
    alice.run("ip", "xfrm", "state", "flush")
    lab.expect(alice, "CRITICAL - 1 of 1 connection not established: gw/host (kernel has no such "
                      "SA)")  # fmt: skip


@scenario()
def swanctl_interface_ids(lab: Lab) -> None:
    """Policies that only count for packets of an XFRM interface, by number and by charon's own."""
    ours = net("a", 1, "start_action = start", "if_id_in = 0x2a", "if_id_out = 42")
    ours += net("b", 2, "start_action = start", "if_id_in = %unique", "if_id_out = %unique")
    answers = net("a", 1, swapped=True) + net("b", 2, swapped=True)
    alice, _ = pair(lab, ours, answers)
    alice.wait_child("a", "b")
    lab.expect(alice, "OK - 2 connections established")


@scenario(every_release=True)
def swanctl_hung(lab: Lab) -> None:
    """charon-systemd is stopped by SIGSTOP: it answers nothing."""
    alice, _ = up(lab)
    alice.kill("STOP", "charon-systemd")
    lab.expect(alice, "CRITICAL - charon does not answer: 1 connection is not established")


@scenario(live=True, every_release=True)
def swanctl_one_sa_busy(lab: Lab) -> None:
    """An updown script of carol's hangs: --list-sas waits for her SA, --noblock leaves it out."""
    host(lab, "carol", conf(connection("bob", "gw", HOST_TO_HOST, "local_addrs = 10.1.0.3")))
    host(lab, "bob", conf(connection("bob", "gw", HOST_TO_HOST)))
    hangs = child("host", "updown = /usr/local/bin/slow")
    busy = connection("alice", "carol", hangs, "remote_addrs = 10.1.0.3")
    alice = host(lab, "alice", conf(connection("alice", "gw", STARTED), busy))
    alice.wait_child("host")
    alice.write("/usr/local/bin/slow", SLOW, 0o755)
    alice.spawn("swanctl", "--initiate", "--ike", "carol", "--child", "host")
    alice.wait_log(r"CHILD_SA host\{2\}")
    lab.expect(
        alice,
        "WARNING - 1 of 2 connections not established: carol/host (not in charon's partial "
        "answer); charon's answer is partial",
    )


@scenario()
def swanctl_killed(lab: Lab) -> None:
    """charon-systemd was killed: a stale socket, policies left over."""
    alice, _ = up(lab)
    alice.kill("KILL", "charon-systemd")
    lab.expect(alice, "CRITICAL - charon is not running: 1 connection is not established")


@scenario()
def swanctl_rights(lab: Lab) -> None:
    """A user whom sudo grants nothing."""
    alice, _ = up(lab)
    lab.expect(
        alice,
        "UNKNOWN - nobody may not run /usr/sbin/swanctl --stats --pretty (sudo: a password is "
        "required); sudoers lacks: nobody ALL=(root) NOPASSWD: /usr/sbin/swanctl --stats --pretty",
        user="nobody",
    )


@scenario()
def swanctl_nothing(lab: Lab) -> None:
    """The swanctl.conf that comes with the package: no connection."""
    alice = host(lab, "alice", "include conf.d/*.conf\n")
    lab.expect(alice, "CRITICAL - no connection in /etc/swanctl/swanctl.conf")


@scenario(every_release=True, stroke=True)
def swanctl_and_ipsec_conf(lab: Lab) -> None:
    """One charon with connections of both files: both are judged in one answer."""
    carol = lab.host("carol")
    own = "conn alice\n    left=10.1.0.3\n    right=10.1.0.1\n"
    carol.configure(DEFAULT.replace("auto=start", "auto=add") + own, PSK)
    carol.start()
    host(lab, "bob", conf(connection("bob", "gw", HOST_TO_HOST)))
    alice = lab.host("alice")
    alice.configure(DEFAULT + "conn carol\n    right=10.1.0.3\n", PSK)
    alice.write("/etc/swanctl/swanctl.conf", conf(connection("alice", "gw", STARTED)))
    alice.start()
    alice.load_all()
    alice.wait_installed("carol", "host")
    lab.expect(alice, "OK - 2 connections established", said=("carol established",
                                                              "gw/host established"))  # fmt: skip
    lab.expect(alice, "OK - 1 connection established + 1 not in ipsec.conf",
               arguments=("--source", "stroke"))  # fmt: skip
    alice.run("swanctl", "--terminate", "--ike", "gw")
    alice.run("ipsec", "down", "carol")
    lab.expect(
        alice,
        "CRITICAL - 2 of 2 connections not established, traffic of 2 in clear text: carol (no "
        "SA), gw/host (no SA)",
    )


@scenario(live=True)
def swanctl_global(lab: Lab) -> None:
    """ipsec-global on a host that knows nothing but swanctl: down, up, and what cannot come up."""
    bob = host(lab, "bob", conf(connection("bob", "gw", ANSWERS)))
    alice = host(lab, "alice", conf(connection("alice", "gw", ACTIONS)))
    alice.wait_child("both")
    act(alice, "down", 0, "2 connections down", "clear text: .*")
    lab.expect(
        alice,
        "CRITICAL - 2 of 2 connections not established, traffic of 2 in clear text: gw/both (no "
        "SA), gw/trapped (no SA)",
    )
    act(alice, "up -b", 0, "3 connections up")
    lab.expect(alice, "OK - 1 connection established, 1 on demand, 2 shunts")
    bob.write("/etc/swanctl/swanctl.conf", conf(connection("bob", "gw", net("x", 7, swapped=True))))
    bob.load_all()
    act(alice, "down -i gw/both", 0, "1 connection down", "clear text: .*")
    act(alice, "up -b -i gw/both -t 30", 1, "0 of 1 connection up, 1 not",
        "  gw/both: .*, received TS_UNACCEPTABLE notify, no CHILD_SA",
        "    built, peer 10.1.0.2")  # fmt: skip


@scenario(live=True)
def swanctl_other_commands(lab: Lab) -> None:
    """check_ipsec_daemon, _traffic and _crypto on a host that knows nothing but swanctl."""
    alice, bob = up(lab)
    for number, (plugin, pattern) in enumerate(
        (
            ("daemon", rf"{ONE}{FIRST}"),
            ("traffic", "OK - no earlier reading yet: 1 connection up"),
            ("crypto", r"WARNING - 1 of 1 connection against policy: gw/host \(ESP: no PFS\)"),
            ("traffic", "OK - 1 connection up, 1 with traffic.*"),
        )
    ):
        record = lab.folder / str(number)
        answer = ask_keeping(alice, record, plugin=f"check_ipsec_{plugin}")
        if not re.fullmatch(pattern, answer.line):
            raise LabError(f"expected: {pattern}\n said:     {answer.line}")
        prove(alice, bob, "ESP")
