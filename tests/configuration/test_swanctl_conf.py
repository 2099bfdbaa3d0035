"""swanctl.conf: what it resolves to, what it refuses, and swanctl's opinion."""

from contextlib import chdir
from errno import EACCES
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check_ipsec.configuration.expectation import Expectation, expectation, parse_override
from check_ipsec.configuration.of_host import configured, kept
from check_ipsec.configuration.swanctl_conf import load, read
from check_ipsec.errors import CheckIpsecError, ConfigurationError
from check_ipsec.host.captured import CapturedHost
from check_ipsec.host.files import DiskFiles
from check_ipsec.host.host import Way
from check_ipsec.host.live import LiveHost
from check_ipsec.model.configuration import Connection
from check_ipsec.truth.observe import Question, chosen
from check_ipsec.truth.rounds import files_of
from tests.ipsec_conf import MemoryFiles
from tests.swanctl import SWANCTL, description, loaded, resolved, texts, tree

REAL = pytest.mark.skipif(not Path(SWANCTL).exists(), reason="strongswan-swanctl is missing")
MAIN = "/etc/swanctl/swanctl.conf"


@pytest.mark.parametrize("path", [*texts("valid"), *texts("invalid")], ids=lambda path: path.stem)
def test_files(path: Path) -> None:
    assert description(path) == path.with_suffix(".expected").read_text()


@REAL
@pytest.mark.parametrize("path", [*texts("valid"), *texts("invalid")], ids=lambda path: path.stem)
def test_swanctl_agrees(path: Path, tmp_path: Path) -> None:
    with chdir(path.parent):
        assert resolved(path) == loaded(path, tmp_path)


# --- texts nobody would write -------------------------------------------------

NAMES = st.sampled_from(["connections", "gw", "a", "defaults", "children", "net", "local_ts"])
WORDS = st.sampled_from(
    (*'{}"=:,.#\\ \t\r\n', "a = 1\n", "b =\n", '"q \\n"', "x{y", "connections.gw", "#c\n", "1, 2")
)
SETTINGS = st.builds("{} = {}\n".format, NAMES, WORDS | st.just("1"))
SECTIONS = st.recursive(
    st.lists(SETTINGS | st.just("include f.conf\n"), max_size=3).map("".join),
    lambda inner: st.lists(
        st.builds("{} {{ {} }}\n".format, NAMES, inner)
        | st.builds("{} : {}, connections.{} {{ {} }}\n".format, NAMES, NAMES, NAMES, inner),
        max_size=3,
    ).map("".join),
    max_leaves=8,
)


@REAL
@given(SECTIONS, SECTIONS, st.lists(st.tuples(st.integers(0, 300), WORDS), max_size=3))
@settings(max_examples=100, deadline=None)
def test_swanctl_agrees_on_any_text(text: str, other: str, more: list[tuple[int, str]]) -> None:
    for place, word in more:
        text = text[:place] + word + text[place:]
    with TemporaryDirectory() as folder:
        path = Path(folder, "swanctl.conf")
        path.write_text(text, newline="")
        path.with_name("f.conf").write_text(other.replace("include", "excluded"), newline="")
        ours = resolved(path)
        # swanctl follows references that lead back until its stack is full
        if ours is None and "lead back" in refusal(path):
            return
        assert ours == loaded(path, Path(folder))


def refusal(path: Path) -> str:
    """Why a file is refused."""
    with pytest.raises(CheckIpsecError) as raised:
        tree(read(str(path), DiskFiles()), ("connections",))
    return str(raised.value)


def test_references_that_lead_back_are_refused() -> None:
    text = "connections { a : connections.a.children { children : connections.a.children { } } }\n"
    with pytest.raises(ConfigurationError, match="references lead back"):
        load(MAIN, MemoryFiles(**{MAIN: text}))


def test_an_unreadable_file_has_a_name() -> None:
    files = MemoryFiles(**{MAIN: PermissionError(EACCES, "Permission denied")})
    with pytest.raises(ConfigurationError, match=f"cannot read {MAIN}: Permission denied"):
        load(MAIN, files)


# --- what a child must be -----------------------------------------------------


def child(*lines: str, addresses: str = "10.0.0.1", has: bool = True) -> Connection:
    inner = "\n".join(lines)
    children = f"children {{ net {{ {inner}\n }} }}" if has else ""
    text = f"connections {{ gw {{ remote_addrs = {addresses}\n {children} }} }}\n"
    (connection,) = load(MAIN, MemoryFiles(**{MAIN: text})).connections
    return connection


@pytest.mark.parametrize(
    ("connection", "wanted"),
    [
        (child(), Expectation.REQUIRED),
        (child("start_action = none"), Expectation.REQUIRED),
        (child("start_action = start"), Expectation.REQUIRED),
        (child("start_action = trap"), Expectation.ON_DEMAND),
        (child("start_action = Trap | start"), Expectation.REQUIRED),
        (child("start_action = trap", addresses="%any"), Expectation.CLIENTS),
        (child(addresses="%any"), Expectation.CLIENTS),
        (child(addresses="10.0.0.0/8, 10.1.0.1-10.1.0.9"), Expectation.CLIENTS),
        (child(addresses="%any, gw.example"), Expectation.REQUIRED),
        (child("mode = pass", "start_action = trap"), Expectation.SHUNT),
        (child("mode = drop", "start_action = trap|start"), Expectation.LOADED),
        (child("mode = drop"), Expectation.LOADED),
        (child(has=False), Expectation.LOADED),
    ],
)
def test_expectation(connection: Connection, wanted: Expectation) -> None:
    assert expectation(connection) is wanted
    by_hand = parse_override("gw=clients")
    assert expectation(connection, overrides=[by_hand]) is Expectation.CLIENTS


