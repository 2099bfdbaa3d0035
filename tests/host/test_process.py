"""Programs that hang, ignore signals, flood or fork: none hangs us, none is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from selectors import BaseSelector
from types import FrameType

import pytest

from check_ipsec.host import process
from check_ipsec.host.process import ENVIRONMENT, run, run_each
from tests.programs import alive, gone, leftovers_ended, program

ROOT = Path(__file__).resolve().parents[2]
MARK = f"{86400 + os.getpid()}.5"
HANG = f"exec sleep {MARK}"


def sh(tmp_path: Path, body: str) -> tuple[str, ...]:
    return (str(program(tmp_path, "program", body)),)


def test_output(tmp_path: Path) -> None:
    output = run(sh(tmp_path, 'printf "an\\377swer\\r\\n"; echo noise >&2; exit 7'), 5)
    assert output.stdout == "an\udcffswer\r\n"
    assert (output.stderr, output.exit, output.timed_out) == ("noise\n", 7, False)
    assert output.refused is False
    assert 0 < output.seconds < 5


def test_what_is_said_at_the_last_moment_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.monotonic()

    def late() -> float:
        if time.monotonic() > begun + 0.05:
            time.sleep(0.6)
        return time.monotonic()

    command = sh(tmp_path, "sleep 0.3; echo answer")
    monkeypatch.setattr(process, "monotonic", late)
    output = run(command, 0.5)
    assert (output.stdout, output.exit, output.timed_out) == ("answer\n", 0, False)


def test_arguments_reach_no_shell() -> None:
    assert run(("/bin/echo", "$HOME;", "*"), 5).stdout == "$HOME; *\n"


def test_environment_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAEMON_NAME", "other")
    said = run(("/usr/bin/env",), 5).stdout
    assert dict(entry.split("=", 1) for entry in said.splitlines()) == ENVIRONMENT
    assert ENVIRONMENT.keys() == {"PATH", "LC_ALL"}


def test_standard_input_is_empty() -> None:
    assert run(("/bin/cat",), 5).timed_out is False


def test_child_takes_signals() -> None:
    said = run(("/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"), 5).stdout
    # 32 and 33 are libc's own, and ignored below some build tools
    masks = [int(mask, 16) & (1 << 31) - 1 for mask in said.split()[1::2]]
    assert masks == [0, 0]


def test_output_larger_than_pipes(tmp_path: Path) -> None:
    flood = "head -c 1000000 /dev/zero"
    output = run(sh(tmp_path, f"{flood} >&2; {flood}; {flood} >&2"), 5)
    assert (len(output.stdout), len(output.stderr), output.exit) == (1_000_000, 2_000_000, 0)


def test_endless_output_meets_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_BYTES", 1 << 20)
    output = run(("/usr/bin/yes", MARK), 1)
    assert output.timed_out
    assert 1 << 20 < len(output.stdout) < (1 << 20) + process._CHUNK + 1
    assert gone(MARK)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nonexistent/ipsec", "No such file or directory"),
        ("/etc/passwd", "Permission denied"),
        ("/usr", "Permission denied"),
    ],
)
def test_cannot_be_started(path: str, reason: str) -> None:
    output = run((path, "x"), 5)
    assert (output.command, output.stdout, output.stderr, output.exit) == (
        (path, "x"),
        "",
        reason,
        126,
    )


def test_ten_runs_of_a_hung_program(tmp_path: Path) -> None:
    for body in (HANG, f"sleep {MARK}"):
        command = sh(tmp_path, body)
        for _ in range(10):
            output = run(command, 0.05)
            assert (output.exit, output.timed_out) == (-15, True)
            assert output.seconds < 0.5
    assert gone(MARK)


def test_what_is_said_at_the_last_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes and ends after there was nothing to read, before it is seen to end."""
    collect, looks = process._collect, []

    def late(selector: BaseSelector, seconds: float) -> bool:
        looks.append(seconds)
        if len(looks) == 1:
            time.sleep(1)
            return False
        return collect(selector, seconds)

    monkeypatch.setattr(process, "_collect", late)
    assert run(sh(tmp_path, "sleep 0.3; echo answer"), 5).stdout == "answer\n"


def test_what_was_said_before_is_kept(tmp_path: Path) -> None:
    output = run(sh(tmp_path, f"echo partial; {HANG}"), 0.5)
    assert (output.stdout, output.timed_out) == ("partial\n", True)


def test_no_time_at_all(tmp_path: Path) -> None:
    output = run(sh(tmp_path, HANG), 0)
    assert output.timed_out
    assert gone(MARK)


def test_silent_but_not_ended(tmp_path: Path) -> None:
    output = run(sh(tmp_path, f"exec >&- 2>&-; {HANG}"), 0.1)
    assert (output.exit, output.timed_out) == (-15, True)
    assert gone(MARK)


