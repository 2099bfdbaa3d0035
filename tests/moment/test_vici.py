"""charon's answer over VICI: the same charon, asked by stroke at the same moment."""

from collections.abc import Sequence

import pytest

from check_ipsec.errors import CommandFailed, DaemonNotRunning, ParseError
from check_ipsec.grammar import statusall
from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import ChildSa, IkeSa, IkeState, Peer, Status, Trap
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.snapshot import take
from check_ipsec.truth.observe import OVER_VICI
from tests.pairs import FIXTURES

RELEASES = ("5.9.8", "6.0.1", "6.1.0")
BOTH = tuple(f"both-files-{release}" for release in RELEASES)
LINE_FEED = "li\nne"


class Spoken:
    """A host that says what a fixture has, and ``other`` in its place."""

    time = None
    path = "/etc/ipsec.conf"
    swanctl = None
    way = Way.AUTO
    files = CapturedFiles("/nonexistent")

    def __init__(self, name: str, **other: Output | str) -> None:
        self.asked: list[Source] = []
        self._name = name
        self._other = other

    def read(self, source: Source, _deadline: Deadline, _argument: str = "") -> Output:
        self.asked.append(source)
        said = self._other.get(source.name)
        if isinstance(said, Output):
            return said
        folder = source.file.removesuffix("-noblock")
        return Output(source.words, said or text(folder, self._name))

    def read_each(self, sources: Sequence[Source], deadline: Deadline) -> tuple[Output, ...]:
        return tuple(self.read(source, deadline) for source in sources)

    def can_read_again(self, _deadline: Deadline) -> bool:
        return True


def text(kind: str, name: str) -> str:
    return (FIXTURES / kind / "valid" / f"{name}.txt").read_bytes().decode(errors="surrogateescape")


def connection(name: str, section: str | None = None) -> Connection:
    return Connection(name, "", 1, (), section=section)


def asked(host: Spoken, *connections: Connection) -> Daemon | DaemonNotRunning | None:
    configuration = Configuration("", connections, over_vici=True)
    return take(host, Deadline(), configuration, (Source.STATUSALL,)).daemon


def status(host: Spoken, *connections: Connection) -> Status:
    found = asked(host, *connections)
    assert isinstance(found, Daemon)
    return found.status


def comparable_ike(ike: IkeSa) -> IkeSa:
    """Without what runs on, and what is cut to one unit or left out where it is 0."""
    children = tuple(map(comparable_child, ike.child_sas))
    return ike._replace(age=None, rekey_in=None, reauth_in=None, child_sas=children)


def comparable_child(child: ChildSa) -> ChildSa:
    name = child.name.rpartition("/")[2]
    return child._replace(name=name, rekey_in=None, inbound=None, outbound=None)


def comparable_peer(peer: Peer) -> Peer:
    children = (
        child._replace(name=child.name.rpartition("/")[2], dpd_action=None)
        for child in peer.children
    )
    return peer._replace(children=tuple(children))


def comparable_trap(trap: Trap) -> Trap:
    """Without the numbers that VICI does not always tell."""
    return trap._replace(name=trap.name.rpartition("/")[2], unique_id=None, reqid=None)


@pytest.mark.parametrize("name", BOTH)
def test_the_same_as_statusall(name: str) -> None:
    by_stroke = statusall.parse(text("statusall", name), name, [LINE_FEED])
    over_vici = status(Spoken(name))
    assert set(map(comparable_ike, over_vici.ike_sas)) == set(
        map(comparable_ike, by_stroke.ike_sas)
    )
    # what has a name that VICI cannot print is cut, and what it was merged with
    printable = [peer for peer in by_stroke.peers if peer.name.isascii() and peer.name != "bob"]
    assert list(map(comparable_peer, over_vici.peers)) == list(map(comparable_peer, printable))
    names = {shunt.name.rpartition("/")[2]: shunt[1:] for shunt in over_vici.shunts}
    assert names == {shunt.name: shunt[1:] for shunt in by_stroke.shunts}
    assert set(map(comparable_trap, over_vici.traps)) == {
        comparable_trap(trap)
        for trap in by_stroke.traps
        if trap.name.isascii() and trap.name != LINE_FEED
    }
    assert (over_vici.up, over_vici.connecting) == (by_stroke.up, by_stroke.connecting)
    assert over_vici.daemon.plugins == by_stroke.daemon.plugins
    assert [line.text for line in over_vici.unread if line.section == "list-conns"] == [
        "bob {",
        "list-conn event {",
    ]


