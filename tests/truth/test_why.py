"""Which connection a cause is said of, and when nothing is said."""

from datetime import datetime

import pytest

from check_ipsec.grammar.charon_log import parse
from check_ipsec.grammar.statusall import parse as parse_statusall
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import Status
from check_ipsec.truth.explain import too_quiet
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.reconcile import reconcile
from check_ipsec.truth.verdict import Verdict, Why
from check_ipsec.truth.why import explained

NOW = datetime(2026, 11, 28, 8, 5, 0).timestamp()
HEAD = """\
Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1, x86_64):
  uptime: {uptime} seconds, since Nov 28 08:00:00 2026
  worker threads: 11 of 16 idle, 5/0/0/0 working, job queue: 0/0/0/0, scheduled: 0
  loaded plugins: charon stroke
Listening IP addresses:
  10.1.0.1
Connections:
"""
LOADED = """\
{name:>12}:  10.1.0.1...{peer}  IKEv2
{name:>12}:   local:  [10.1.0.1] uses pre-shared key authentication
{name:>12}:   remote: [{peer}] uses pre-shared key authentication
{name:>12}:   child:  dynamic === dynamic TRANSPORT
"""
CONNECTING = """\
         bob[{number}]: CONNECTING, 10.1.0.1[%any]...10.1.0.2[%any]
         bob[{number}]: IKEv2 SPIs: ffbabcd3f0b8a5e4_i* {responder}_r
         bob[{number}]: Tasks active: IKE_VENDOR IKE_INIT
"""
REFUSED = (
    "{at}07[IKE] initiating IKE_SA bob[1] to 10.1.0.2\n"
    "{at}09[NET] received packet: from 10.1.0.2[500] to 10.1.0.1[500] (80 bytes)\n"
    "{at}09[IKE] received AUTHENTICATION_FAILED notify error\n"
)
WORDS = "peer refused our authentication"


def status(*peers: tuple[str, str], uptime: int = 290, sas: str = "", more: str = "") -> Status:
    text = HEAD.format(uptime=uptime)
    text += "".join(LOADED.format(name=name, peer=peer) for name, peer in peers) + more
    text += f"Security Associations (0 up, {1 if sas else 0} connecting):\n{sas or '  none'}\n"
    return parse_statusall(text.replace("\n\n", "\n"), "statusall", ())


def connection(name: str, right: str) -> Connection:
    settings = (("auto", "start"), ("left", "10.1.0.1"), ("right", right), ("type", "transport"))
    return Connection(name, "/etc/ipsec.conf", 1, settings)


def judged(log: str, *peers: tuple[str, str], **how: object) -> tuple[Verdict, ...]:
    peers = peers or (("bob", "10.1.0.2"),)
    known = status(*peers, **how)
    connections = [connection(name, peer) for name, peer in peers]
    verdicts = reconcile(connections, known, None, asked=False)
    return explained(verdicts, known, parse(log, "log"), NOW)


def why(log: str, *peers: tuple[str, str], **how: object) -> list[Why | None]:
    return [verdict.why for verdict in judged(log, *peers, **how)]


def test_a_cause_has_an_age_where_the_log_has_times() -> None:
    (found,) = why(REFUSED.format(at="Nov 28 08:02:00 "))
    assert found
    assert (found.words, found.age) == (WORDS, 180)
    assert found.message == "received AUTHENTICATION_FAILED notify error"
    (found,) = why(REFUSED.format(at=""))
    assert found
    assert (found.words, found.age) == (WORDS, None)


def test_what_is_older_than_charon_is_not_shown() -> None:
    assert why(REFUSED.format(at="Nov 28 07:02:00 ")) == [None]


def test_it_is_said_of_this_peer_only() -> None:
    found = why(REFUSED.format(at=""), ("bob", "10.1.0.2"), ("eve", "10.1.0.3"))
    assert [one and one.words for one in found] == [WORDS, None]


ANONYMOUS = (
    "09[NET] received packet: from 10.1.0.2[500] to 10.1.0.1[500] (80 bytes)\n"
    "09[CFG] no matching peer config found\n"
)


def test_what_is_told_of_an_address_is_of_its_only_connection() -> None:
    assert [one and one.words for one in why(ANONYMOUS)] == ["peer fits no connection here"]
    assert why(ANONYMOUS, ("bob", "10.1.0.2"), ("ned", "10.1.0.2")) == [None, None]


def test_an_attempt_under_way_has_the_causes_of_its_ike_sa_only() -> None:
    sas = CONNECTING.format(number=2, responder="0" * 16)
    assert judged("", sas=sas)[0].reason is Reason.PEER_SILENT
    assert why(REFUSED.format(at=""), sas=sas) == [None]


MERGED = "         ned:   child:  10.1.0.1/32[tcp] === 10.1.0.2/32[tcp] TRANSPORT\n"
NO_ESP = (
    "07[IKE] <bob|1> establishing CHILD_SA {child}{{1}}\n"
    "09[IKE] <bob|1> received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built\n"
)


@pytest.mark.parametrize(("child", "whose"), [("bob", 0), ("ned", 1)])
def test_a_child_sa_of_several_is_told_by_its_name(child: str, whose: int) -> None:
    known = status(("bob", "10.1.0.2"), more=MERGED)
    connections = [connection(name, "10.1.0.2") for name in ("bob", "ned")]
    verdicts = reconcile(connections, known, None, asked=False)
    text = NO_ESP.format(child=child).replace("07[", "09[")
    found = [one.why for one in explained(verdicts, known, parse(text, "log"), NOW)]
    assert [one is not None for one in found] == [whose == 0, whose == 1]
    nobody = text.partition("\n")[2]
    assert not any(one.why for one in explained(verdicts, known, parse(nobody, "log"), NOW))


def test_what_a_peer_calls_itself_stays_data() -> None:
    evil = "received IDr 'CN=\x1b[31m|', but require 'CN=bob'"
    text = REFUSED.format(at="").replace("received AUTHENTICATION_FAILED notify error", evil)
    (found,) = why(text)
    assert found
    assert found.words == "peer calls itself 'CN=\x1b[31m|'"


def configured(**setup: str) -> Configuration:
    return Configuration("/etc/ipsec.conf", (), tuple(setup.items()))


LINES = parse("09[IKE] x\n" * 60, "log")


def test_levels_that_are_too_low_are_said() -> None:
    quiet = configured(charondebug="ike -1, cfg 0, net 1")
    assert list(too_quiet(quiet, ())) == [
        "charondebug= has ike -1: no causes without level 1",
        "charondebug= has cfg 0: no causes without level 1",
    ]
    assert list(too_quiet(configured(), LINES)) == [
        "no line of group NET in charon's log: no causes without level 1"
    ]
    assert list(too_quiet(configured(charondebug="cfg 2, dmn 2, ike 1, enc 1"), ())) == []
