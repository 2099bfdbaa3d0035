"""charon idle, restarted, flooded, out of threads; and what is around it.

check_ipsec_daemon's first line holds an uptime and a number of threads, so it is a pattern.
"""

import re
import time

from lab.asking import Answer, ask_keeping
from lab.errors import LabError
from lab.hosts import Host, load_modules, run
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import PEERS, fleet
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair
from lab.waiting import wait_until

PLUGIN = "check_ipsec_daemon"
UP = r"charon up \w+, \d+ of 16 threads idle"
FIRST = "; no earlier reading yet"
ONE = rf"OK - {UP}, 1 IKE_SA, 1 CHILD_SA"
# a rate is over so many seconds at least (check_ipsec/truth/since.py)
BETWEEN = 11
FOLDER = "/lib/modules"


def asked(lab: Lab, host: Host, *arguments: str) -> Answer:
    """What the plugin says, kept."""
    looks = len(list(lab.folder.glob("*.said")))
    return ask_keeping(host, lab.folder / str(looks + 1), *arguments, plugin=PLUGIN)


def health(lab: Lab, host: Host, pattern: str, *said: str, arguments: tuple[str, ...] = ()) -> None:
    """check_ipsec_daemon's first line is ``pattern``; ``said`` are patterns of the rest."""
    answer = asked(lab, host, *arguments)
    words = " ".join(answer.text.split())
    problems = [f"-v does not say: {text}" for text in said if not re.search(text, words)]
    if not re.fullmatch(pattern, answer.line):
        problems.append(f"expected: {pattern}\n said:     {answer.line}")
    if answer.exit != ("OK", "WARNING", "CRITICAL", "UNKNOWN").index(pattern.partition(" ")[0]):
        problems.append(f"exit status {answer.exit}")
    if problems:
        raise LabError("\n".join(problems))
    lab.note(f"{answer.seconds:.2f} s, {answer.cpu:.2f} s of the processor: {answer.text}")


@scenario(live=True, every_release=True)
def charon_idle(lab: Lab) -> None:
    """A healthy charon: the first run has no rates, the second has."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    health(
        lab, alice, ONE + FIRST, "unanswered init, in/out unknown 1 -", "bob 0/0 0/0 0/0 0/0 0 0"
    )
    time.sleep(BETWEEN)
    health(lab, alice, ONE, "unanswered init, in/out 0/0 1 OK", "resident 1[0-9]MB")


@scenario(live=True)
def charon_restarted(lab: Lab) -> None:
    """charon crashes, and its starter starts another one: up is not enough."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    health(lab, alice, ONE + FIRST)
    before = alice.run("cat", "/run/charon.pid").stdout
    alice.kill("KILL", "charon")
    now = ("cat", "/run/charon.pid")
    others = ("", before)
    wait_until(lambda: alice.run(*now, check=False).stdout not in others, "starter starts another")
    alice.wait_installed("bob")
    young = r"WARNING - charon started \d+s ago; no earlier reading of this charon yet"
    health(lab, alice, young)
    time.sleep(BETWEEN)
    health(lab, alice, r"WARNING - charon started \d+s ago")
    health(lab, alice, ONE, arguments=("--uptime", "0:"))


@scenario(live=True)
def charon_restarted_with_the_host(lab: Lab) -> None:
    """The host was booted between two runs: nothing is wrong with that."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    health(lab, alice, ONE + FIRST)
    state = f"/var/lib/check_ipsec/{alice.name}.json"
    text = alice.read(state).decode()
    alice.write(state, re.sub(r'"boot": "[0-9a-f-]+"', '"boot": "another"', text))
    health(lab, alice, f"{ONE}; no earlier reading of this charon yet")


# --- an attack ----------------------------------------------------------------

FLOOD = """\
import os, socket, struct, sys, time
def payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body
def init():
    "An IKE_SA_INIT request with an SPI of its own: aes128-sha256-curve25519."
    transforms = b"".join((
        struct.pack("!BBHBBHHH", 3, 0, 12, 1, 0, 12, 0x800e, 128),
        struct.pack("!BBHBBH", 3, 0, 8, 2, 0, 5),
        struct.pack("!BBHBBH", 3, 0, 8, 3, 0, 12),
        struct.pack("!BBHBBH", 0, 0, 8, 4, 0, 31),
    ))
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 4) + transforms
    key = struct.pack("!HH", 31, 0) + os.urandom(32)
    body = payload(34, proposal) + payload(40, key) + payload(0, os.urandom(32))
    head = struct.pack("!BBBBII", 33, 0x20, 34, 8, 0, 28 + len(body))
    return os.urandom(8) + bytes(8) + head + body
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    sender.sendto(init(), (sys.argv[1], 500))
    time.sleep(0.01)
