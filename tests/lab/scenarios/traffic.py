"""What connections carry: packets that are lost, refused, or fine, run after run."""

import json
import re
import subprocess
import sys
import time
from collections import Counter

from lab.asking import Answer, ask, ask_keeping
from lab.errors import LabError
from lab.hosts import Host, run
from lab.scenario import Lab, scenario
from lab.scenarios.by_hand import GCM, other_state
from lab.scenarios.merged import all_installed, child
from lab.scenarios.pair import BOB, pair
from lab.scenarios.soak import LINGERS, REKEYS

PLUGIN = "check_ipsec_traffic"
SILENT = ("--silent", "2")
OFTEN = ("lifetime=24s", "margintime=12s", "rekeyfuzz=30%")
RATE = 50
STATE = "/var/lib/check_ipsec/alice.json"
NO_BOOT = "00000000-0000-0000-0000-000000000000"
IN_VAIN = r"for \d+ s"
WRONG = r"WARNING - 1 of 1 connection does not carry as it should: bob \({}\)"

# sends so many of the packets that it sees a host send a second time
REPLAY = """\
import socket, sys
times = int(sys.argv[1])
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as cable:
    cable.bind(("eth0", 0))
    cable.settimeout(20)
    while True:
        frame, address = cable.recvfrom(2000)
        if address[2] == socket.PACKET_OUTGOING and frame[23] == socket.IPPROTO_ESP:
            break
    for _ in range(times):
        cable.send(frame)
"""
# a datagram of so many octets, so many times, at so many per second
STREAM = """\
import socket, sys, time
address, octets, times, rate = sys.argv[1], *map(int, sys.argv[2:])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    begin = time.monotonic()
    for number in range(times):
        sender.sendto(bytes(octets), (address, 4242))
        time.sleep(max(0.0, begin + number / rate - time.monotonic()))
"""


def asked(lab: Lab, host: Host, *arguments: str) -> Answer:
    """What the plugin says; it is kept under the next free number."""
    number = sum(1 for _ in lab.folder.glob("*.said")) + 1
    return ask_keeping(host, lab.folder / str(number), *arguments, plugin=PLUGIN)


def says(lab: Lab, host: Host, pattern: str, *arguments: str) -> Answer:
    """Asks, and wants a first line of that pattern."""
    answer = asked(lab, host, *arguments)
    expect(answer, pattern)
    return answer


def expect(answer: Answer, pattern: str) -> None:
    if not re.fullmatch(pattern, answer.line):
        raise LabError(f"expected: {pattern}\n said:     {answer.line}")


def perfdata(answer: Answer, label: str) -> int:
    found = re.search(rf"[ |]{label}=(\d+)", answer.text.partition("\n")[0])
    if not found:
        raise LabError(f"no {label} in: {answer.text}")
    return int(found[1])


def ping(host: Host, address: str = "10.1.0.2", count: int = 8) -> None:
    host.run("ping", "-q", "-i", "0.2", "-W", "1", "-c", str(count), address, check=False)


def drop(host: Host, chain: str) -> None:
    host.run("iptables-legacy", "-A", chain, "-p", "esp", "-j", "DROP")


def followed(lab: Lab) -> tuple[Host, Host]:
    """Alice and bob, who have talked; both are looked at a first time."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    for host in (alice, bob):
        says(lab, host, "OK - no earlier reading yet: 1 connection up")
    ping(alice)
    for host in (alice, bob):
        says(lab, host, "OK - 1 connection up, 1 with traffic, .*B/s in, .*B/s out", *SILENT)
    return alice, bob


@scenario(live=True)
def traffic_none(lab: Lab) -> None:
    """Up, and nobody has anything to say: healthy."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    says(lab, alice, "OK - no earlier reading yet: 1 connection up")
    for _ in range(3):
        says(lab, alice, "OK - 1 connection up, 0 with traffic, 0B/s in, 0B/s out", *SILENT)


@scenario(live=True)
def traffic_inbound_dropped(lab: Lab) -> None:
    """ESP that arrives is thrown away: alice talks in vain, bob hears her and answers."""
    alice, bob = followed(lab)
    drop(alice, "INPUT")
    for _ in range(2):
        ping(alice)
        asked(lab, bob, *SILENT)
        answer = asked(lab, alice, *SILENT)
    expect(answer, WRONG.format(f"stalled: nothing in {IN_VAIN}, out flows"))
    ping(alice)
    says(lab, bob, "OK - 1 connection up, 1 with traffic, .*", *SILENT)