@pytest.mark.parametrize("release", RELEASES)
def test_charon_systemd(release: str) -> None:
    found = status(Spoken(f"charon-systemd-{release}"))
    assert not found.unread
    names = {child.name for peer in found.peers for child in peer.children}
    assert {"gw/lab", "gw/net", "gw/both", "gw/lan", "clients/cl"} <= names
    assert [shunt.name for shunt in found.shunts] == ["gw/lan"]
    assert {trap.name for trap in found.traps} == {"gw/both", "gw/net"}
    assert all(trap.reqid is not None for trap in found.traps) == (release == "6.1.0")
    assert found.daemon.uptime


def test_children_of_ipsec_conf_keep_their_name() -> None:
    found = status(Spoken(BOTH[0]), connection("pass"), connection("gw/net", "gw"))
    assert "pass" in {child.name for peer in found.peers for child in peer.children}
    assert {trap.name for trap in found.traps} == {"gw/both", "gw/net"}


def test_a_child_under_the_name_of_an_equal_connection() -> None:
    """charon may set up the child of one connection in the IKE_SA of another."""
    sas = text("list-sas", "charon-systemd-6.1.0").replace("  gw {", "  twin {")
    found = status(Spoken("charon-systemd-6.1.0", LIST_SAS=sas))
    (twin,) = (ike for ike in found.ike_sas if ike.name == "twin")
    assert [child.name for child in twin.child_sas] == ["gw/both"]


def test_children_of_one_name_are_told_apart_by_their_selectors() -> None:
    """Two equal connections, each with a child of the same name, share an IKE_SA."""
    name = "charon-systemd-6.1.0"
    conns = text("list-conns", name)
    begin = conns.index("list-conn event {\n  gw {")
    event = conns[begin : conns.index("list-conn event {", begin + 1)]
    twin = event.replace("  gw {", "  twin {").replace("10.2.9.0/24", "10.2.8.0/24")
    sas = text("list-sas", name).replace("10.2.9.0/24", "10.2.8.0/24")
    found = status(Spoken(name, LIST_CONNS=twin + conns, LIST_SAS=sas))
    (gw,) = (ike for ike in found.ike_sas if ike.name == "gw")
    assert [child.name for child in gw.child_sas] == ["twin/both"]


def test_proxy_mode_is_loaded_as_transport_mode() -> None:
    conns = text("list-conns", "charon-systemd-6.1.0").replace("= TRANSPORT", "= TRANSPORT_PROXY")
    found = status(Spoken("charon-systemd-6.1.0", LIST_CONNS=conns))
    modes = {child.name: child.mode for peer in found.peers for child in peer.children}
    assert modes["gw/lab"] == "TRANSPORT"


def test_what_noblock_leaves_out_is_noticed() -> None:
    slow = Output(Source.LIST_SAS.words, "", timed_out=True, exit=None)
    whole = text("list-sas", "charon-systemd-6.1.0")
    begin = whole.index("list-sa event {\n  gw {")
    less = whole[:begin] + whole[whole.index("list-sas reply") :]
    host = Spoken("charon-systemd-6.1.0", LIST_SAS=slow, LIST_SAS_NB=less)
    found = asked(host)
    assert isinstance(found, Daemon)
    assert found.partial
    assert host.asked.count(Source.LIST_SAS_NB) == 2
    # who waited for it once has no time to wait again
    assert host.asked.count(Source.LIST_SAS) == 1
    host = Spoken("charon-systemd-6.1.0", LIST_SAS=slow)
    found = asked(host)
    assert isinstance(found, Daemon)
    assert not found.partial


def test_a_partial_answer_stands_where_no_other_one_comes() -> None:
    class Tired(Spoken):
        def read_each(self, sources: Sequence[Source], deadline: Deadline) -> tuple[Output, ...]:
            if Source.LIST_SAS_NB in sources:
                return tuple(slow for _ in sources)
            return super().read_each(sources, deadline)

    slow = Output(Source.LIST_SAS.words, "", timed_out=True, exit=None)
    host = Tired("charon-systemd-6.1.0", LIST_SAS=slow, LIST_SAS_NB="list-sas reply {\n}\n")
    found = asked(host)
    assert isinstance(found, Daemon)
    assert found.partial
    assert not found.status.ike_sas


def test_a_charon_that_hangs() -> None:
    slow = Output(Source.LIST_SAS.words, "", timed_out=True, exit=None)
    silent = {source.name: slow for source in OVER_VICI}
    assert str(asked(Spoken(BOTH[0], **silent))) == "charon does not answer"
    found = asked(Spoken(BOTH[0], LIST_SAS=slow, LIST_SAS_NB=slow))
    assert str(found) == "charon does not answer"


def test_a_slow_host_is_no_charon_that_hangs() -> None:
    slow = Output(Source.LIST_POLS.words, "", timed_out=True, exit=None, seconds=5.04)
    with pytest.raises(CommandFailed) as raised:
        asked(Spoken(BOTH[0], LIST_POLS=slow))
    late = "swanctl --list-pols --pretty did not end within 5.0 s"
    assert str(raised.value) == f"too slow: {late}"


