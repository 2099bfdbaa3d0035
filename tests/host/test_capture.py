"""What is captured is what was judged, whole or not at all, for its owner's eyes only."""

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from check_ipsec.errors import CaptureError, CheckIpsecError, DaemonNotRunning, NotPermitted
from check_ipsec.host.capture import Recording, refuse_existing, write
from check_ipsec.host.captured import CapturedFiles, CapturedHost
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.said import TimedOut, text_of
from check_ipsec.host.sources import Output, Source

ROOT = Path(__file__).resolve().parents[2]
STATUS = Output(("/usr/sbin/ipsec", "stroke", "statusall"), "Status \udcff\r\n", "noise\n", 3, 0.25)
SILENT = STATUS._replace(stderr="", exit=255)
HUNG = STATUS._replace(stdout="Stat", exit=-15, seconds=5.01, timed_out=True)
STATES = Output(("/usr/sbin/ip", "xfrm", "state", "list", "nokeys"), "src 10.0.0.1\n")
REFUSED = Output(
    ("/usr/bin/sudo", "-n", "/usr/sbin/ip", "xfrm", "policy", "list"),
    "",
    "sudo: a password is required\n",
    exit=1,
    refused=True,
    user="nagios",
)


class ScriptedHost:
    """Says one output after the other."""

    path = "/etc/ipsec.conf"
    swanctl = None
    way = Way.AUTO
    files = CapturedFiles("/nonexistent")
    time: datetime | None = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)

    def __init__(self, *outputs: Output) -> None:
        self._outputs = iter(outputs)

    def read(self, _source: Source, _deadline: Deadline, _argument: str = "") -> Output:
        return next(self._outputs)

    def can_read_again(self, _deadline: Deadline) -> bool:
        return True


READINGS = (
    (Source.STATUSALL, HUNG),
    (Source.STATUSALL_NB, STATUS),
    (Source.XFRM_STATE, STATES),
    (Source.XFRM_POLICY, REFUSED),
    (Source.STATUSALL, STATUS),
    (Source.XFRM_STATE, STATES._replace(stdout="")),
    (Source.STATUSALL, STATUS._replace(stdout="third")),
)


def recording(*readings: tuple[Source, Output]) -> Recording:
    recorded = Recording(ScriptedHost(*(output for _, output in readings)))
    for source, output in readings:
        assert recorded.read(source, Deadline()) == output
    return recorded


def captured(directory: Path) -> CapturedHost:
    return CapturedHost(str(directory))


def tree(directory: Path) -> dict[str, str]:
    """Paths and modes of all that is in a folder."""
    return {
        str(path.relative_to(directory)): f"{path.lstat().st_mode:o}"
        for path in directory.rglob("*")
    }


# --- writing ------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folder(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(f"{tmp_path}/host", {"ipsec.conf": "conn a\n"}, recording(*READINGS))
    finally:
        os.umask(before)
    assert tree(tmp_path) == {
        "host": "40700",
        "host/again": "40700",
        "host/again-2": "40700",
        "host/again-2/statusall": "100600",
        "host/again/statusall": "100600",
        "host/again/xfrm-state": "100600",
        "host/capture.json": "100600",
        "host/ipsec.conf": "100600",
        "host/statusall": "100600",
        "host/statusall-nb": "100600",
        "host/xfrm-policy": "100600",
        "host/xfrm-state": "100600",
    }
    assert (tmp_path / "host/ipsec.conf").read_text() == "conn a\n"
    assert (tmp_path / "host/statusall-nb").read_bytes() == b"Status \xff\r\n"


def test_index(tmp_path: Path) -> None:
    write(f"{tmp_path}/host", {"ipsec.conf": ""}, recording(*READINGS[:2], *READINGS[4:5]))
    assert json.loads((tmp_path / "host/capture.json").read_text()) == {
        "time": "2026-01-02T03:04:05+00:00",
        "commands": {
            "statusall": entry(exit=-15, seconds=5.01, timed_out=True),
            "statusall-nb": entry(),
            "again/statusall": entry(),
        },
    }