"""
GARBAGE = """\
import os, socket, struct, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    head = os.urandom(16) + struct.pack("!BBBBII", 46, 0x20, 37, 8, 7, 60)
    sender.sendto(head + os.urandom(32), (sys.argv[1], 500))
    time.sleep(0.01)
"""


# while there is a file, 64 KiB are lost every tenth time that somebody asks for memory
LEAK = """\
#include <stddef.h>
#include <string.h>
#include <unistd.h>
extern void *__libc_malloc(size_t);
void *malloc(size_t size)
{
    static unsigned calls;
    if (++calls % 10 == 0 && access("/run/leaking", F_OK) == 0) {
        void *lost = __libc_malloc(65536);
        if (lost)
            memset(lost, 1, 65536);
    }
    return __libc_malloc(size);
}
"""


@scenario(live=True)
def charon_leaking(lab: Lab) -> None:
    """charon loses memory with whatever it does: the process grows, with the same SAs."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("ipsec", "stop")
    alice.write("/root/leak.c", LEAK)
    alice.run("gcc", "-shared", "-fPIC", "-o", "/usr/local/lib/leak.so", "/root/leak.c")
    alice.spawn("env", "LD_PRELOAD=/usr/local/lib/leak.so", "ipsec", "start", "--nofork")
    alice.wait_installed("bob")
    health(lab, alice, ONE + FIRST)
    alice.write("/run/leaking", "")

    def grown() -> bool:
        alice.statusall()
        status = alice.run("cat", f"/proc/{alice.read('/run/charon.pid').decode().strip()}/status")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status.stdout)[0]) > 110_000

    wait_until(grown, "charon grows", 120)
    health(lab, alice, r"WARNING - charon has grown by \d+MB.*")


def attacked(lab: Lab, charon: str = "") -> tuple[Host, Host]:
    """Alice, who waits for anybody, and bob, who means no good."""
    bob, alice = lab.host("bob"), lab.host("alice")
    anybody = conn("any", "right=%any", "auto=add", "ike=aes128-sha256-curve25519!")
    alice.configure(DEFAULT + anybody, PSK, charon)
    alice.start("any")
    return alice, bob


@scenario(live=True, every_release=True)
def charon_flooded(lab: Lab) -> None:
    """200 half-open IKE_SAs, where somebody has turned off charon's protection."""
    alice, bob = attacked(lab, "dos_protection = no")
    bob.run("python3", "-c", FLOOD, "10.1.0.1", "200")
    alice.wait(r"200 connecting")
    health(lab, alice, f"WARNING - 200 half-open IKE_SAs{FIRST}", "#half-open-ike_sas")
    health(lab, alice, "CRITICAL - 200 half-open IKE_SAs", arguments=("--half-open", "10,100"))


@scenario(live=True)
def charon_flooded_and_protected(lab: Lab) -> None:
    """The same flood, and charon asks for cookies: nothing is wrong."""
    alice, bob = attacked(lab)
    bob.run("python3", "-c", FLOOD, "10.1.0.1", "200")
    health(lab, alice, rf"OK - {UP}, \d+ IKE_SAs, 0 CHILD_SAs{FIRST}")