def test_sigterm_ignored(tmp_path: Path) -> None:
    output = run(sh(tmp_path, f"trap '' TERM; {HANG}"), 0.5)
    assert (output.exit, output.timed_out) == (-9, True)
    assert output.seconds < 2
    assert gone(MARK)


def test_sigterm_ignored_and_not_killable(tmp_path: Path) -> None:
    with leftovers_ended(MARK):
        with pytest.warns(ResourceWarning, match="still running"):
            output = run(sh(tmp_path, f"trap '' TERM; {HANG}"), 0.5, killable=False)
        assert len(alive(MARK)) == 1
    assert (output.exit, output.timed_out) == (None, True)
    assert output.seconds < 2


def test_descendant_holds_the_pipes(tmp_path: Path) -> None:
    with leftovers_ended(MARK):
        output = run(sh(tmp_path, f"sleep {MARK} & echo whole"), 5)
    assert (output.stdout, output.exit, output.timed_out) == ("whole\n", 0, False)
    assert output.seconds < 1


def test_descendant_floods_the_pipes(tmp_path: Path) -> None:
    with leftovers_ended(MARK):
        output = run(sh(tmp_path, f"yes {MARK} & exit 3"), 0.5)
    assert (output.exit, output.timed_out) == (3, False)
    assert output.seconds < 2


class Interrupt(Exception):
    """What nagiosplugin's handler of SIGALRM raises."""


def interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupt


def test_handler_raises(tmp_path: Path) -> None:
    command = sh(tmp_path, HANG)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for delay in (0.0005, 0.001, 0.002, 0.004, 0.1):
            with pytest.raises(Interrupt):
                interrupted(command, delay)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert gone(MARK)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def interrupted(command: tuple[str, ...], delay: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, delay)
    run(command, 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_main_program_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    # who runs the tests may ignore a signal, and a child would inherit that
    effect = f"import signal; signal.signal({int(number)}, signal.SIG_DFL);"
    code = f"{effect} from check_ipsec.host.process import run; run({sh(tmp_path, HANG)!r}, 60)"
    plugin = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_for(MARK)
    plugin.send_signal(number)
    assert plugin.wait(5) == -number
    assert gone(MARK)


def wait_for(mark: str) -> None:
    end = time.monotonic() + 10
    while not alive(mark):
        assert time.monotonic() < end
        time.sleep(0.01)


def calls(tmp_path: Path, *bodies: str, seconds: float = 5) -> list[process.Call]:
    return [
        process.Call((str(program(tmp_path, f"program{number}", body)),), seconds)
        for number, body in enumerate(bodies)
    ]


def test_each_in_order_some_at_once(tmp_path: Path) -> None:
    begin = time.monotonic()
    several = calls(tmp_path, "sleep 0.4; echo a", "echo b", "sleep 0.4; echo c", "echo d")
    outputs = list(run_each(several, at_once=3))
    assert [output.stdout for output in outputs] == ["a\n", "b\n", "c\n", "d\n"]
    assert time.monotonic() - begin < 0.75


def test_never_more_at_once(tmp_path: Path) -> None:
    body = f'ls "{tmp_path}"/*.runs 2>/dev/null | wc -l; : >"$0.runs"; sleep 0.1; rm "$0.runs"'
    outputs = list(run_each(calls(tmp_path, *[body] * 9), at_once=3))
    assert max(int(output.stdout) for output in outputs) <= 2


def test_a_hung_one_costs_only_its_own_time(tmp_path: Path) -> None:
    begin = time.monotonic()
    outputs = list(run_each(calls(tmp_path, HANG, "echo b", HANG, "echo d", seconds=0.5), 3))
    assert [output.stdout for output in outputs] == ["", "b\n", "", "d\n"]
    assert [output.timed_out for output in outputs] == [True, False, True, False]
    assert time.monotonic() - begin < 2
    assert gone(MARK)


def test_none_is_started_after_the_caller_has_enough(tmp_path: Path) -> None:
    several = calls(tmp_path, "echo a", HANG, HANG, "echo started >&2")
    outputs = run_each(several, at_once=2)
    assert next(outputs).stdout == "a\n"
    outputs.close()
    assert gone(MARK)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_interrupt_ends_all_that_run(tmp_path: Path) -> None:
    several = calls(tmp_path, "echo a", HANG, HANG, HANG, seconds=60)
    before = signal.signal(signal.SIGALRM, interrupt)
    seen = []
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        with pytest.raises(Interrupt):
            seen.extend(run_each(several, at_once=3))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [output.stdout for output in seen] == ["a\n", ""]
    assert gone(MARK)