@scenario(live=True)
def traffic_outbound_dropped(lab: Lab) -> None:
    """ESP that leaves is thrown away behind the kernel: bob hears nothing, and is silent."""
    alice, bob = followed(lab)
    bob.run("iptables-legacy", "-t", "raw", "-A", "PREROUTING", "-p", "esp", "-j", "DROP")
    for _ in range(2):
        ping(alice)
        ping(bob, "10.1.0.1")
        answers = [asked(lab, host, *SILENT) for host in (alice, bob)]
    if answers[1].status != "WARNING" or answers[0].status != "OK":
        raise LabError("\n".join(answer.line for answer in answers))


@scenario(live=True)
def traffic_dropped_from_the_beginning(lab: Lab) -> None:
    """ESP never came through, either way."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    drop(alice, "INPUT")
    drop(bob, "INPUT")
    asked(lab, alice, *SILENT)
    for _ in range(2):
        ping(alice)
        answer = asked(lab, alice, *SILENT)
    expect(answer, WRONG.format(f"one way: nothing in {IN_VAIN}, out flows"))
    ping(alice)
    says(lab, alice, "CRITICAL - 1 of 1 connection does not carry .*", *SILENT, "-c", "0")


@scenario(live=True)
def traffic_replayed(lab: Lab) -> None:
    """Somebody sends a packet of alice's again and again."""
    alice, bob = followed(lab)
    inside = ("nsenter", "--target", alice.pid, "--net", sys.executable, "-c", REPLAY, "500")
    alice.spawn("sh", "-c", "sleep 1; exec ping -q -c 3 10.1.0.2")
    run(*inside)
    says(lab, alice, "OK - .*", *SILENT)
    says(lab, bob, WRONG.format("replays: .*/s") + ".*", *SILENT)


@scenario(live=True)
def traffic_with_another_key(lab: Lab) -> None:
    """Alice encrypts with a key that bob does not have."""
    alice, bob = followed(lab)
    other_state(alice, "bob", "replay-oseq", "1000", keys=GCM)
    ping(alice, count=30)
    means = "packets do not fit their SA: damaged, or another key"
    found = WRONG.format("integrity failures: .*/s")
    says(lab, bob, rf"{found}; XfrmInStateProtoError .*/s \({means}\)", *SILENT)


@scenario(live=True)
def traffic_of_states_that_are_gone(lab: Lab) -> None:
    """Bob has lost his states: what alice sends is for nobody."""
    alice, bob = followed(lab)
    bob.run("ip", "xfrm", "state", "flush")
    ping(alice, count=40)
    found = r"WARNING - .*XfrmInNoStates .*/s \(a peer uses SAs that are not here\)"
    says(lab, bob, found, *SILENT)


@scenario(live=True, seconds=300)
def traffic_with_losses(lab: Lab) -> None:
    """One packet of ten is lost each way, some come twice: no reason to wake anybody."""
    alice, bob = followed(lab)
    for host in (alice, bob):
        host.run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", "loss", "10%",
                 "duplicate", "1%")  # fmt: skip
    alice.spawn("ping", "-q", "-i", "0.02", "10.1.0.2")
    begin = time.monotonic()
    for _ in range(12):
        for host in (alice, bob):
            answer = says(lab, host, "OK - 1 connection up, 1 with traffic, .*", *SILENT)
    seconds = time.monotonic() - begin
    lab.note(f"{perfdata(answer, 'replays') / seconds:.2f} packets per second came twice")


@scenario(live=True)
def traffic_after_a_restart(lab: Lab) -> None:
    """charon was started between two runs: the counts go on, nothing is compared."""
    alice, _ = followed(lab)
    before = asked(lab, alice, *SILENT)
    alice.run("ipsec", "stop")
    alice.start()
    alice.wait_installed("bob")
    ping(alice)
    line = "OK - charon was started since the last run: 1 connection up"
    after = says(lab, alice, line, *SILENT)
    if perfdata(after, "packets_out") < perfdata(before, "packets_out") + 8:
        raise LabError(f"{before.text}\n{after.text}")
    # the hosts of the lab share one kernel, so what another boot would have left is written
    alice.run("sed", "-i", f's/"boot": "[^"]*"/"boot": "{NO_BOOT}"/', STATE)
    line = "OK - the host was started since the last run: 1 connection up"
    again = says(lab, alice, line, *SILENT)
    if perfdata(again, "packets_out") < perfdata(after, "packets_out"):
        raise LabError(f"{after.text}\n{again.text}")


