"""charon stopped, killed, hung, busy or out of reach."""

from lab.scenario import Lab, scenario
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair

SUDOERS = "/etc/sudoers.d/nobody"
STATUSALL_RULE = (
    "nobody ALL=(root) NOPASSWD: /usr/sbin/ipsec stroke statusall, "
    "/usr/sbin/ipsec stroke statusall-nb\n"
)


@scenario()
def daemon_stopped(lab: Lab) -> None:
    """charon was never started: no process, no socket."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + BOB, PSK)
    lab.expect(
        alice,
        "CRITICAL - charon is not running: 1 connection is not established, traffic of 1 in "
        "clear text",
    )


@scenario()
def daemon_killed(lab: Lab) -> None:
    """charon and its starter were killed: stale pid files and socket, policies left over."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.kill("KILL", "starter", "charon")
    lab.expect(alice, "CRITICAL - charon is not running: 1 connection is not established")


@scenario()
def daemon_hung(lab: Lab) -> None:
    """charon is stopped by SIGSTOP: it answers nothing."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.kill("STOP", "charon")
    lab.expect(alice, "CRITICAL - charon does not answer: 1 connection is not established")


@scenario()
def starter_gone(lab: Lab) -> None:
    """charon lives, its starter was killed: an exit status would lie, the text does not."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.kill("KILL", "starter")
    lab.expect(alice, "OK - 1 connection established")


SLOW = "#!/bin/sh\nsleep 60\n"


@scenario(every_release=True)
def one_sa_busy(lab: Lab) -> None:
    """An updown script of carol's hangs: statusall waits for her SA, -nb leaves it out."""
    carol = lab.host("carol")
    own = conn("alice", "left=10.1.0.3", "right=10.1.0.1", "auto=add")
    carol.configure(DEFAULT + own, PSK)
    carol.start()
    busy = conn("carol", "right=10.1.0.3", "leftupdown=/usr/local/bin/slow", "auto=add")
    alice, _ = pair(lab, BOB + "\n" + busy, bob=BOB, installed=("bob",))
    alice.write("/usr/local/bin/slow", SLOW, 0o755)
    alice.spawn("ipsec", "up", "carol")
    alice.wait_log("CHILD_SA carol")
    alice.write("/etc/ipsec.conf", DEFAULT + BOB + "\n" + busy.replace("auto=add", "auto=start"))
    lab.expect(
        alice,
        "WARNING - 1 of 2 connections not established: carol (not in charon's partial answer); "
        "charon's answer is partial",
    )


@scenario(live=True)
def daemon_hung_ten_runs(lab: Lab) -> None:
    """charon hangs, and the plugin asks ten times: each ends, none leaves a process."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.kill("STOP", "charon")
    for _ in range(10):
        lab.expect(
            alice,
            "CRITICAL - charon does not answer: 1 connection is not established",
            arguments=("-t", "3"),
        )


HANGS = "#!/bin/sh\nexec sleep 600\n"


@scenario(live=True)
def kernel_hangs(lab: Lab) -> None:
    """The ip command hangs, and so does charon later."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.write("/usr/sbin/ip", HANGS, 0o755)
    lab.expect(
        alice,
        "WARNING - 1 of 1 connection not established: bob (the kernel could not be asked); "
        "/usr/sbin/ip xfrm state list nokeys did not end within 1.0 s",
    )
    alice.kill("STOP", "charon")
    lab.expect(alice, "CRITICAL - charon does not answer: 1 connection is not established")


@scenario()
def clock_set_back(lab: Lab) -> None:
    """The clock was set back an hour while the connection was up."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("date", "--set=-1 hour")
    try:
        lab.expect(alice, "OK - 1 connection established")
    finally:
        alice.run("date", "--set=+1 hour")


@scenario(live=True)
def daemon_young(lab: Lab) -> None:
    """charon has just started and has not got far: with --grace a warning."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + BOB.replace("\n", "\n    auto=add\n"), PSK)
    alice.start()
    down = "1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)"
    lab.expect(alice, f"WARNING - {down}", arguments=("--grace", "600"))
    lab.expect(alice, f"CRITICAL - {down}")


# --- rights -------------------------------------------------------------------


@scenario(stroke=True)
def permission_refused(lab: Lab) -> None:
    """An ordinary user without a sudo rule."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    lab.expect(
        alice,
        "UNKNOWN - nobody may not run /usr/sbin/ipsec stroke statusall (sudo: a password is "
        "required); sudoers lacks: nobody ALL=(root) NOPASSWD: /usr/sbin/ipsec stroke statusall",
        user="nobody",
    )


@scenario(stroke=True)
def kernel_refused(lab: Lab) -> None:
    """An ordinary user whom sudo lets ask charon, but not the kernel."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.write(SUDOERS, STATUSALL_RULE, 0o440)
    lab.expect(
        alice,
        "WARNING - 1 of 1 connection not established: bob (the kernel could not be asked); "
        "nobody may not run /usr/sbin/ip xfrm state list nokeys (sudo: a password is required); "
        "sudoers lacks: nobody ALL=(root) NOPASSWD: /usr/sbin/ip xfrm state list nokeys",
        user="nobody",
    )


@scenario(stroke=True)
def kernel_refused_child_closed(lab: Lab) -> None:
    """The kernel is refused, and charon alone proves that the connection is down."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("ipsec", "down", "bob{1}")
    alice.wait_gone(r"bob\{")
    alice.write(SUDOERS, STATUSALL_RULE, 0o440)
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established: bob (IKE up, no CHILD_SA); nobody may not "
        "run /usr/sbin/ip xfrm state list nokeys (sudo: a password is required); sudoers lacks: "
        "nobody ALL=(root) NOPASSWD: /usr/sbin/ip xfrm state list nokeys",
        user="nobody",
    )


@scenario(live=True)
def configuration_unreadable(lab: Lab) -> None:
    """ipsec.conf, then a file that it includes, may be read by root only."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.write("/etc/ipsec.conf", DEFAULT + BOB, 0o600)
    lab.expect(alice, "UNKNOWN - cannot read /etc/ipsec.conf: Permission denied")
    alice.write("/etc/ipsec.conf", "include /etc/ipsec.d/*.conf\n" + DEFAULT + BOB)
    alice.write("/etc/ipsec.d/more.conf", "conn more\n", 0o600)
    lab.expect(alice, "UNKNOWN - cannot read /etc/ipsec.d/more.conf: Permission denied")


SEARCHED = "(not in /usr/sbin, /usr/bin, /sbin, /bin, /usr/local/sbin)"


@scenario(live=True, stroke=True)
def not_installed(lab: Lab) -> None:
    """The ipsec command is missing, then the ip command."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("mv", "/usr/sbin/ipsec", "/usr/sbin/ipsec.away")
    lab.expect(alice, f"UNKNOWN - ipsec stroke statusall: ipsec is not installed {SEARCHED}")
    alice.run("mv", "/usr/sbin/ipsec.away", "/usr/sbin/ipsec")
    alice.run("rm", "/usr/sbin/ip", "/usr/bin/ip")
    lab.expect(
        alice,
        "WARNING - 1 of 1 connection not established: bob (the kernel could not be asked); "
        f"ip xfrm state list nokeys: ip is not installed {SEARCHED}",
    )