def entry(**different: object) -> dict[str, object]:
    usual = {
        "command": ["/usr/sbin/ipsec", "stroke", "statusall"],
        "stderr": "noise\n",
        "exit": 3,
        "seconds": 0.25,
        "timed_out": False,
        "refused": False,
        "user": "root",
    }
    return usual | different


def test_says_again_what_was_said(tmp_path: Path) -> None:
    write(f"{tmp_path}/host", {"ipsec.conf": "conn a\n"}, recording(*READINGS))
    host = captured(tmp_path / "host")
    assert [host.read(source, Deadline(0)) for source, _ in READINGS] == [
        output for _, output in READINGS
    ]
    assert host.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert host.path == f"{tmp_path}/host/ipsec.conf"
    assert host.files.read(host.path) == "conn a\n"


def test_recording_is_the_host(tmp_path: Path) -> None:
    recorded = recording()
    assert recorded.can_read_again(Deadline())
    assert (recorded.path, recorded.time) == (ScriptedHost.path, ScriptedHost.time)
    assert recorded.files is ScriptedHost.files


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


@pytest.mark.parametrize(
    "make",
    [Path.mkdir, Path.touch, link_to("nowhere"), link_to(".")],
    ids=["folder", "file", "dangling link", "link"],
)
def test_existing_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "host")
    for slash in ("", "/"):
        with pytest.raises(CaptureError) as raised:
            write(f"{tmp_path}/host{slash}", {"ipsec.conf": ""}, recording())
        assert str(raised.value) == f"{tmp_path}/host{slash}: exists already"
    assert list(tree(tmp_path)) == ["host"]


def test_absent_is_not_refused(tmp_path: Path) -> None:
    refuse_existing(f"{tmp_path}/host")


@pytest.mark.parametrize(
    ("directory", "reason"),
    [
        ("absent/host", "No such file or directory"),
        ("file/host", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_cannot_be_created(tmp_path: Path, directory: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CaptureError) as raised:
        write(f"{tmp_path}/{directory}", {"ipsec.conf": ""}, recording())
    assert str(raised.value) == f"{tmp_path}/{directory}: {reason}"
    assert list(tree(tmp_path)) == ["file"]


def test_file_too_large_leaves_nothing(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(CaptureError, match=r"/host: File too large$"):
            write(f"{tmp_path}/host", {"ipsec.conf": ""}, recording((Source.STATUSALL, large())))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not tree(tmp_path)


def large() -> Output:
    return STATUS._replace(stdout="x" * 100_000)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.EIO, "Input/output error")])
def test_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def rename(_draft: Path, _target: Path) -> None:
        raise error

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises((KeyboardInterrupt, CaptureError)):
        write(f"{tmp_path}/host", {"ipsec.conf": ""}, recording(*READINGS))
    assert not tree(tmp_path)


# --- reading ------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A captured host as a person would put it together: texts alone."""
    for name in ("statusall", "xfrm-state", "xfrm-policy"):
        (tmp_path / name).write_text(f"{name} text\n")
    return tmp_path


def texts(host: CapturedHost, source: Source, times: int) -> list[str]:
    return [text_of(source, host.read(source, Deadline(0))) for _ in range(times)]


def test_texts_alone(folder: Path) -> None:
    host = captured(folder)
    assert texts(host, Source.STATUSALL, 2) == ["statusall text\n"] * 2
    assert texts(host, Source.XFRM_POLICY, 1) == ["xfrm-policy text\n"]
    assert host.time is None
    assert not host.can_read_again(Deadline())


def test_last_text_is_said_again(folder: Path) -> None:
    (folder / "again").mkdir()
    (folder / "again/statusall").write_text("second")
    host = captured(folder)
    assert texts(host, Source.STATUSALL, 1) == ["statusall text\n"]
    assert host.can_read_again(Deadline())
    assert texts(host, Source.STATUSALL, 2) == ["second"] * 2
    assert not host.can_read_again(Deadline())
    assert texts(host, Source.XFRM_STATE, 2) == ["xfrm-state text\n"] * 2


@pytest.mark.parametrize(
    ("output", "error"), [(HUNG, TimedOut), (REFUSED, NotPermitted), (SILENT, DaemonNotRunning)]
)
@pytest.mark.parametrize("with_file", [True, False])
def test_recorded_failure(
    folder: Path, output: Output, error: type[CheckIpsecError], with_file: bool
) -> None:
    write(
        f"{folder}/host",
        {"ipsec.conf": ""},
        recording((Source.STATUSALL, output._replace(stdout=""))),
    )
    if not with_file:
        (folder / "host/statusall").unlink()
    with pytest.raises(error):
        texts(captured(folder / "host"), Source.STATUSALL, 1)


@pytest.mark.parametrize("recorded", [True, False])
def test_absent_text(tmp_path: Path, recorded: bool) -> None:
    write(f"{tmp_path}/host", {"ipsec.conf": ""}, recording((Source.XFRM_STATE, STATES)))
    (tmp_path / "host/xfrm-state").unlink()
    if not recorded:
        (tmp_path / "host/capture.json").unlink()
    with pytest.raises(CaptureError) as raised:
        captured(tmp_path / "host").read(Source.XFRM_STATE, Deadline())
    assert str(raised.value) == f"{tmp_path}/host: no xfrm-state in it"


def test_absent_configuration(folder: Path) -> None:
    with pytest.raises(CaptureError) as raised:
        captured(folder).files.read("/etc/ipsec.conf")
    assert str(raised.value) == f"{folder}: no ipsec.conf in it"


def test_include_is_refused(folder: Path) -> None:
    with pytest.raises(CaptureError) as raised:
        captured(folder).files.glob("/etc/ipsec.d/*.conf")
    assert str(raised.value) == f"{folder}: include /etc/ipsec.d/*.conf is not resolved in it"


def test_text_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "statusall").mkdir()
    with pytest.raises(CaptureError) as raised:
        captured(tmp_path).read(Source.STATUSALL, Deadline())
    assert str(raised.value) == f"{tmp_path}/statusall: Is a directory"