@scenario(live=True, seconds=900)
def traffic_rekeyed(lab: Lab) -> None:
    """Rekeyed every ten seconds under traffic: the rate is that of what was sent.

    A look every four seconds does not see a fifth of it, which went through states that are gone.
    """
    ours, theirs = (
        "".join(child(f"net{number}", number, settings=settings) for number in (1, 2, 3))
        for settings in (OFTEN, ())
    )
    alice, bob = pair(lab, ours, bob=theirs, installed=all_installed(3), charon=LINGERS)
    alice.add_addresses("lo", "10.2.1.1/32")
    bob.add_addresses("lo", "10.3.1.1/32")
    alice.run("ip", "route", "add", "10.3.1.0/24", "via", "10.1.0.2", "src", "10.2.1.1")
    asked(lab, alice)
    last = [0, 0, 0, 0]
    words = ("nsenter", "--target", alice.pid, "--net", sys.executable, "-c", STREAM, "10.3.1.1")
    stream = subprocess.Popen([*words, "500", str(10**6), str(RATE)])
    alice.run("iptables-legacy", "-A", "OUTPUT", "-p", "udp", "--dport", "4242")
    octets, seconds, begin, before, rekeyed = 0, 0.0, 0.0, 0, 0
    try:
        for number in range(30):
            time.sleep(4)
            answer = ask(alice, "--json", plugin=PLUGIN)
            if answer.exit:
                raise LabError(f"run {number}: {answer.text}")
            whole = json.loads(answer.text)
            found = whole["connections"][0]
            total = [*found["total"]["inbound"].values(), *found["total"]["outbound"].values()]
            if any(now < before for now, before in zip(total, last, strict=True)):
                raise LabError(f"run {number}: {last}, then {total}")
            last = total
            if number == 0:
                begin, before = time.monotonic(), octets_sent(alice)
            else:
                octets += found["passed"]["outbound"]["octets"]
                seconds += found["seen_seconds"]["outbound"]
                rekeyed += found["seen_seconds"]["outbound"] < whole["seconds"] - 0.01
        end, after = time.monotonic(), octets_sent(alice)
    finally:
        stream.kill()
        stream.wait()
    counted, sent = octets / seconds, (after - before) / (end - begin)
    errors = {name: one["count"] for name, one in whole["errors"].items() if one["count"]}
    lab.note(f"errors of the kernel: {errors}")
    lab.note(f"{counted:.0f} of {sent:.0f} octets per second, seen for {seconds:.0f} s")
    # the kernel tells the second in which a state was made: half of one is not known
    if not rekeyed or abs(counted - sent) > (0.02 + rekeyed * 0.5 / seconds) * sent:
        raise LabError(f"{counted:.0f} octets per second, {sent:.0f} were sent")


def octets_sent(host: Host) -> int:
    """What the stream has sent, before IPsec takes it, by a rule's counter."""
    rules = host.run("iptables-legacy", "-nvxL", "OUTPUT").stdout
    found = re.search(r"(?m)^ *\d+ +(\d+) .* udp dpt:4242", rules)
    if not found:
        raise LabError(f"no counter in: {rules}")
    return int(found[1])


@scenario(live=True)
def traffic_through_a_narrow_way(lab: Lab) -> None:
    """The route to the peer carries less than is asked for."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    asked(lab, alice, "--mtu", "1450")
    says(lab, alice, "OK - 1 connection up, .*", "--mtu", "1450")
    alice.run("ip", "route", "add", "10.1.0.2", "dev", "eth0", "src", "10.1.0.1", "mtu", "1400")
    says(lab, alice, WRONG.format("MTU too small: 1400 on the way to the peer"), "--mtu", "1450")
    alice.run("ip", "route", "replace", "unreachable", "10.1.0.2")
    says(lab, alice, WRONG.format("MTU too small: .*No route to host.*"), "--mtu", "1450")


@scenario(live=True, seconds=900)
def traffic_soak(lab: Lab) -> None:
    """Healthy for three minutes, without traffic and with it, rekeyed all the time: no alarm."""
    conns = "".join(child(f"net{number}", number, settings=REKEYS) for number in (1, 2, 3))
    alice, bob = pair(lab, conns, installed=all_installed(3), charon=LINGERS)
    alice.add_addresses("lo", "10.2.1.1/32")
    bob.add_addresses("lo", "10.3.1.1/32")
    alice.run("ip", "route", "add", "10.3.1.0/24", "via", "10.1.0.2", "src", "10.2.1.1")
    bob.run("ip", "route", "add", "10.2.1.0/24", "via", "10.1.0.1", "src", "10.3.1.1")
    said = Counter[str]()
    for traffic in (False, True):
        if traffic:
            alice.spawn("ping", "-q", "-i", "0.05", "-I", "10.2.1.1", "10.3.1.1")
        end = time.monotonic() + 90
        while time.monotonic() < end:
            for plugin in (PLUGIN, "check_ipsec_daemon"):
                answer = ask(alice, "-v", plugin=plugin)
                said[answer.status] += 1
                if answer.status != "OK":
                    raise LabError(answer.text)
            time.sleep(2)
    lab.note(", ".join(f"{count} {status}" for status, count in said.items()))
