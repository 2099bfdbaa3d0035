"""What a check remembers survives whatever happens to the file, and nothing stops a check."""

import errno
import json
import os
import random
import signal
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from check_ipsec.moment import memory
from check_ipsec.moment.memory import FORMAT, Reading, Remembered, default_file, remember

NOW = 1_000_000.0


def said(facts: Any, when: float = NOW) -> Reading:
    return Reading(when, "boot", "since", facts)


def run(file: Path, facts: Any, when: float = NOW, check: str = "traffic") -> Remembered:
    return remember(str(file), check, when, lambda _: said(facts, when))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "host.json"


def test_the_first_run_has_no_earlier_reading(file: Path) -> None:
    assert run(file, 1) == Remembered(said(1), None, "no earlier reading yet")


def test_the_second_run_has_the_first_one(file: Path) -> None:
    run(file, {"bytes": [1, None, "\udcff"]})
    assert run(file, 2, NOW + 60).earlier == said({"bytes": [1, None, "\udcff"]})
    assert run(file, 3, NOW + 60).earlier == said(2, NOW + 60)


def test_each_check_has_its_own(file: Path) -> None:
    run(file, 1, check="traffic")
    assert run(file, 2, check="daemon").earlier is None
    assert run(file, 3, check="traffic").earlier == said(1)
    assert run(file, 4, check="daemon").earlier == said(2)


def test_what_is_kept_can_be_made_of_what_was(file: Path) -> None:
    for number in range(1, 4):
        done = remember(str(file), "sum", NOW, lambda old: said((old.facts if old else 0) + 1))
        assert done.now.facts == number


def test_only_its_owner_can_read_it(file: Path) -> None:
    run(file, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of others")
def test_root_leaves_the_file_to_who_owns_the_folder(file: Path) -> None:
    file.parent.mkdir()
    os.chown(file.parent, 12345, 23456)
    run(file, 1)
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in file.parent.iterdir()}
    assert owners == {(12345, 23456)}