def test_a_glob_matches_the_child_or_its_connection() -> None:
    one = child()
    assert one.name == "gw/net"
    for glob in ("gw", "g*", "gw/net", "*/net"):
        assert chosen([one], Question(include=(glob,))) == (one,)
        assert not chosen([one], Question(exclude=(glob,)))
    assert not chosen([one], Question(include=("net",)))


# --- which files --------------------------------------------------------------

IPSEC = "conn bob\n\tright=10.0.0.2\n\tauto=add\n"
GW = "connections { gw { remote_addrs = 10.0.0.1\n children { net { } } } }\n"
COMES_WITH = "# comments only\ninclude conf.d/*.conf\n"


def host(tmp_path: Path, ipsec: str | None, swanctl: str | None, way: Way = Way.AUTO) -> LiveHost:
    for name, text in (("ipsec.conf", ipsec), ("swanctl.conf", swanctl)):
        if text is not None:
            (tmp_path / name).write_text(text)
    return LiveHost(
        f"{tmp_path}/ipsec.conf", DiskFiles(), swanctl=f"{tmp_path}/swanctl.conf", way=way
    )


@pytest.mark.parametrize(
    ("ipsec", "swanctl", "way", "names", "over_vici", "called"),
    [
        (IPSEC, None, Way.AUTO, ["bob"], False, "ipsec.conf"),
        (IPSEC, COMES_WITH, Way.AUTO, ["bob"], False, "ipsec.conf"),
        (IPSEC, GW, Way.AUTO, ["bob", "gw/net"], True, "ipsec.conf and swanctl.conf"),
        (IPSEC, GW, Way.STROKE, ["bob"], False, "ipsec.conf"),
        (IPSEC, "broken {", Way.STROKE, ["bob"], False, "ipsec.conf"),
        (IPSEC, COMES_WITH, Way.VICI, ["bob"], True, "ipsec.conf"),
        ("# nothing\n", GW, Way.AUTO, ["gw/net"], True, "swanctl.conf"),
        (None, GW, Way.AUTO, ["gw/net"], True, "swanctl.conf"),
        (None, COMES_WITH, Way.AUTO, [], True, "ipsec.conf"),
    ],
)
def test_files_of_a_host(
    tmp_path: Path, ipsec: str | None, swanctl: str | None, way: Way, names: list[str],
    over_vici: bool, called: str,
) -> None:  # fmt: skip
    one = host(tmp_path, ipsec, swanctl, way)
    found = configured(one)
    assert [connection.name for connection in found.connections] == names
    assert (found.over_vici, found.called) == (over_vici, called)
    again = tmp_path / "captured"
    again.mkdir()
    for name, text in kept(one).items():
        (again / name).write_text(text)
    copy = configured(CapturedHost(str(again), way))
    assert [(c.name, c.settings) for c in copy.connections] == [
        (c.name, c.settings) for c in found.connections
    ]


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckIpsecError, match=r"ipsec\.conf: No such file"):
        configured(host(tmp_path, None, None))


def test_a_capture_holds_no_secret(tmp_path: Path) -> None:
    text = GW + 'secrets { ike { secret = "hush" } }\n'
    assert "hush" not in "".join(kept(host(tmp_path, None, text)).values())


# --- certificates -------------------------------------------------------------

ROUNDS = """\
ends { remote { revocation = Strict } }
connections { gw : ends {
  local-eap { round = 2
    id = second
    certs = b.pem
  }
  local-cert { round = 1
    certs = rsa.pem , /somewhere/ecdsa.pem
    cert-1 { file = more.pem }
    cert-2 { handle = 0a0b }
    cacert { file = ca.pem }
  }
  remote { pubkeys = bob.pem
    cert { file = bob.pem }
  }
} }
"""


def test_certificates_of_each_round() -> None:
    (connection,) = load(MAIN, MemoryFiles(**{MAIN: ROUNDS})).connections
    settings = dict(connection.settings)
    assert {key: settings[key] for key in settings if "cert" in key or "pub" in key} == {
        "leftcerts": "rsa.pem,/somewhere/ecdsa.pem,more.pem",
        "leftcerts2": "b.pem",
        "rightcerts": "bob.pem",
        "rightpubkeys": "bob.pem",
    }
    assert (settings["leftid2"], settings["strictcrlpolicy"]) == ("second", "yes")
    assert connection.told("leftid2=second") == "id=second"
    assert [(key, Path(name).name) for key, name in files_of(connection)] == [
        ("leftcerts", "rsa.pem"),
        ("leftcerts", "ecdsa.pem"),
        ("leftcerts", "more.pem"),
        ("leftcerts2", "b.pem"),
        ("rightcerts", "bob.pem"),
    ]