@pytest.mark.parametrize(
    ("name", "reason"), [("absent", "No such file or directory"), ("file", "Not a directory")]
)
def test_no_folder(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CaptureError) as raised:
        captured(tmp_path / name)
    assert str(raised.value) == f"{tmp_path}/{name}: {reason}"


DAMAGED = {
    "empty": "",
    "cut": '{"time": "2026-01-02T03:04:05+00:00", "comm',
    "no object": "[]",
    "no commands": '{"time": "2026-01-02T03:04:05+00:00"}',
    "commands a list": '{"commands": []}',
    "command a string": '{"commands": {"statusall": "ipsec"}}',
    "time a number": '{"time": 1, "commands": {}}',
    "time not ISO 8601": '{"time": "yesterday", "commands": {}}',
    "too deep": "[" * 100_000,
    "not UTF-8": '{"\udcff',
}
WRONG: dict[str, object] = {
    "command": [],
    "stderr": None,
    "exit": True,
    "seconds": 10**400,
    "timed_out": 0,
    "refused": "no",
    "user": 0,
}
DAMAGED |= {
    key: json.dumps({"commands": {"statusall": entry(**{key: value})}})
    for key, value in WRONG.items()
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_index(folder: Path, text: str) -> None:
    (folder / "capture.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(CaptureError) as raised:
        captured(folder)
    assert str(raised.value) == f"{folder}/capture.json: damaged"


def test_index_may_say_less_or_more(folder: Path) -> None:
    index = {"commands": {"statusall": {"command": ["ipsec"], "later": 1}}, "host": "x"}
    (folder / "capture.json").write_text(json.dumps(index))
    assert texts(captured(folder), Source.STATUSALL, 1) == ["statusall text\n"]


def test_keys_are_hidden(folder: Path) -> None:
    (folder / "xfrm-state").write_text(f"\tenc cbc(aes) 0x{'0a' * 16}\n")
    assert texts(captured(folder), Source.XFRM_STATE, 1) == ["\tenc cbc(aes) <<Keys hidden>>\n"]


def test_captured_host_needs_no_processes() -> None:
    modules = "sys, check_ipsec.host.capture, check_ipsec.host.captured"
    code = f"import {modules}; assert 'subprocess' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
