"""``ip route get`` and ``ip -o link show``."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.errors import ParseError
from check_ipsec.grammar.ip_route import parse_links, parse_route
from check_ipsec.model.traffic import Route

LINKS = (
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group "
    "default qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
    "2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n"
)


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("10.1.0.2 dev eth0 src 10.1.0.1 uid 0 \n    cache \n", Route("eth0", None)),
        ("10.1.0.2 dev eth0 src 10.1.0.1 uid 0 \n    cache mtu 1400 \n", Route("eth0", 1400)),
        ("10.9.0.1 via 10.1.0.2 dev eth1 src 10.1.0.1 uid 0 \n    cache expires 590sec mtu lock "
         "1280 \n", Route("eth1", 1280)),
        ("fd00:1::2 from :: dev eth0 proto kernel src fd00:1::1 metric 256 mtu 1380 pref medium\n",
         Route("eth0", 1380)),
        ("local 10.1.0.1 dev lo src 10.1.0.1 uid 0 \n    cache <local> \n", Route("lo", None)),
        ("10.1.0.2 something new\n", Route(None, None)),
    ],
)  # fmt: skip
def test_route(text: str, route: Route) -> None:
    assert parse_route(text, "ip route get") == route


@pytest.mark.parametrize(
    "text", ["", "nonsense here\n", "10.1.0.2 dev a\n10.1.0.3 dev b\n", "10.1.0.2 dev"]
)
def test_no_route(text: str) -> None:
    with pytest.raises(ParseError, match=r"^ip route get:\d+: "):
        parse_route(text, "ip route get")


def test_links() -> None:
    assert parse_links(LINKS, "ip link") == {"lo": 65536, "eth0": 1500}


def test_a_line_that_is_no_link_is_none() -> None:
    assert parse_links(f"something\n{LINKS}", "ip link") == {"lo": 65536, "eth0": 1500}


@given(st.text(alphabet="10.:a deviethmtu\n\t lock", max_size=120))
def test_any_text(text: str) -> None:
    assert isinstance(parse_links(text + "\n", "ip link"), dict)
    with suppress(ParseError):
        assert isinstance(parse_route(text, "ip route get"), Route)