# swanctl.c of 5.9.8 and 6.1.0, where there is no charon
GONE = """\
connecting to 'unix:///var/run/charon.vici' failed: {reason}
Error: connecting to 'default' URI failed: {reason}
strongSwan 5.9.8 swanctl
usage:
  swanctl --list-sas [--raw|--pretty]
"""


@pytest.mark.parametrize(
    ("reason", "exit"), [("No such file or directory", 2), ("Connection refused", 111)]
)
def test_no_charon(reason: str, exit: int) -> None:
    gone = Output(Source.LIST_SAS.words, "", GONE.format(reason=reason), exit=exit)
    found = asked(Spoken(BOTH[0], LIST_SAS=gone))
    assert str(found) == "charon is not running"


def test_a_charon_with_stroke_alone_beside_a_swanctl_conf() -> None:
    gone = Output(
        Source.LIST_SAS.words, "", GONE.format(reason="No such file or directory"), exit=2
    )
    absent = {source.name: gone for source in OVER_VICI}
    host = Spoken(BOTH[0], STATUSALL=text("statusall", BOTH[0]), **absent)
    found = status(host, connection("bob"), connection("gw/net", "gw"))
    assert "bob" in {child.name for peer in found.peers for child in peer.children}
    assert str(asked(host, connection("gw/net", "gw"))) == "charon is not running"


def test_an_answer_that_is_broken_off() -> None:
    whole = text("list-sas", BOTH[0])
    cut = whole[: whole.index("list-sas reply")]
    ended = Output(Source.LIST_SAS.words, cut, "list-sas request failed: Broken pipe\n", exit=32)
    assert str(asked(Spoken(BOTH[0], LIST_SAS=ended))) == "charon broke off its answer"
    with pytest.raises(ParseError, match="expected 'list-sas reply'"):
        asked(Spoken(BOTH[0], LIST_SAS=cut))


@pytest.mark.parametrize("kind", ["list-sas", "list-conns", "list-pols", "stats"])
def test_any_cut_is_an_error(kind: str) -> None:
    source = next(source for source in Source if source.file == kind)
    whole = text(kind, "charon-systemd-5.9.8")
    lines = whole.splitlines(keepends=True)
    for number in range(1, len(lines), max(1, len(lines) // 60)):
        with pytest.raises(ParseError):
            asked(Spoken("charon-systemd-5.9.8", **{source.name: "".join(lines[:number])}))


@pytest.mark.parametrize("kind", ["list-sas", "list-conns", "list-pols"])
def test_a_line_less_is_never_healthier(kind: str) -> None:
    """Without a line a record is read without that fact, or not at all, and that is said."""
    source = next(source for source in Source if source.file == kind)
    name = "charon-systemd-5.9.8"
    lines = text(kind, name).splitlines(keepends=True)
    whole = status(Spoken(name))
    for number in range(len(lines) - 2):
        shorter = "".join(lines[:number] + lines[number + 1 :])
        try:
            found = status(Spoken(name, **{source.name: shorter}))
        except ParseError:
            continue
        healthy = [ike for ike in found.ike_sas if ike.state is IkeState.ESTABLISHED]
        assert len(healthy) <= 1
        for kind_of in ("ike_sas", "peers", "traps", "shunts"):
            ours, theirs = getattr(found, kind_of), getattr(whole, kind_of)
            assert len(ours) == len(theirs) or found.unread, lines[number]


VERSION = """\
version reply {
  daemon = charon-systemd
  version = 6.1.0
  sysname = Linux
  release = 6.1.176
  machine = x86_64
}
"""


@pytest.mark.parametrize(
    ("said", "release"),
    [
        (VERSION, "6.1.0"),
        ("version reply {\n}\n", None),
        (VERSION[:-3], None),
        (Output(Source.VERSION.words, "", refused=True), None),
        (Output(Source.VERSION.words, "", timed_out=True), None),
    ],
)
def test_the_release_where_it_is_asked_for(said: Output | str, release: str | None) -> None:
    host = Spoken(BOTH[0], VERSION=said)
    configuration = Configuration("", (), over_vici=True)
    found = take(host, Deadline(), configuration, (Source.STATUSALL, Source.VERSION)).daemon
    assert isinstance(found, Daemon)
    assert found.status.daemon.version == release
    assert host.asked.count(Source.VERSION) == 1


def test_the_release_costs_a_command_that_nobody_else_runs() -> None:
    host = Spoken(BOTH[0])
    assert status(host).daemon.version is None
    assert Source.VERSION not in host.asked
