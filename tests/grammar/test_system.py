"""Short files of the kernel, of systemd and of the module tools."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.errors import ParseError
from check_ipsec.grammar import system
from check_ipsec.model.system import Process
from tests.charon import NAMES, folder


@pytest.mark.parametrize(
    ("text", "value"), [("1\n", 1), ("0", 0), ("-1\n", -1), ("165\n", 165), ("1234\n\n", 1234)]
)
def test_a_number(text: str, value: int) -> None:
    assert system.number(text, "file") == value


@pytest.mark.parametrize("text", ["", "\n", "on\n", "1 2\n", "1\n2\n", "\u0661\n", "9" * 5000])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ParseError, match="file:1: expected a number"):
        system.number(text, "file")


def test_numbers() -> None:
    assert system.numbers("7\n14\n", "file") == (7, 14)
    assert system.numbers("", "file") == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_captured_process(name: str) -> None:
    found = system.process((folder(name) / "charon-status").read_text(), "file")
    assert (found.name, found.threads) == ("charon", 17)
    assert found.resident
    assert 15e6 < found.resident < 25e6


@pytest.mark.parametrize(
    ("text", "process"),
    [
        ("Name:\ta b: c\nPid:\t7\n", Process("a b: c", 7, None, None)),
        ("Name:\tx\nPid:\t7\nThreads:\t3\nVmRSS:\t  12 kB\n", Process("x", 7, 3, 12288)),
        ("Name:\tx\nPid:\t7\nVmRSS:\t12 MB\nNew:\t\n", Process("x", 7, None, None)),
    ],
)
def test_a_process(text: str, process: Process) -> None:
    assert system.process(text, "file") == process


@pytest.mark.parametrize("text", ["", "Pid:\t7\n", "Name:\tx\n", "Name:\tx\nPid:\tseven\n"])
def test_what_is_no_process(text: str) -> None:
    with pytest.raises(ParseError):
        system.process(text, "file")


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("0::/system.slice/strongswan.service\n", "/system.slice/strongswan.service"),
        ("12:cpuset:/a\n1:name=systemd:/b.service\n0::/b.service\n", "/b.service"),
        ("1:name=systemd:/user.slice/session-3.scope\n0::/\n", "/user.slice/session-3.scope"),
        ("0::/\n", "/"),
        ("3:cpu:/a\n", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_control_group(text: str, group: str | None) -> None:
    assert system.group(text, "file") == group


def test_loaded_modules() -> None:
    found = system.modules((folder("idle") / "modules").read_text(), "file")
    assert {"esp4", "esp6", "ah4", "xfrm_user"} <= found
    assert "xfrm_ipcomp," not in found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kernel/net/ipv6/esp6.ko: kernel/net/xfrm/xfrm_algo.ko\n", {"esp6"}),
        ("kernel/net/ipv6/esp6.ko.xz:\nkernel/net/ipv4/ah4.ko.zst: a/b.ko.zst\n", {"esp6", "ah4"}),
        ("kernel/net/ipv4/esp4-offload.ko\n", {"esp4_offload"}),
        ("esp4.ko\n", {"esp4"}),
        ("kernel/esp6.koala\nkernel/esp6\n\n", set()),
    ],
)
def test_files_of_modules(text: str, names: set[str]) -> None:
    assert system.module_files(text, "file") == names


PARSERS = (system.number, system.numbers, system.name, system.process, system.group,
           system.modules, system.module_files)  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(
    text=st.text(max_size=60)
    | st.from_regex(r"(Name|Pid|VmRSS|Threads):\t.{0,9}\n", fullmatch=True)
)
def test_any_text_is_read_or_refused(parse: Callable[[str, str], Any], text: str) -> None:
    with suppress(ParseError):
        parse(text, "file")