@scenario(live=True)
def charon_sent_garbage(lab: Lab) -> None:
    """Messages for IKE_SAs that are not there, some forty a second."""
    alice, bob = attacked(lab)
    health(lab, alice, rf"OK - {UP}, 0 IKE_SAs, 0 CHILD_SAs{FIRST}")
    time.sleep(BETWEEN)
    bob.run("python3", "-c", GARBAGE, "10.1.0.1", "200")
    health(lab, alice, r"WARNING - [0-9.]+ messages with an invalid SPI per second")


# --- threads ------------------------------------------------------------------

HANGS = "#!/bin/sh\nexec sleep 60\n"


def blocked(lab: Lab, number: int) -> Host:
    """Alice, with so many threads that wait for an updown script, or for who waits for one."""
    carol, alice = lab.host("carol"), lab.host("alice")
    ours = (conn(f"c{one}", "right=10.1.0.3", f"leftsubnet=10.1.0.1[udp/{one}]", "auto=add",
                 "leftupdown=/usr/local/bin/hangs") for one in range(number))  # fmt: skip
    theirs = (conn(f"c{one}", "left=10.1.0.3", "right=10.1.0.1", "auto=add",
                   f"rightsubnet=10.1.0.1[udp/{one}]") for one in range(number))  # fmt: skip
    alice.write("/usr/local/bin/hangs", HANGS, 0o755)
    for host, conns in ((alice, ours), (carol, theirs)):
        setup = "config setup\n    uniqueids=no\n\n"
        charon = "reuse_ikesa = no\ndos_protection = no"
        host.configure(setup + DEFAULT + "".join(conns), PSK, charon)
        host.start()
    for one in range(number):
        carol.run("ipsec", "stroke", "up-nb", f"c{one}", check=False)
    alice.wait_log("CHILD_SA .* established")
    return alice


@scenario(live=True)
def charon_without_threads(lab: Lab) -> None:
    """Every worker thread waits for an updown script, or for one that does."""
    alice = blocked(lab, 14)
    nb = ("timeout", "2", "ipsec", "stroke", "statusall-nb")
    wait_until(lambda: not alice.run(*nb, check=False).stdout, "no thread is left")
    health(lab, alice, "CRITICAL - charon does not answer")


@scenario(live=True)
def charon_busy(lab: Lab) -> None:
    """Updown scripts hang, and threads are left that answer."""
    busy = "WARNING - charon leaves busy SAs out of its answer; no earlier reading yet"
    health(lab, blocked(lab, 2), busy)


@scenario(live=True)
def charon_stopped(lab: Lab) -> None:
    """charon was never started, and later it hangs."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + BOB, PSK)
    health(lab, alice, "CRITICAL - charon is not running")
    alice.start()
    alice.kill("STOP", "charon")
    health(lab, alice, "CRITICAL - charon does not answer")


# --- what is around -----------------------------------------------------------


@scenario(live=True)
def charon_and_a_dead_peer(lab: Lab) -> None:
    """charon asks a dead peer again and again: not its own fault, and -v says so."""
    alice, bob = pair(lab, conn("bob", "dpdaction=restart", "dpddelay=2s"), installed=("bob",))
    health(lab, alice, ONE + FIRST)
    bob.kill("STOP", "charon")
    time.sleep(BETWEEN)
    health(lab, alice, ONE, r"bob\[1\] to 10.1.0.2 waits for: IKE_DPD")


@scenario(live=True)
def charon_without_larval_drop(lab: Lab) -> None:
    """The kernel keeps packets while an SA is negotiated."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("sysctl", "-q", "net.core.xfrm_larval_drop=0")
    health(lab, alice, f"WARNING - xfrm_larval_drop is off{FIRST}", "#larval_drop-is-off")
    health(lab, alice, ONE, arguments=("--larval-drop", "ok"))


