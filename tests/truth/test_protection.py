"""Which traffic a connection asks to have protected."""

import pytest

from check_ipsec.model.kernel import Mark
from check_ipsec.truth.protection import (
    configured_marks,
    configured_selectors,
    equivalent,
    resolved,
)


@pytest.mark.parametrize(
    ("settings", "selectors"),
    [
        ({}, ("dynamic",)),
        ({"leftsubnet": "10.1.0.0/16, 10.2.0.1"}, ("10.1.0.0/16", "10.2.0.1/32")),
        ({"leftsubnet": "10.3.0.0/16[tcp/80]"}, ("10.3.0.0/16[tcp/80]",)),
        ({"leftsubnet": "10.3.0.1-10.3.0.9"}, ("10.3.0.1..10.3.0.9",)),
        ({"leftsubnet": "%dynamic[udp],fd00::1"}, ("dynamic[udp]", "fd00::1/128")),
        ({"leftprotoport": "17/500"}, ("dynamic[17/500]",)),
        ({"leftprotoport": "tcp/%any"}, ("dynamic[tcp]",)),
        ({"leftprotoport": "%any/443"}, ("dynamic[0/443]",)),
        ({"leftprotoport": "tcp", "leftsubnet": "10.1.0.0/16[udp],10.2.0.0/16"},
         ("10.1.0.0/16[udp]", "10.2.0.0/16[tcp]")),
        ({"leftsubnet": "net.example/16"}, ("net.example/16",)),
    ],
)  # fmt: skip
def test_configured_selectors(settings: dict[str, str], selectors: tuple[str, ...]) -> None:
    assert configured_selectors(settings, "left") == selectors
    swapped = {key.replace("left", "right"): value for key, value in settings.items()}
    assert configured_selectors(swapped, "right") == selectors


def test_dynamic_is_the_one_address_of_its_end() -> None:
    assert resolved(("dynamic[tcp/80]", "10.0.0.0/8"), "10.9.0.1") == (
        "10.9.0.1/32[tcp/80]",
        "10.0.0.0/8",
    )
    assert resolved(("dynamic",), "10.9.0.1, 10.9.0.2") == ("dynamic",)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("10.1.0.0/16",), ("10.1.0.0/16",), True),
        (("10.1.0.0/16", "10.1.2.0/24"), ("10.1.0.0/16",), True),
        (("10.1.0.0/16", "10.2.0.0/16"), ("10.2.0.0/16", "10.1.0.0/16"), True),
        (("10.1.0.0/16",), ("10.1.2.0/24",), False),
        (("10.1.0.0/16[6/80]",), ("10.1.0.0/16[tcp/80]",), True),
        (("10.1.0.0/16",), ("dynamic",), False),
        (("net.example/16",), ("dynamic",), True),
    ],
)
def test_equivalent(one: tuple[str, ...], other: tuple[str, ...], expected: bool) -> None:
    assert equivalent(one, other) is expected
    assert equivalent(other, one) is expected


@pytest.mark.parametrize(
    ("text", "mark", "known"),
    [
        ("42", Mark(42, 0xFFFFFFFF), True),
        ("0x2a/0xff", Mark(0x2A, 0xFF), True),
        ("010", Mark(8, 0xFFFFFFFF), True),
        ("%unique", None, False),
        ("%unique-dir/0xff", None, False),
        ("", None, True),
    ],
)
def test_a_mark_is_known_where_it_is_a_number(text: str, mark: Mark | None, known: bool) -> None:
    assert configured_marks({"mark": text}) == (mark, mark, known)


def test_the_mark_of_a_direction_counts_before_that_of_both() -> None:
    marks = configured_marks({"mark": "1", "mark_out": "2"})
    assert marks == (Mark(1, 0xFFFFFFFF), Mark(2, 0xFFFFFFFF), True)
