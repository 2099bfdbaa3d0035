"""Traffic selectors, and the flows between two lists of them."""

import pytest

from check_ipsec.truth.selectors import (
    Flow,
    TrafficSelector,
    addresses,
    any_selector,
    flows,
    host_of,
    selector,
)

LAN = "10.1.0.0/16"
OTHER_LAN = "10.2.0.0/16"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.0.0/16", TrafficSelector(LAN, 0, 0)),
        ("fd00::1/128[6/80]", TrafficSelector("fd00::1/128", 6, 80)),
        ("10.1.0.0/16[tcp]", TrafficSelector(LAN, 6, 0)),
        ("10.1.0.0/16[udp/500]", TrafficSelector(LAN, 17, 500)),
        ("10.1.0.0/16[0/1000-2000]", TrafficSelector(LAN, 0, None)),
        ("10.1.0.0/16[1000-2000]", TrafficSelector(LAN, 0, None)),
        ("10.1.0.0/16[tcp/http]", TrafficSelector(LAN, 6, None)),
        ("10.1.0.0/16[udp/ipsec-nat-t]", TrafficSelector(LAN, 17, None)),
        ("10.1.0.0/16[udp/OPAQUE]", TrafficSelector(LAN, 17, None)),
        ("10.1.0.0/16[icmp]", TrafficSelector(LAN, 1, 0)),
        ("10.1.0.0/16[icmp/8]", TrafficSelector(LAN, 1, None)),
        ("10.1.0.0/16[icmp/8(0)-9(0)]", TrafficSelector(LAN, 1, None)),
        ("fd00::/64[ipv6-icmp/135]", TrafficSelector("fd00::/64", 58, None)),
        ("10.1.0.0/16[rsvp-e2e-ignore]", TrafficSelector(LAN, "rsvp-e2e-ignore", 0)),
        ("10.1.0.1..10.1.0.5", TrafficSelector("10.1.0.1..10.1.0.5", 0, 0)),
        ("10.1.0.1..10.1.0.5[17/53]", TrafficSelector("10.1.0.1..10.1.0.5", 17, 53)),
        ("10.1.0.0/16[\u0666]", TrafficSelector(LAN, "\u0666", 0)),
        ("10.1.0.0/\u0661\u0666", None),
        ("dynamic", None),
        ("dynamic[tcp/80]", None),
        ("", None),
        ("10.1.0.0", None),
        ("10.1.0.0/16[", None),
    ],
)
def test_selector(text: str, expected: TrafficSelector | None) -> None:
    assert selector(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.2.3/16", (32, 0x0A010000, 0x0A01FFFF)),
        ("10.1.0.1/32", (32, 0x0A010001, 0x0A010001)),
        ("0.0.0.0/0", (32, 0, 0xFFFFFFFF)),
        ("::/0", (128, 0, 2**128 - 1)),
        ("10.1.0.1..10.1.0.5", (32, 0x0A010001, 0x0A010005)),
        ("::::/0", None),
        ("10.1.0.1..", None),
    ],
)
def test_addresses(text: str, expected: tuple[int, int, int] | None) -> None:
    assert addresses(text) == expected


@pytest.mark.parametrize(
    ("local_ts", "remote_ts", "expected"),
    [
        pytest.param([LAN], [OTHER_LAN], [Flow(LAN, OTHER_LAN, 0, 0, 0)], id="one pair"),
        pytest.param(
            [LAN, "fd00::/64"],
            [OTHER_LAN, "fd01::/64"],
            [Flow(LAN, OTHER_LAN, 0, 0, 0), Flow("fd00::/64", "fd01::/64", 0, 0, 0)],
            id="families are not mixed",
        ),
        pytest.param(
            [f"{LAN}[tcp]"], [f"{OTHER_LAN}[udp]"], [], id="unlike protocols are not paired"
        ),
        pytest.param(
            [LAN],
            [f"{OTHER_LAN}[tcp/443]"],
            [Flow(LAN, OTHER_LAN, 6, 0, 443)],
            id="one end names the protocol",
        ),
        pytest.param(["dynamic"], [LAN], [None], id="no addresses"),
        pytest.param([], [LAN], [], id="no selectors"),
    ],
)
def test_flows(local_ts: list[str], remote_ts: list[str], expected: list[Flow | None]) -> None:
    assert flows(tuple(local_ts), tuple(remote_ts)) == tuple(expected)


def test_backwards() -> None:
    (flow,) = flows((f"{LAN}[tcp/80]",), (f"{OTHER_LAN}[tcp/443]",))
    assert flow
    assert flow.backwards() == Flow(OTHER_LAN, LAN, 6, 443, 80)


def covers(one: str, other: str) -> bool:
    wide, narrow = any_selector(one), any_selector(other)
    assert wide
    assert narrow
    return wide.covers(narrow)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (LAN, LAN, True),
        (LAN, "10.1.2.0/24", True),
        ("10.1.2.0/24", LAN, False),
        (LAN, "fd00::/64", False),
        (LAN, f"{LAN}[tcp/80]", True),
        (f"{LAN}[tcp/80]", LAN, False),
        (f"{LAN}[tcp/80]", f"{LAN}[tcp/443]", False),
        (f"{LAN}[tcp/https]", f"{LAN}[tcp/443]", True),
        ("dynamic", "dynamic", True),
        ("dynamic", LAN, False),
        ("dynamic[tcp]", "dynamic", False),
    ],
)
def test_covers(one: str, other: str, expected: bool) -> None:
    assert covers(one, other) is expected


def test_host_of() -> None:
    assert host_of("10.1.0.1/32") == "10.1.0.1"
    assert host_of("fd00::1/128") == "fd00::1"
    assert host_of("fd00::/32") is None
    assert host_of("10.1.0.1") is None
