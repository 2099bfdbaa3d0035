"""Where texts come from, and why one could not be had, by what real programs print."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from pwd import getpwuid
from types import FrameType

import pytest

from check_ipsec.errors import CheckIpsecError, CommandFailed, DaemonNotRunning, NotPermitted
from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.files import DiskFiles
from check_ipsec.host.hidden import without_keys
from check_ipsec.host.host import Deadline
from check_ipsec.host.live import LiveHost
from check_ipsec.host.said import TimedOut, sudo_refusal, text_of
from check_ipsec.host.sources import Output, Source
from tests.programs import gone, program

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]
STROKE = ("/usr/sbin/ipsec", "stroke", "statusall")
STATES = ("/usr/sbin/ip", "xfrm", "state", "list", "nokeys")
SUDO = ("/usr/bin/sudo", "-n")
RULE = "nagios ALL=(root) NOPASSWD: /usr/sbin/ipsec stroke statusall"
STROKE_FAILED = """\
connecting to 'unix:///var/run/charon.ctl' failed: {}
failed to connect to stroke socket 'unix:///var/run/charon.ctl'
"""
UNRESOLVED = "sudo: unable to resolve host x: Temporary failure in name resolution\n"
NOT_RUNNING = DaemonNotRunning("charon is not running")
BROKEN_OFF = DaemonNotRunning("charon broke off its answer")


def stroke(stderr: str = "", exit: int | None = 255, stdout: str = "") -> Output:
    return Output(STROKE, stdout, stderr, exit)


def kernel(stderr: str, exit: int | None = 1, stdout: str = "") -> Output:
    return Output(STATES, stdout, stderr, exit)


def sudo(stderr: str, exit: int | None = 1, refused: bool = False) -> Output:
    return Output((*SUDO, *STROKE), "", stderr, exit, refused=refused, user="nagios")


FAILURES = {
    "no socket": (stroke(STROKE_FAILED.format("No such file or directory")), NOT_RUNNING),
    "stale socket": (stroke(STROKE_FAILED.format("Connection refused")), NOT_RUNNING),
    "5.1.3": (stroke("Connect to socket failed: Connection refused\n"), NOT_RUNNING),
    "5.1.3 no socket": (
        stroke("Opening unix socket /var/run/charon.ctl: No such file or directory\n"),
        NOT_RUNNING,
    ),
    "silence": (stroke(exit=0), NOT_RUNNING),
    "noise only": (stroke("no files found matching '/etc/strongswan.d/*.conf'\n"), NOT_RUNNING),
    "host name unknown": (
        sudo(UNRESOLVED + STROKE_FAILED.format("Connection refused"), 255),
        NOT_RUNNING,
    ),
    "killed while asked": (stroke("reading stroke response failed\n", exit=0), BROKEN_OFF),
    "killed while answering": (
        stroke("reading stroke response failed\n", stdout="Status of IKE charon"),
        BROKEN_OFF,
    ),
    "socket not permitted": (
        stroke(STROKE_FAILED.format("Permission denied"))._replace(user="nagios"),
        NotPermitted(
            "nagios may not run /usr/sbin/ipsec stroke statusall (Permission denied); "
            f"sudoers lacks: {RULE}"
        ),
    ),
    "socket not permitted to root": (
        sudo(STROKE_FAILED.format("Permission denied"), 255),
        NotPermitted("nagios may not run /usr/sbin/ipsec stroke statusall (Permission denied)"),
    ),
    "no rule": (
        sudo("sudo: a password is required\n", refused=True),
        NotPermitted(
            "nagios may not run /usr/sbin/ipsec stroke statusall (sudo: a password is required); "
            f"sudoers lacks: {RULE}"
        ),
    ),
    "other program": (
        stroke("Error: unknown command\n", 255),
        CommandFailed("/usr/sbin/ipsec stroke statusall: Error: unknown command"),
    ),
    "library missing": (
        stroke("stroke: error while loading shared libraries: libstrongswan.so.0: cannot open "
               "shared object file: No such file or directory\n", 127),
        CommandFailed(
            "/usr/sbin/ipsec stroke statusall: stroke: error while loading shared libraries: "
            "libstrongswan.so.0: cannot open shared object file: No such file or directory"
        ),
    ),
    "hung": (
        stroke()._replace(timed_out=True, seconds=5.012, exit=-15),
        TimedOut("/usr/sbin/ipsec stroke statusall did not end within 5.0 s"),
    ),
    "hung after half a text": (
        stroke(stdout="Status of IKE")._replace(timed_out=True, seconds=5.012, exit=None),
        TimedOut("/usr/sbin/ipsec stroke statusall did not end within 5.0 s"),
    ),
    "killed": (
        stroke(stdout="Status of IKE", exit=-9),
        CommandFailed("/usr/sbin/ipsec stroke statusall was ended by signal 9"),
    ),
    "kernel not permitted": (
        kernel("RTNETLINK answers: Operation not permitted\nDump terminated\n")
        ._replace(user="nagios"),
        NotPermitted(
            "nagios may not run /usr/sbin/ip xfrm state list nokeys (Operation not permitted); "
            "sudoers lacks: nagios ALL=(root) NOPASSWD: /usr/sbin/ip xfrm state list nokeys"
        ),
    ),
    "kernel not permitted to root": (
        kernel("Cannot send dump request: Operation not permitted\n"),
        NotPermitted(
            "root may not run /usr/sbin/ip xfrm state list nokeys (Operation not permitted)"
        ),
    ),
    "kernel without xfrm": (
        kernel("Cannot open netlink socket: Protocol not supported\n", 255),
        CommandFailed(
            "/usr/sbin/ip xfrm state list nokeys: "
            "Cannot open netlink socket: Protocol not supported"
        ),
    ),
    "dump cut short": (
        kernel("RTNETLINK answers: No buffer space available\nDump terminated\n", stdout="src"),
        CommandFailed(
            "/usr/sbin/ip xfrm state list nokeys: RTNETLINK answers: No buffer space available"
        ),
    ),
    "kernel silent": (
        kernel("", 2),
        CommandFailed("/usr/sbin/ip xfrm state list nokeys: exit status 2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("output", "error"), FAILURES.values(), ids=FAILURES)
def test_failure(output: Output, error: CheckIpsecError) -> None:
    source = Source.XFRM_STATE if output.asked == STATES else Source.STATUSALL
    with pytest.raises(CheckIpsecError) as raised:
        text_of(source, output)
    assert (type(raised.value), str(raised.value)) == (type(error), str(error))


@pytest.mark.parametrize("exit", [0, 1, 3, 255])
def test_stroke_text_counts_whatever_the_exit_status(exit: int) -> None:
    noise = "no files found matching '/etc/strongswan.d/*.conf'\n"
    assert text_of(Source.STATUSALL, stroke(noise, exit, "Status")) == "Status"


@pytest.mark.parametrize("text", ["", "src 10.0.0.1 dst 10.0.0.2\n"])
def test_kernel_text_may_be_empty(text: str) -> None:
    assert text_of(Source.XFRM_STATE, kernel(UNRESOLVED, 0, text)) == text


@pytest.mark.parametrize(
    "line",
    [
        "sudo: a password is required",
        "sudo: a terminal is required to read the password",
        "sudo: sorry, you must have a tty to run sudo",
        "Sorry, user nagios is not allowed to execute '/usr/sbin/ip' as root on x.",
        "Sorry, user nagios may not run sudo on x.",
        "nagios is not in the sudoers file.",
        'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
        "sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set",
        "sudo: effective uid is not 0, is /usr/bin/sudo on a 'nosuid' file system",
        "sudo: you do not exist in the passwd database",
    ],
)
def test_sudo_refusals(line: str) -> None:
    assert sudo_refusal(f"/etc/sudoers.d/a:1:18: syntax error\n{line}\nmore\n") == line


def test_sudo_does_not_refuse() -> None:
    assert sudo_refusal(STROKE_FAILED.format("Permission denied")) is None


KEYED = (
    "\taead rfc4106(gcm(aes)) {} 128\n\tauth-trunc hmac(sha256) {} 128\n\tmark 0x10/0xffffffff\n"
)


def test_keys_are_hidden() -> None:
    text = KEYED.format("0x" + "0123456789abcdefABCD" * 2, "0x" + "f" * 16)
    hidden = KEYED.format("<<Keys hidden>>", "<<Keys hidden>>")
    assert without_keys(Source.XFRM_STATE, text) == hidden
    assert without_keys(Source.XFRM_STATE, hidden) == hidden


# --- the live host ------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Programs that all work."""
    program(tmp_path, "ipsec", 'echo "charon says: $*"')
    program(tmp_path, "ip", f'echo "$*"; echo " aead x 0x{"a" * 40} 128"')
    program(tmp_path, "sudo", 'shift; echo "sudo runs it" >&2; exec "$@"')
    return tmp_path


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("check_ipsec.host.live.geteuid", lambda: 0)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user that the system does not know by name."""
    monkeypatch.setattr("check_ipsec.host.live.geteuid", lambda: 54321)


def host(*folders: Path) -> LiveHost:
    return LiveHost("/etc/ipsec.conf", CapturedFiles("/nonexistent"), tuple(map(str, folders)))


def read(folder: Path, source: Source = Source.STATUSALL, timeout: float = 9) -> Output:
    return host(folder).read(source, Deadline(timeout))


class Interrupt(Exception):
    """What nagiosplugin's handler of SIGALRM raises."""


def interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupt


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("sources", [(Source.STATUSALL,), (Source.STATUSALL, Source.LISTCERTS)])
def test_an_interrupt_that_comes_while_it_is_read_has_its_effect(
    tmp_path: Path, sources: tuple[Source, ...]
) -> None:
    program(tmp_path, "ipsec", "exec sleep 60")
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Interrupt):
            host(tmp_path).read_each(sources, Deadline(9))
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source.STATUSALL, "charon says: stroke statusall\n"),
        (Source.STATUSALL_NB, "charon says: stroke statusall-nb\n"),
        (Source.XFRM_STATE, "xfrm state list nokeys\n aead x <<Keys hidden>> 128\n"),
        (Source.XFRM_POLICY, f"xfrm policy list\n aead x 0x{'a' * 40} 128\n"),
    ],
)
def test_root_asks_directly(folder: Path, source: Source, words: str) -> None:
    output = read(folder, source)
    assert text_of(source, output) == words
    assert output.command == (str(folder / source.words[0]), *source.words[1:])
    assert (output.stderr, output.user) == ("", "root")


@pytest.mark.usefixtures("user")
def test_ordinary_user_asks_through_sudo(folder: Path) -> None:
    output = read(folder)
    assert text_of(Source.STATUSALL, output) == "charon says: stroke statusall\n"
    assert output.command == (f"{folder}/sudo", "-n", f"{folder}/ipsec", "stroke", "statusall")
    assert (output.stderr, output.user) == ("sudo runs it\n", "#54321")
    assert output.asked == (f"{folder}/ipsec", "stroke", "statusall")


