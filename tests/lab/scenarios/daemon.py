"""charon stopped, killed, hung, busy or out of reach."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair

SUDOERS = "/etc/sudoers.d/check_ipsec"
STATUSALL_RULE = (
    "nobody ALL=(root) NOPASSWD: /usr/sbin/ipsec stroke statusall, "
    "/usr/sbin/ipsec stroke statusall-nb\n"
)


@scenario()
def daemon_stopped(lab: Lab) -> None:
    """charon was never started: no process, no socket."""
    alice = lab.host("alice")
    alice.configure(DEFAULT + BOB, PSK)
    lab.capture(alice)


@scenario()
def daemon_killed(lab: Lab) -> None:
    """charon and its starter were killed: stale pid files and socket, policies left over."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    kill(alice, "KILL", "starter", "charon")
    lab.capture(alice)


@scenario()
def daemon_hung(lab: Lab) -> None:
    """charon is stopped by SIGSTOP: it answers nothing."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    kill(alice, "STOP", "charon")
    lab.capture(alice)


@scenario()
def starter_gone(lab: Lab) -> None:
    """charon lives, its starter was killed: an exit status would lie, the text does not."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    kill(alice, "KILL", "starter")
    lab.capture(alice)


def kill(host: Host, signal: str, *programs: str) -> None:
    for program in programs:
        host.run("pkill", f"-{signal}", "-x", program)


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
    lab.capture(alice)


@scenario()
def permission_refused(lab: Lab) -> None:
    """An ordinary user without a sudo rule."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    lab.capture(alice, user="nobody")


@scenario()
def kernel_refused(lab: Lab) -> None:
    """An ordinary user whom sudo lets ask charon, but not the kernel."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.write(SUDOERS, STATUSALL_RULE, 0o440)
    lab.capture(alice, user="nobody")


@scenario()
def kernel_refused_child_closed(lab: Lab) -> None:
    """The kernel is refused, and charon alone proves that the connection is down."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("ipsec", "down", "bob{1}")
    alice.wait_gone(r"bob\{")
    alice.write(SUDOERS, STATUSALL_RULE, 0o440)
    lab.capture(alice, user="nobody")