@scenario(live=True)
def charon_without_esp6(lab: Lab) -> None:
    """The running kernel's modules are gone from the disk, as after an upgrade, but for esp4.

    What is loaded is the whole guest's, so it comes back.
    """
    six = conn("six", "left=fd00:1::1", "right=fd00:1::2", "auto=add")
    alice, _ = pair(lab, BOB + "\n" + six, installed=("bob",))
    folder = f"{FOLDER}/{alice.run('uname', '-r').stdout.strip()}"
    run("modprobe", "-d", "/run/kernel", "-r", "esp6")
    try:
        health(lab, alice, ONE + FIRST)
        alice.write(f"{folder}/modules.builtin", "kernel/net/xfrm/xfrm_user.ko\n")
        alice.write(f"{folder}/modules.dep", "kernel/net/ipv6/esp6.ko: kernel/net/xfrm/x.ko\n")
        health(lab, alice, ONE)
        alice.write(f"{folder}/modules.dep", "kernel/net/ipv4/esp4.ko:\n")
        health(lab, alice, "CRITICAL - the kernel has no module esp6", "#kernel-module-missing")
        health(lab, alice, ONE, arguments=("-e", "six"))
    finally:
        load_modules("esp6")


@scenario(live=True)
def charon_of_two_services(lab: Lab) -> None:
    """Both services run, by systemd's folders, which are written here; a stale pid file."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    for service in ("strongswan", "strongswan-starter"):
        alice.write(f"/sys/fs/cgroup/system.slice/{service}.service/cgroup.procs", "14\n")
    health(lab, alice, f"WARNING - strongswan-starter and strongswan both run{FIRST}")
    alice.write("/sys/fs/cgroup/system.slice/strongswan.service/cgroup.procs", "")
    alice.write("/run/charon.pid", "99999\n")
    health(lab, alice, "WARNING - the pid file names 99999, which is no process")
    alice.write("/run/charon.pid", "1\n")
    health(lab, alice, "WARNING - the pid file names 1, which is sleep")


LISTED = ("--list-sas", "--list-sas --noblock", "--list-conns", "--list-pols", "--stats")
OLDER = (
    *("/usr/sbin/ipsec stroke statusall", "/usr/sbin/ipsec stroke statusall-nb"),
    *(f"/usr/sbin/swanctl {asked} --pretty" for asked in LISTED),
)
OLDER_RULE = f"nagios ALL=(root) NOPASSWD: {', '.join(OLDER)}\n"
COUNTS = "(ipsec stroke listcounters|swanctl --counters --pretty)"


@scenario(live=True)
def charon_counters_refused(lab: Lab) -> None:
    """The rules for sudo are older than the plugin; and charon has no plugin that counts."""
    silent = "plugins { counters { load = no } }"
    alice, _ = pair(lab, BOB, installed=("bob",), charon=silent)
    health(lab, alice, rf"{ONE}; no counters \(plugin missing\){FIRST}")
    alice.write("/etc/sudoers.d/monitoring-plugins-ipsec", OLDER_RULE, 0o440)
    lacks = f"nagios ALL=\\(root\\) NOPASSWD: /usr/sbin/{COUNTS}"
    health(lab, alice, f"WARNING - nagios may not run .*{COUNTS} .*; sudoers lacks: {lacks}")


REKEYS = ("lifetime=16s", "margintime=9s", "rekeyfuzz=30%")


@scenario(live=True, seconds=400)
def charon_health_soak(lab: Lab) -> None:
    """A healthy charon without traffic, then with traffic and keys that change: no alarm."""
    alice, _ = pair(lab, conn("bob", *REKEYS), installed=("bob",))
    for traffic in (False, True):
        if traffic:
            alice.spawn("ping", "-q", "-i", "0.1", "10.1.0.2")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            health(lab, alice, rf"OK - {UP}, 1 IKE_SA, \d CHILD_SAs?.*")
            time.sleep(3)


@scenario(live=True, seconds=600)
def charon_health_fleet(lab: Lab) -> None:
    """A healthy charon that brings up 130 connections, and has them up: busy is no trouble."""
    alice = fleet(lab, PEERS)
    alice.spawn("ipsec", "start", "--nofork")
    alice.wait("Security Associations")
    fine = r"OK - charon up \w+, \d+ of 32 threads idle, {} IKE_SAs?, {} CHILD_SAs?.*"
    while "130 up" not in alice.statusall():
        health(lab, alice, fine.format(r"\d+", r"\d+"))
    time.sleep(BETWEEN)
    health(lab, alice, fine.format("130", "130"))
