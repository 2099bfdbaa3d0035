"""What real logs tell, of whom, and what they do not."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.grammar.charon_log import parse, parse_journal
from check_ipsec.truth.cause import Cause
from check_ipsec.truth.causes import CAUSES, TAKEN_DOWN
from check_ipsec.truth.story import MOST, Story
from check_ipsec.truth.told import Told
from tests.hosts import ROOT

LOGS = ROOT / "fixtures/logs"
NOW = datetime(2026, 11, 28, 9, 0).timestamp()
UNANSWERED = "peer has not answered, given up after 1 retransmit"
NO_PROPOSAL = "peer accepts none of our IKE proposals, or has no connection for our address"
EXPIRED = "peer's certificate expired 2021-01-01"
CONSTRAINT = "peer's certificate does not meet a constraint: group membership to 'nobody' required"

TOLD = {
    "wrong-psk-alice": {"bob": "peer refused our authentication"},
    "wrong-psk-bob": {"bob": "peer has another shared key"},
    "no-psk-alice": {"bob": "no shared key for the peer here"},
    "no-ike-proposal-alice": {"bob": NO_PROPOSAL},
    "no-ike-proposal-bob": {"peer 10.1.0.1": "none of the peer's IKE proposals is ours"},
    "no-esp-proposal-alice": {"bob": "peer accepts none of our ESP proposals"},
    "no-esp-proposal-bob": {"alice": "none of the peer's ESP proposals is ours"},
    "selectors-refused-alice": {"bob": "peer does not accept our traffic selectors"},
    "selectors-refused-bob": {"alice": "peer asks for other traffic selectors"},
    "unknown-to-peer-alice": {"bob": "peer refused our authentication"},
    "unknown-to-peer-bob": {"peer 10.1.0.1": "peer fits no connection here"},
    "other-key-exchange-alice": {},
    "peer-silent-alice": {"bob": UNANSWERED},
    "peer-dead-alice": {"bob": UNANSWERED},
    "name-unknown-alice": {"bob": "no address for nowhere.example"},
    "closed-by-peer-alice": {"bob": "peer closed the IKE_SA"},
    "taken-down-alice": {"bob": "closed by hand here"},
    "child-closed-by-peer-alice": {"child bob": "peer closed the CHILD_SA"},
    "child-closed-by-peer-bob": {"child bob": "CHILD_SA closed by hand here"},
    "unknown-issuer-alice": dict.fromkeys(
        ("bob_v4", "bob_v6"), "issuer of the peer's certificate is not known here"
    ),
    "expired-alice": {"bob_v4": EXPIRED, "bob_v6": EXPIRED},
    "own-expired-alice": dict.fromkeys(("bob_v4", "bob_v6"), "peer refused our authentication"),
    "own-expired-bob": {"alice_v4": EXPIRED, "alice_v6": EXPIRED},
    "not-yet-valid-alice": dict.fromkeys(
        ("bob_v4", "bob_v6"), "peer's certificate not valid before 2030-01-01"
    ),
    "revoked-alice": dict.fromkeys(("bob_v4", "bob_v6"), "peer's certificate is revoked"),
    "constraint-alice": {"bob_v4": CONSTRAINT, "bob_v6": CONSTRAINT},
}
FILES = sorted(LOGS.glob("*/*"), key=str)


def heaviest(told: list[Told]) -> str:
    last = [one for one in told if one.attempt == max(one.attempt for one in told)]
    return max(last, key=lambda one: one.cause.weight).words


def summary(story: Story) -> dict[str, str]:
    """What was told last, by name."""
    of_all = {
        **story.of_ike,
        **{f"child {name}": told for name, told in story.of_child.items()},
        **{f"peer {name}": told for name, told in story.of_peer.items()},
    }
    return {name: heaviest(told) for name, told in of_all.items() if told}


def story(text: str) -> dict[str, str]:
    return summary(Story(parse(text, "log"), NOW))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_real_logs_tell_why(path: Path) -> None:
    expected = dict(TOLD[path.stem])
    # without names only the peer's own name tells whose it is
    if path.name == "name-unknown-alice.plain":
        expected = {"peer nowhere.example": expected["bob"]}
    assert story(path.read_text()) == expected


def test_every_scenario_is_there() -> None:
    assert {path.stem for path in FILES} == TOLD.keys()


UP = (
    "09[IKE] IKE_SA bob[1] established between 10.1.0.1[a]...10.1.0.2[b]\n"
    "09[IKE] CHILD_SA bob{1} established with SPIs c1_i c2_o and TS 10.1.0.1/32 === 10.1.0.2/32\n"
)
BEGIN = "07[IKE] initiating IKE_SA bob[1] to 10.1.0.2\n"
FROM = "09[NET] received packet: from {}[500] to 10.1.0.1[500] (80 bytes)\n"
REFUSED = "09[IKE] received AUTHENTICATION_FAILED notify error\n"
OTHER = "08[IKE] initiating IKE_SA eve[2] to 10.1.0.3\n"


def test_what_was_before_it_came_up_is_forgotten() -> None:
    refused = BEGIN + FROM.format("10.1.0.2") + REFUSED
    assert story(refused) == {"bob": "peer refused our authentication"}
    assert story(refused + BEGIN + FROM.format("10.1.0.2") + UP) == {}


def test_the_start_of_charon_ends_everything() -> None:
    begun = "00[DMN] Starting IKE charon daemon (strongSwan 5.9.8, Linux 6.1, x86_64)\n"
    assert story(BEGIN + FROM.format("10.1.0.2") + REFUSED + begun) == {}


def test_a_worker_is_followed_from_peer_to_peer() -> None:
    text = BEGIN + OTHER + FROM.format("10.1.0.3") + "09[ENC] parsed\n" + FROM.format("10.1.0.2")
    assert story(text + REFUSED) == {"bob": "peer refused our authentication"}


def test_two_ike_sas_with_one_peer_are_not_told_apart() -> None:
    twice = BEGIN + BEGIN.replace("bob[1]", "ned[2]") + FROM.format("10.1.0.2") + REFUSED
    assert story(twice) == {"peer 10.1.0.2": "peer refused our authentication"}


@pytest.mark.parametrize(
    "job",
    ["09[CFG] received stroke: initiate 'eve'\n", "09[IKE] sending DPD request\n",
     "09[IKE] giving up after 5 retransmits\n"],
)  # fmt: skip
def test_another_job_of_a_worker_is_not_about_the_last_packet(job: str) -> None:
    assert story(BEGIN + FROM.format("10.1.0.2") + job + REFUSED) == {}


def test_a_name_in_the_line_needs_no_worker() -> None:
    named = REFUSED.replace("[IKE]", "[IKE] <eve|2>")
    assert story(BEGIN + OTHER + FROM.format("10.1.0.2") + named) == {
        "eve": "peer refused our authentication"
    }


def test_nobody_is_given_up_by_guess() -> None:
    again = "05[IKE] retransmit 5 of request with message ID 0\n"
    sent = "05[NET] sending packet: from 10.1.0.1[500] to {}[500] (272 bytes)\n"
    end = "05[IKE] giving up after 5 retransmits\n05[IKE] establishing IKE_SA failed, peer not\n"
    one = BEGIN + OTHER + again + sent.format("10.1.0.3")
    assert story(one + end) == {"eve": "peer has not answered, given up after 5 retransmits"}
    assert story(one + again + sent.format("10.1.0.2") + end) == {}


def test_who_tries_again_was_given_up() -> None:
    end = "05[IKE] giving up after 5 retransmits\n05[IKE] peer not responding, trying again (2/3)\n"
    assert story(end + BEGIN.replace("07", "05")) == {
        "bob": "peer has not answered, given up after 5 retransmits"
    }


CLOSING = "09[IKE] closing CHILD_SA bob{1} with SPIs c1_i (0 bytes) c2_o (0 bytes) and TS a === b\n"
DELETE = "09[IKE] received DELETE for ESP CHILD_SA with SPI c2\n"


def test_a_rekeyed_child_sa_that_goes_is_no_cause() -> None:
    new = UP.splitlines(keepends=True)[1].replace("{1}", "{2}")
    assert story(BEGIN + UP + new + DELETE + CLOSING) == {}
    assert story(BEGIN + UP + new + DELETE) == {}
    assert story(BEGIN + UP + DELETE + CLOSING) == {"child bob": "peer closed the CHILD_SA"}


def test_what_expires_was_not_rekeyed() -> None:
    expired = CLOSING.replace("closing ", "closing expired ")
    new = UP.splitlines(keepends=True)[1].replace("{1}", "{2}")
    assert story(BEGIN + UP + expired) == {"child bob": "CHILD_SA expired"}
    assert story(BEGIN + UP + new + expired) == {}


def test_nobody_needed_it() -> None:
    idle = "05[JOB] {}deleting CHILD_SA after 60 seconds of inactivity\n"
    assert story(BEGIN + UP + idle.format("<bob|1> ")) == {"bob": "closed after inactivity"}
    assert story(BEGIN + UP + FROM.format("10.1.0.2").replace("09", "05") + idle.format("")) == {}


def test_child_sas_go_with_their_ike_sa() -> None:
    deleting = "09[IKE] deleting IKE_SA bob[1] between 10.1.0.1[a]...10.1.0.2[b]\n"
    again = (BEGIN + UP).replace("bob[1]", "bob[2]").replace("bob{1}", "bob{2}")
    closed = DELETE + CLOSING.replace("{1}", "{2}")
    assert story(BEGIN + UP + deleting + again + closed) == {
        "child bob": "peer closed the CHILD_SA"
    }


def test_an_old_order_closes_nothing_later() -> None:
    order = "05[CFG] received stroke: terminate 'bob'\n"
    deleting = "09[IKE] deleting IKE_SA bob[1] between 10.1.0.1[a]...10.1.0.2[b]\n"
    assert story(BEGIN + UP + order + deleting) == {"bob": TAKEN_DOWN.words}
    assert story(order + BEGIN + UP + deleting) == {}
    by_number = "05[CFG] received stroke: terminate '[1]'\n"
    assert story(BEGIN + UP + by_number + deleting) == {"bob": TAKEN_DOWN.words}


def test_not_more_is_kept_of_a_name_than_needed() -> None:
    tries = (BEGIN + FROM.format("10.1.0.2") + REFUSED) * 5 * MOST
    told = Story(parse(tries, "log"), NOW)
    assert len(told.of_ike["bob"]) == MOST


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.words)
def test_every_row_names_its_place(cause: Cause) -> None:
    assert ".c, " in cause.where or cause.where.endswith(".c")


PIECES = st.sampled_from(
    [
        *("received DELETE for IKE_SA ", "deleting IKE_SA ", "bob[1]", "{1}", "CHILD_SA ", "bob"),
        *("closing ", "expired ", " established", "initiating IKE_SA ", " to 10.1.0.2", "<bob|1> "),
        *("received stroke: terminate '", "'", "received packet: from 10.1.0.2[500] to ::1[500]"),
        *("retransmit ", "giving up after ", "9" * 5000, " retransmits", "subject certificate "),
        *(
            "invalid (valid from Feb 31 00:00:00 2020 to Feb 31 00:00:00 2020)",
            " between a[b]...c[",
        ),
        *("unable to resolve ", ", initiate aborted", "selected peer config '", "11[IKE] ", "\n"),
        *(
            "Nov 31 08:03:05 ",
            "{",
            '{"thread":',
            "[" * 99,
            "\x00",
            "\ud800",
            "constraint requires ",
        ),
    ]
)


@given(st.lists(PIECES, max_size=60))
def test_no_text_brings_it_down(pieces: list[str]) -> None:
    text = "".join(pieces).replace("\n", "\n11[IKE] ") + "\n"
    summary(Story(parse(text, "log"), NOW))
    summary(Story(parse_journal(text), NOW))
