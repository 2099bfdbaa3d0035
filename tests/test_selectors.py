"""Traffic selectors, and the flows between two lists of them."""

import pytest

from check_ipsec.selectors import Flow, Selector, addresses, flows, selector

LAN = "10.1.0.0/16"
OTHER_LAN = "10.2.0.0/16"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.0.0/16", Selector(LAN, 0, 0)),
        ("fd00::1/128[6/80]", Selector("fd00::1/128", 6, 80)),
        ("10.1.0.0/16[tcp]", Selector(LAN, 6, 0)),
        ("10.1.0.0/16[udp/500]", Selector(LAN, 17, 500)),
        ("10.1.0.0/16[0/1000-2000]", Selector(LAN, 0, None)),
        ("10.1.0.0/16[1000-2000]", Selector(LAN, 0, None)),
        ("10.1.0.0/16[tcp/http]", Selector(LAN, 6, None)),
        ("10.1.0.0/16[udp/ipsec-nat-t]", Selector(LAN, 17, None)),
        ("10.1.0.0/16[udp/OPAQUE]", Selector(LAN, 17, None)),
        ("10.1.0.0/16[icmp]", Selector(LAN, 1, 0)),
        ("10.1.0.0/16[icmp/8]", Selector(LAN, 1, None)),
        ("10.1.0.0/16[icmp/8(0)-9(0)]", Selector(LAN, 1, None)),
        ("fd00::/64[ipv6-icmp/135]", Selector("fd00::/64", 58, None)),
        ("10.1.0.0/16[rsvp-e2e-ignore]", Selector(LAN, "rsvp-e2e-ignore", 0)),
        ("10.1.0.1..10.1.0.5", Selector("10.1.0.1..10.1.0.5", 0, 0)),
        ("10.1.0.1..10.1.0.5[17/53]", Selector("10.1.0.1..10.1.0.5", 17, 53)),
        ("dynamic", None),
        ("dynamic[tcp/80]", None),
        ("", None),
        ("10.1.0.0", None),
        ("10.1.0.0/33", None),
        ("10.1.0.256/16", None),
        ("10.1.0.0/16[", None),
    ],
)
def test_selector(text: str, expected: Selector | None) -> None:
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
    assert flows(local_ts, remote_ts) == expected


def test_backwards() -> None:
    (flow,) = flows([f"{LAN}[tcp/80]"], [f"{OTHER_LAN}[tcp/443]"])
    assert flow
    assert flow.backwards() == Flow(OTHER_LAN, LAN, 6, 443, 80)