# --- what may be wrong with the file ----------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "damaged"),
        ('{"format": 1, "checks": {"traf', "damaged"),
        ("\xff\xfe", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[]", "damaged"),
        ('{"format": 1, "checks": []}', "damaged"),
        ('{"format": 1, "checks": {"traffic": 1}}', "damaged"),
        ('{"format": 1, "checks": {"traffic": {"time": 1}}}', "damaged"),
        ('{"format": 1, "checks": {"traffic": {"time": "1", "boot": null, "daemon": null, '
         '"facts": 1}}}', "damaged"),
        ('{"format": 1, "checks": {"traffic": {"time": 1, "boot": 1, "daemon": null, '
         '"facts": 1}}}', "damaged"),
        ('{"format": 2, "checks": {}}', "of another format (2)"),
        ('{"checks": {}}', "of another format (None)"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_use_is_replaced(file: Path, text: str, problem: str) -> None:
    file.parent.mkdir()
    file.write_text(text, encoding="latin-1")
    done = run(file, 1)
    assert done == Remembered(said(1), None, f"no earlier reading, host.json: {problem}")
    assert run(file, 2).earlier == said(1)


def test_a_reading_from_the_future_is_none(file: Path) -> None:
    run(file, 1, NOW + 3600)
    done = run(file, 2, NOW)
    assert done == Remembered(said(2), None, "no earlier reading, host.json: from the future")
    assert run(file, 3, NOW + 60).earlier == said(2, NOW)


def test_a_huge_file_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGEST", 1000)
    run(file, "x" * 1000)
    assert run(file, 1).note == "no earlier reading, host.json: too large"


def test_no_link_is_followed(file: Path, tmp_path: Path) -> None:
    run(file, 1)
    moved = file.rename(tmp_path / "elsewhere")
    file.symlink_to(moved)
    before = moved.read_text()
    note = f"no earlier reading, {file}: not a file"
    assert run(file, 2) == Remembered(said(2), None, note, usable=False)
    assert moved.read_text() == before
    assert file.is_symlink()


@pytest.mark.parametrize("name", [".host.json.lock", ".host.json.new"])
def test_no_link_is_written_through(file: Path, tmp_path: Path, name: str) -> None:
    other = tmp_path / "precious"
    other.write_text("precious")
    file.parent.mkdir()
    (file.parent / name).symlink_to(other)
    run(file, 1)
    assert other.read_text() == "precious"


def test_a_pipe_in_its_place_stops_nobody(file: Path) -> None:
    file.parent.mkdir()
    os.mkfifo(file)
    assert run(file, 1).note == f"no earlier reading, {file}: not a file"
    assert file.is_fifo()


def test_a_folder_in_its_place_stays(file: Path) -> None:
    file.mkdir(parents=True)
    assert run(file, 1).note == f"no earlier reading, {file}: not a file"
    assert file.is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write there")
def test_a_device_stays_what_it_is(tmp_path: Path) -> None:
    device = tmp_path / "null"
    os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    assert run(device, 1).note == f"no earlier reading, {device}: not a file"
    assert device.is_char_device()
    assert list(tmp_path.iterdir()) == [device]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_of_somebody_else_is_a_note(file: Path, mode: int) -> None:
    """Without rights the check goes on; what is there stays."""
    run(file, 1)
    file.parent.chmod(mode)
    file.parent.parent.chmod(0o755)
    child = os.fork()
    if not child:
        os.setresuid(12345, 12345, 12345)
        note = run(file, 2).note
        os._exit(0 if note.endswith(f"{file}: Permission denied") else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert run(file, 3).earlier == said(1)


def test_a_folder_that_cannot_be_made_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "folder" / "host.json"
    assert run(place, 1).note == f"no earlier reading, {place}: Not a directory"


def test_a_full_disk_is_a_note(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(file, 1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        done = run(file, 2)
    assert done.earlier == said(1)
    assert done.note == "this reading is not kept, host.json: No space left on device"
    assert run(file, 3).earlier == said(1)
    assert sorted(path.name for path in file.parent.iterdir()) == [".host.json.lock", "host.json"]


# --- several runs, and runs that end ----------------------------------------------


def test_who_holds_the_lock_for_long_is_not_waited_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PATIENCE", 0.05)
    run(file, 1)
    with memory._folder(str(file)) as (folder, name), memory._locked(folder, name):
        assert run(file, 2).note == f"no earlier reading, {file}: another run holds it"
    assert run(file, 3).earlier == said(1)


def count(file: Path, times: int) -> None:
    for _ in range(times):
        remember(str(file), "sum", NOW, lambda old: said((old.facts if old else 0) + 1))


def test_runs_at_once_lose_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # eight that write all the time, on a machine that may be busy with something else
    monkeypatch.setattr(memory, "PATIENCE", 60.0)
    file.parent.mkdir()
    children = []
    for _ in range(8):
        child = os.fork()
        if not child:
            try:
                count(file, 25)
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert json.loads(file.read_text())["checks"]["sum"]["facts"] == 200


def test_a_run_that_is_killed_tears_nothing(file: Path) -> None:
    """Killed a thousand times, somewhere: the file is whole, and no number is lost.

    On a busy machine more often, for most have done nothing yet.
    """
    file.parent.mkdir()
    count(file, 1)
    ballast = said(["x" * 100] * 200)
    remember(str(file), "ballast", NOW, lambda _: ballast)
    chance = random.Random(4242)
    seen = killed = 1
    while killed < 1000 or (seen <= 100 and killed < 30_000):
        killed += 1
        child = os.fork()
        if not child:
            count(file, 10**9)
        time.sleep(chance.random() * 0.003)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        whole = json.loads(file.read_text())
        assert whole["format"] == FORMAT
        assert whole["checks"]["ballast"] == ballast._asdict()
        assert whole["checks"]["sum"]["facts"] >= seen
        seen = whole["checks"]["sum"]["facts"]
    assert seen > 100
    assert {path.name for path in file.parent.iterdir()} <= {
        "host.json", ".host.json.lock", ".host.json.new"
    }  # fmt: skip


# --- where it lies ----------------------------------------------------------------


def test_it_lies_in_the_folder_of_the_package_if_that_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "FOLDER", str(tmp_path))
    monkeypatch.setattr("socket.gethostname", lambda: "node1")
    assert default_file() == f"{tmp_path}/node1.json"


@pytest.mark.parametrize("state", ["/state", "", "relative"])
def test_else_where_users_have_their_states(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "FOLDER", "/nonexistent")
    monkeypatch.setattr("socket.gethostname", lambda: "../node/1")
    monkeypatch.setenv("XDG_STATE_HOME", state)
    monkeypatch.setenv("HOME", "/home/me")
    base = state if state == "/state" else "/home/me/.local/state"
    assert default_file() == f"{base}/check_ipsec/_node_1.json"


def test_the_boot_is_known_by_the_kernels_id(monkeypatch: pytest.MonkeyPatch) -> None:
    first = memory.boot_id()
    assert first == memory.boot_id()
    assert first
    assert len(first) == 36
    monkeypatch.setattr(memory, "BOOT_ID", "/nonexistent")
    assert memory.boot_id() is None
