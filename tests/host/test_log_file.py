"""The end of a log, however long it is and whatever becomes of it."""

import os
import time
from pathlib import Path

import pytest

from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.hidden import without_keys
from check_ipsec.host.host import Deadline
from check_ipsec.host.live import LiveHost
from check_ipsec.host.log_file import end_of
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import LOG_BYTES, Source

LINE = "09[IKE] received AUTHENTICATION_FAILED notify error\n"


def test_a_short_log_is_read_as_a_whole(tmp_path: Path) -> None:
    log = tmp_path / "charon.log"
    log.write_text(LINE * 3 + "05[IKE] being writ")
    assert end_of(str(log)) == LINE * 3


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "charon.log"
    with log.open("wb") as file:
        file.truncate(2 << 30)
        file.seek(0, os.SEEK_END)
        file.write(f"\n{LINE}".encode())
    begin = time.monotonic()
    text = end_of(str(log))
    assert text is not None
    assert text.endswith(LINE)
    assert len(text) <= LOG_BYTES
    assert time.monotonic() - begin < 1


def test_the_line_that_it_begins_in_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "charon.log"
    log.write_text(LINE * (LOG_BYTES // len(LINE) + 10))
    text = end_of(str(log))
    assert text
    assert set(text.splitlines(keepends=True)) == {LINE}


def test_what_was_rotated_away_stands_before_it(tmp_path: Path) -> None:
    log = tmp_path / "charon.log"
    log.write_text("new\n")
    Path(f"{log}.1").write_text("old\n")
    assert end_of(str(log)) == "old\nnew\n"
    log.write_text("")
    assert end_of(str(log)) == "old\n"


def test_what_is_no_log_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert end_of(str(pipe)) is None
    assert end_of(str(tmp_path)) is None
    assert end_of(str(tmp_path / "nothing")) is None


def test_the_host_reads_the_log_that_it_is_told_of(tmp_path: Path) -> None:
    log = tmp_path / "other.log"
    log.write_text(LINE)
    host = LiveHost("/etc/ipsec.conf", CapturedFiles("."), log=str(log))
    assert text_of(Source.LOG, host.read(Source.LOG, Deadline())) == LINE


DUMP = "09[IKE] => 8 bytes @ 0x7f\n09[IKE]    0: 8F 2A 11 00 3C 4D 5E 6F  ..\n"


@pytest.mark.parametrize("source", [Source.LOG, Source.JOURNAL])
def test_no_bytes_that_may_be_keys_are_kept(source: Source) -> None:
    assert without_keys(source, LINE + DUMP + LINE) == LINE + DUMP.splitlines(True)[0] + LINE
    assert without_keys(source, LINE) == LINE
