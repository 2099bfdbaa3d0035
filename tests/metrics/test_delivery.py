"""Where series go, and what a reading that fails leaves there."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from check_ipsec.errors import CommandFailed, UsageError
from check_ipsec.metrics import command, delivery
from check_ipsec.metrics.delivery import Address, address, send, write
from check_ipsec.metrics.formats import FORMATS
from tests.hosts import ROOT
from tests.metrics.saying import HOSTS, READING, say, say_host, series, timeless

EACH = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


# --- a file -----------------------------------------------------------------------


@EACH
def test_a_file_holds_what_standard_output_would(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    said = say_host("mesh-all-up", "--format", name, "--output", str(path))
    assert (said.exit, said.text, said.complaints) == (0, "", "")
    assert timeless(path.read_text()) == timeless(say_host("mesh-all-up", "--format", name).text)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


@EACH
def test_a_reading_that_fails_leaves_the_last_series(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    say_host("mesh-all-up", "--format", name, "--output", str(path))
    before = path.read_text()
    said = say("--captured", "/nonexistent", "--format", name, "--output", str(path))
    assert (said.exit, said.text) == (1, "")
    assert said.complaints == "ipsec-metrics: /nonexistent: No such file or directory\n"
    after = path.read_text()
    changed = {
        "prometheus": ("\nipsec_reading_success 1.0\n", "\nipsec_reading_success 0.0\n"),
        "json": (
            '"series": [{"labels": {}, "value": 1}]',
            '"series": [{"labels": {}, "value": 0}]',
        ),
    }
    if name in changed:
        assert after == before.replace(*changed[name], 1)
    else:
        lines, others = before.splitlines(), after.splitlines()
        (place,) = [one for one, line in enumerate(lines) if "reading_success" in line]
        assert [*lines[:place], *lines[place + 1 :]] == [*others[:place], *others[place + 1 :]]
        series, value, moment = others[place].split(" ")
        assert series == lines[place].split(" ")[0]
        assert value in ("0", "value=0")
        assert int(moment[:10]) >= int(lines[place].split(" ")[2][:10])
    say_host.__wrapped__("mesh-all-up", "--format", name, "--output", str(path))
    assert timeless(path.read_text()) == timeless(before)


@EACH
@pytest.mark.parametrize("last", [None, "", "something else\n", "\0\xff", "{}", '{"metrics": 1}'])
def test_without_a_last_file_the_failure_is_all(
    tmp_path: Path, name: str, last: str | None
) -> None:
    path = tmp_path / "out"
    if last is not None:
        path.write_text(last)
    assert say("--captured", "/nonexistent", "--format", name, "--output", str(path)).exit == 1
    text = path.read_text()
    assert "reading_success" in text
    assert "timestamp_seconds" not in text
    assert "something else" not in text


def test_a_file_is_readable_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(str(tmp_path / "out"), "text\n")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o644


def test_what_is_not_a_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious\n")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "broken", "pipe", "."):
        path = f"{tmp_path}/{name}" if name != "." else str(tmp_path)
        said = say_host("mesh-all-up", "--output", path)
        assert (said.exit, said.complaints) == (1, f"ipsec-metrics: {path}: not a file\n")
    assert target.read_text() == "precious\n"
    (tmp_path / "folder").symlink_to(tmp_path)
    with pytest.raises(CommandFailed):
        write(f"{tmp_path}/folder/out", "text\n")


def test_a_full_disk_leaves_the_last_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    write(str(path), "last\n")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandFailed, match="No space left on device"):
        write(str(path), "new\n")
    assert path.read_text() == "last\n"
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_what_could_not_be_written_is_no_failed_reading(tmp_path: Path) -> None:
    said = say_host("mesh-all-up", "--output", str(tmp_path / "missing/out"))
    assert (said.exit, said.text) == (1, "")
    assert said.complaints.count("\n") == 1


def test_readers_never_see_a_part(tmp_path: Path) -> None:
    path = tmp_path / "out"
    texts = [f"{letter * 200_000}\n" for letter in "ab"]
    write(str(path), texts[0])
    seen = set()
    for number in range(50):
        writer = threading.Thread(target=write, args=(str(path), texts[number % 2]))
        writer.start()
        while writer.is_alive():
            seen.add(path.read_text())
        writer.join()
    assert seen <= set(texts)


# --- carbon -----------------------------------------------------------------------


@contextmanager
def listening(hangs: bool = False) -> Iterator[tuple[Address, list[bytes]]]:
    """A carbon that takes all, or nothing; what it got."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                while chunk := connection.recv(65536):
                    got.append(chunk)

        thread = threading.Thread(target=take, daemon=True)
        if not hangs:
            thread.start()
        yield Address(*server.getsockname()), got
        if not hangs:
            thread.join(5)


def test_carbon_gets_every_line() -> None:
    with listening() as (to, got):
        said = say_host("mesh-all-up", "--graphite", str(to), "--prefix", "ipsec.alice")
        assert (said.exit, said.text, said.complaints) == (0, "", "")
    wanted = say_host("mesh-all-up", "--format", "graphite", "--prefix", "ipsec.alice").text
    assert timeless(b"".join(got).decode()) == timeless(wanted)