@pytest.mark.usefixtures("user")
def test_sudo_refuses(folder: Path) -> None:
    program(folder, "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    output = read(folder)
    assert output.refused
    with pytest.raises(NotPermitted, match=f"lacks: #54321 ALL=.root. NOPASSWD: {folder}/ipsec"):
        text_of(Source.STATUSALL, output)


@pytest.mark.usefixtures("user")
def test_text_that_quotes_sudo_is_no_refusal(folder: Path) -> None:
    program(folder, "ipsec", "echo text; echo 'sudo: a password is required' >&2")
    assert text_of(Source.STATUSALL, read(folder)) == "text\n"


@pytest.mark.usefixtures("user")
def test_sudo_missing(folder: Path) -> None:
    (folder / "sudo").unlink()
    message = f"sudo is not installed .not in {folder}.*lacks: #54321 ALL.*/ipsec stroke statusall$"
    with pytest.raises(NotPermitted, match=message):
        text_of(Source.STATUSALL, read(folder))


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("source", [Source.STATUSALL, Source.XFRM_STATE])
def test_program_missing(tmp_path: Path, source: Source) -> None:
    words = source.words
    message = f"^{' '.join(words)}: {words[0]} is not installed .not in {tmp_path}.$"
    with pytest.raises(CommandFailed, match=message):
        text_of(source, read(tmp_path, source))


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("source", [Source.STATUSALL, Source.XFRM_STATE])
def test_program_not_executable(folder: Path, source: Source) -> None:
    (folder / source.words[0]).chmod(0o600)
    with pytest.raises(CommandFailed, match=r": Permission denied$"):
        text_of(source, read(folder, source))


@pytest.mark.usefixtures("root")
def test_first_directory_wins(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = tmp_path_factory.mktemp("first")
    program(first, "ipsec", "echo first")
    output = host(first, folder).read(Source.STATUSALL, Deadline())
    assert output.stdout == "first\n"


@pytest.mark.parametrize("who", ["root", "user"])
def test_ten_hung_reads(folder: Path, who: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(who)
    program(folder, "ipsec", f"exec tail -f {folder}/ip")
    for _ in range(10):
        with pytest.raises(TimedOut, match=r"did not end within 0\.\d s$"):
            text_of(Source.STATUSALL, read(folder, timeout=0.1))
    assert gone(f"tail -f {folder}")


def test_real_sudo_refuses() -> None:
    code = """
from check_ipsec.host.files import DiskFiles
from check_ipsec.host.host import Deadline
from check_ipsec.host.live import LiveHost
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import Source
for source in (Source.STATUSALL, Source.XFRM_POLICY):
    try:
        text_of(source, LiveHost("/etc/ipsec.conf", None).read(source, Deadline()))
    except Exception as error:
        print(type(error).__name__, error)
"""
    said = as_ordinary_user(code)
    name = getpwuid(os.geteuid() or NOBODY).pw_name
    for line, words in zip(said, ("ipsec stroke statusall", "ip xfrm policy list"), strict=True):
        assert line.startswith(f"NotPermitted {name} may not run /usr/sbin/{words} (sudo: The ")
        assert line.endswith(f"; sudoers lacks: {name} ALL=(root) NOPASSWD: /usr/sbin/{words}")


def as_ordinary_user(code: str) -> list[str]:
    """What Python code prints where sudo refuses whatever sudoers allows."""
    nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    setpriv = ["setpriv", "--no-new-privs", *(nobody if os.geteuid() == 0 else [])]
    python = [sys.executable, "-B", "-c", code]
    done = subprocess.run([*setpriv, *python], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


# --- files ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "text", "problem"),
    [
        ("14\n", "Name:\tcharon\n", ""),
        ("15\n", "", "cannot read {0}/15/status: No such file or directory"),
        ("../14\n", "", "cannot read {0}/pid: no name in it"),
        ("1 4\n", "", "cannot read {0}/pid: no name in it"),
        ("", "", "cannot read {0}/pid: no name in it"),
        ("14/../14", "", "cannot read {0}/pid: no name in it"),
        (None, "", "cannot read {0}/pid: No such file or directory"),
    ],
)
def test_a_path_may_hold_what_another_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str | None, text: str, problem: str
) -> None:
    (tmp_path / "14").mkdir()
    (tmp_path / "14/status").write_text("Name:\tcharon\n")
    if held is not None:
        (tmp_path / "pid").write_text(held)
    source = Source.CHARON_STATUS
    monkeypatch.setattr(source, "words", (f"{tmp_path}/{{{tmp_path}/pid}}/status",))
    output = LiveHost("/etc/ipsec.conf", DiskFiles()).read(source, Deadline())
    assert output.stdout == text
    if problem:
        with pytest.raises(CommandFailed) as raised:
            text_of(source, output)
        assert str(raised.value) == problem.format(tmp_path)


def test_addresses_of_the_kernel_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modules").write_text("esp4 1 4 - Live 0xffffffffc0a1b000\n")
    monkeypatch.setattr(Source.MODULES, "words", (f"{tmp_path}/modules",))
    output = LiveHost("/etc/ipsec.conf", DiskFiles()).read(Source.MODULES, Deadline())
    assert output.stdout == "esp4 1 4 - Live 0x0000000000000000\n"


# --- how long reading may take ------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [1000.0]
    monkeypatch.setattr("check_ipsec.host.host.monotonic", lambda: time[0])
    return time


SOURCES = (Source.STATUSALL, Source.STATUSALL_NB, Source.XFRM_STATE, Source.XFRM_POLICY)


def limits(deadline: Deadline) -> list[float]:
    return [round(deadline.seconds(source), 3) for source in SOURCES]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("timeout", "expected"),
    [(9, [5, 1, 1, 1]), (60, [5, 1, 1, 1]), (0.9, [0.5, 0.1, 0.1, 0.1]), (0, [0, 0, 0, 0])],
)
def test_limits(timeout: float, expected: list[float]) -> None:
    assert limits(Deadline(timeout)) == expected


def test_limits_end_with_the_deadline(clock: list[float]) -> None:
    deadline = Deadline(9)
    clock[0] += 4
    assert limits(deadline) == [4, 1, 1, 1]
    clock[0] += 3.5
    assert limits(deadline) == [0.5] * 4
    clock[0] += 1
    assert limits(deadline) == [0] * 4


def test_time_for_a_second_reading(clock: list[float]) -> None:
    deadline = Deadline(9)
    assert host().can_read_again(deadline)
    clock[0] += 3.5
    assert host().can_read_again(deadline)
    clock[0] += 0.1
    assert not host().can_read_again(deadline)


# --- files ------------------------------------------------------------------------


def file_source(monkeypatch: pytest.MonkeyPatch, path: Path) -> Source:
    source = Source.XFRM_STATE
    monkeypatch.setattr(source, "words", (str(path),))
    return source


def test_a_file_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file_source(monkeypatch, tmp_path / "file")
    (tmp_path / "file").write_bytes(b"text\xff\n")
    output = LiveHost("/etc/ipsec.conf", DiskFiles()).read(source, Deadline())
    assert text_of(source, output) == "text\udcff\n"


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file_source(monkeypatch, tmp_path / "file")
    output = LiveHost("/etc/ipsec.conf", DiskFiles()).read(source, Deadline())
    wanted = f"^cannot read {tmp_path}/file: No such file or directory$"
    with pytest.raises(CommandFailed, match=wanted):
        text_of(source, output)