def test_carbon_hears_of_a_failure() -> None:
    with listening() as (to, got):
        assert say("--captured", "/nonexistent", "--graphite", str(to), "--prefix", "p").exit == 1
    path, value, moment = b"".join(got).decode().split()
    assert (path, value) == ("p.reading_success", "0")
    assert abs(int(moment) - time.time()) < 60


def test_a_carbon_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = say_host("mesh-all-up", "--graphite", f"127.0.0.1:{port}")
    wanted = f"ipsec-metrics: graphite 127.0.0.1:{port}: Connection refused\n"
    assert (said.exit, said.complaints) == (1, wanted)


def test_a_carbon_that_takes_nothing_is_given_up() -> None:
    with listening(hangs=True) as (to, _):
        begin = time.monotonic()
        with pytest.raises(CommandFailed, match=r"not done within 0\.3 s|timed out"):
            send(to, "a 1 1\n" * 10**6, 0.3)
        assert time.monotonic() - begin < 2


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(CommandFailed, match="graphite nowhere:2003: Name or service not known"):
        send(Address("nowhere", 2003), "")


def test_a_name_that_is_none() -> None:
    with pytest.raises(CommandFailed, match=r"graphite a\.\.b:2003: Unicode"):
        send(Address("a..b", 2003), "")


def test_a_name_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()

    def slow(*_: object) -> None:
        waits.wait(10)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "create_connection", slow)
    with pytest.raises(CommandFailed, match=r"not done within 0\.2 s"):
        send(Address("slow", 2003), "", 0.2)
    waits.set()


@pytest.mark.parametrize(
    ("text", "found"),
    [("carbon:2003", Address("carbon", 2003)), ("[::1]:2003", Address("::1", 2003)),
     ("10.0.0.1:1", Address("10.0.0.1", 1))],
)  # fmt: skip
def test_an_address(text: str, found: Address) -> None:
    assert address(text) == found
    assert str(found) == text


@pytest.mark.parametrize("text", ["", "carbon", "carbon:", ":2003", "::1:2003", "carbon:0",
                                  "carbon:65536", "[]:1", "a b:1"])  # fmt: skip
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="not HOST:PORT"):
        address(text)


# --- the command ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--format", "xml"), "argument --format: invalid choice: 'xml'"),
        (("--graphite", "a:1", "--format", "json"), "--graphite does not go with --format json"),
        (("--graphite", "a:1", "--output", "x"), "not allowed with argument"),
        (("--prefix", "p"), "--prefix does not go with --format prometheus"),
        (("--format", "graphite", "--prefix", "a..b"), "--prefix a..b: not words of"),
        (("--graphite", "a"), "--graphite a: not HOST:PORT"),
        (("-i", "nobody"), "matches -i and -e"),
        (("--expect", "x"), "x"),
        (("extra",), "unrecognized arguments: extra"),
    ],
)
def test_usage(words: tuple[str, ...], problem: str) -> None:
    said = say_host("mesh-all-up", *words)
    assert said.exit == 2
    assert problem in said.complaints
    assert said.complaints.count("\n") == 1


def test_an_empty_prefix_is_none() -> None:
    said = say_host("mesh-all-up", "--format", "graphite", "--prefix", "")
    assert said.text.startswith("reading_success 1 ")


def test_nobody_reads_standard_output() -> None:
    """As in a pipe whose reader is gone."""
    program = "import sys; from check_ipsec.metrics.command import main; sys.exit(main())"
    words = [sys.executable, "-c", program, "--captured", str(HOSTS / "mesh-all-up")]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(words, stdout=write_end, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_host_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "read", lambda *_: time.sleep(10))
    said = say_host.__wrapped__("mesh-all-up", "-t", "0.2")
    assert (said.exit, said.complaints) == (1, "ipsec-metrics: no answer within 0.2 s\n")
    assert "ipsec_reading_success 0.0" in said.text


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "read", lambda *_: signal.raise_signal(signal.SIGTERM))
    said = say_host.__wrapped__("mesh-all-up")
    assert (said.exit, said.complaints) == (1, "ipsec-metrics: interrupted\n")


def test_an_error_of_ours_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "samples", lambda *_: 1 / 0)
    said = say_host.__wrapped__("mesh-all-up")
    assert said.exit == 1
    assert said.complaints == (
        "ipsec-metrics: internal error, ZeroDivisionError: division by zero\n"
    )


def test_without_a_memory_counters_are_absent(tmp_path: Path) -> None:
    """Less than before would be a counter that began anew, and then a burst."""
    (tmp_path / "state").mkdir()
    words = ("--captured", str(READING), "--format", "json", "--state", str(tmp_path / "state"))
    said = say(*words)
    assert said.exit == 0
    found = series(said.text)
    assert [one for one in found if one[0].endswith("_total")] == []
    assert found["ipsec_source_success", "source=memory"] == 0
    assert said.complaints == (f"ipsec-metrics: no earlier reading, {tmp_path}/state: not a file\n")


def test_delivery_has_a_time_limit() -> None:
    assert 0 < delivery.SECONDS <= 10
