"""What is in use, and what is wrong with it: a test a row of the tables."""

from datetime import UTC, datetime, timedelta

import pytest

from check_ipsec.truth.flaws import Flaw
from tests.certificates import (
    ALICE,
    AUTHORITY,
    BOB,
    CA,
    NOW,
    Cert,
    Charon,
    Connection,
    Round,
    crl,
    flaws,
    seen,
)

PINNED = Round("CN=bob", subject="CN=bob", file="bob.pem")
SELF_SIGNED = "  flags:     self-signed \n"
STRICT = "    strictcrlpolicy=yes\n"


def used(host: Charon) -> dict[str, int]:
    """The certificates in use, and by how many connections."""
    return {item.subject: len(item.users.connections) for item in seen(host).items}


def test_nothing_is_wrong_with_a_healthy_host() -> None:
    assert flaws(Charon()) == {}
    assert used(Charon()) == {"CN=alice": 1, "CN=bob": 1, CA: 1}


# --- flaws ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (ALICE._replace(end=-1.5), "ended 1 day ago"),
        (ALICE._replace(end=-0.25), "ended 6 hours ago"),
        (ALICE._replace(end=-400.5), "ended 400 days ago"),
        (ALICE._replace(begin=1.5), "starts in 1 day"),
        (ALICE._replace(begin=30 / 86400), "starts in 30 seconds"),
        (ALICE._replace(private=False), "has no private key"),
        (ALICE._replace(key="RSA 1024 bits"), "is weak (RSA 1024 bits)"),
        (ALICE._replace(key="RSA 2047 bits"), "is weak (RSA 2047 bits)"),
        (ALICE._replace(key="ECDSA 192 bits"), "is weak (ECDSA 192 bits)"),
        (ALICE._replace(issuer="CN=Sub"), "has no complete chain (CN=Sub is not loaded)"),
        (ALICE._replace(authority_key="99"), f"has no complete chain ({CA} is not loaded)"),
    ],
)
def test_own(certificate: Cert, words: str) -> None:
    assert flaws(Charon([certificate, BOB])) == {"CN=alice": [words]}


@pytest.mark.parametrize(
    "certificate",
    [
        ALICE._replace(key="RSA 2048 bits"),
        ALICE._replace(key="ECDSA 224 bits"),
        ALICE._replace(key="ED25519 256 bits"),
        ALICE._replace(key="ML_DSA 10496 bits"),
        ALICE._replace(authority_key=""),
        ALICE._replace(begin=0.0),
        ALICE._replace(issuer="CN=alice", extra=SELF_SIGNED),
    ],
    ids=["rsa", "ecdsa", "ed25519", "new", "no-authority-key", "just-begun", "self-signed"],
)
def test_nothing_is_wrong_with(certificate: Cert) -> None:
    assert flaws(Charon([certificate, BOB])) == {}


def test_a_peer_has_its_own_key_itself() -> None:
    assert flaws(Charon([ALICE, BOB._replace(private=False)])) == {}


def test_what_a_peer_presented_may_have_ended() -> None:
    assert flaws(Charon([ALICE, BOB._replace(end=-2.5)])) == {"CN=bob": ["ended 2 days ago"]}


def test_a_pinned_peer_needs_no_authority() -> None:
    bob = BOB._replace(issuer="CN=Elsewhere")
    assert flaws(Charon([ALICE, bob], [Connection(remote=PINNED)])) == {}
    assert "CN=bob" in flaws(Charon([ALICE, bob]))


def test_a_whole_chain() -> None:
    between = Cert("CN=Sub", issuer=CA, subject_key="55")
    alice = ALICE._replace(issuer="CN=Sub", authority_key="55")
    host = Charon([alice, BOB], authorities=[AUTHORITY, between])
    assert flaws(host) == {}
    assert used(host) == {"CN=alice": 1, "CN=bob": 1, "CN=Sub": 1, CA: 1}
    above = Charon([alice, BOB], authorities=[AUTHORITY, between._replace(end=-1.5)])
    assert flaws(above) == {"CN=Sub": ["ended 1 day ago"]}


def test_authorities_that_have_issued_each_other_end_nothing() -> None:
    one = Cert("CN=One", issuer="CN=Two", subject_key="51", authority_key="52")
    two = Cert("CN=Two", issuer="CN=One", subject_key="52", authority_key="51")
    alice = ALICE._replace(issuer="CN=One", authority_key="51")
    found = flaws(Charon([alice, BOB], authorities=[AUTHORITY, one, two]))
    assert found["CN=alice"] == ["has no complete chain (CN=One is not loaded)"]


def test_a_renewed_authority_with_the_same_key_is_enough() -> None:
    assert flaws(Charon(authorities=[AUTHORITY._replace(end=-1.5), AUTHORITY])) == {}


def test_the_identity_of_the_file() -> None:
    wants = Connection(settings="    leftid=www.example\n")
    assert flaws(Charon(connections=[wants])) == {
        "CN=alice": ["does not contain leftid=www.example"]
    }
    for identity in ("alice.example", "@alice.example"):
        has = Connection(
            local=Round("alice.example", subject="CN=alice", file="alice.pem"),
            settings=f"    leftid={identity}\n",
        )
        alice = ALICE._replace(alt_names="a@b.example, alice.example")
        assert flaws(Charon([alice, BOB], [has])) == {}


@pytest.mark.parametrize("identity", ['"CN=alice"', '"CN = alice"', "%any", '"cn=alice"'])
def test_an_identity_that_is_the_subject(identity: str) -> None:
    assert flaws(Charon(connections=[Connection(settings=f"    leftid={identity}\n")])) == {}


def test_a_file_that_was_not_loaded() -> None:
    lacks = Connection(local=Round("CN=alice", file="alice.pem"))
    found = flaws(Charon([BOB], [lacks, lacks._replace(name="other")]))
    assert found == {"alice.pem": ["is not loaded"]}
    assert used(Charon([BOB], [lacks, lacks._replace(name="other")]))["alice.pem"] == 2


def test_an_end_without_any_certificate() -> None:
    lacks = Connection(local=Round("alice.example"))
    assert flaws(Charon([BOB], [lacks])) == {"alice.example": ["is not loaded"]}
    raw = lacks._replace(settings="    leftsigkey=alice.pub\n")
    assert flaws(Charon([BOB], [raw])) == {}
    secret = lacks._replace(local=Round("alice.example", "pre-shared key"))
    assert flaws(Charon([BOB], [secret])) == {}


def test_a_certificate_that_charon_has_loaded_and_does_not_list() -> None:
    assert flaws(Charon([BOB])) == {"CN=alice": ["is not loaded"]}


# --- lists of revoked certificates ---------------------------------------------------


@pytest.mark.parametrize(
    ("text", "setup", "found"),
    [
        ("", "", {}),
        (crl(2.5), STRICT, {}),
        (crl(-2.5), "", {CA: ["is out of date for 2 days"]}),
        (crl(-2.5), STRICT, {CA: ["is out of date for 2 days"]}),
        (crl(-2.5) + crl(3.5), STRICT, {}),
        (crl(-2.5, issuer="CN=Other"), "", {}),
        (crl(3.5, key="99"), STRICT, {CA: ["has no CRL"]}),
        ("", STRICT, {CA: ["has no CRL"]}),
        ("", "    strictcrlpolicy=ifuri\n", {}),
        (crl(3.5, serials=("05", "01")), "", {"CN=alice": ["is revoked"]}),
        (crl(3.5, issuer="CN=Other", serials=("01",)), "", {}),
        (crl(3.5, serials=("11",)), "", {}),
    ],
)  # fmt: skip
def test_lists(text: str, setup: str, found: dict[str, list[str]]) -> None:
    assert flaws(Charon(crls=text, setup=setup)) == found


def test_where_an_address_is_known_charon_asks_there() -> None:
    there = "  CRL URIs:  http://ca.example/list\n"
    some = [one._replace(extra=there) for one in (ALICE, BOB)]
    assert flaws(Charon(some, setup=STRICT)) == {}
    assert flaws(Charon([some[0], BOB], setup=STRICT)) == {CA: ["has no CRL"]}


# --- who uses what -------------------------------------------------------------------


def test_an_older_one_of_the_same_file_is_in_no_use() -> None:
    older = ALICE._replace(begin=-300.0, end=-5.5, serial="09", private=False)
    for order in ([older, ALICE, BOB], [ALICE, older, BOB]):
        host = Charon(order)
        assert flaws(host) == {}
        assert [one.serial for one in seen(host).unused] == ["09"]


def test_a_newer_one_without_its_key_is_what_charon_uses() -> None:
    newer = ALICE._replace(begin=-1.0, serial="09", private=False)
    assert flaws(Charon([ALICE, newer, BOB])) == {"CN=alice": ["has no private key"]}


def test_200_certificates_with_the_same_subject() -> None:
    """As many are in use as there are files; a single one that ends is seen."""
    peers = [Cert("CN=vpn", serial=f"{number:04x}") for number in range(200)]
    peers[77] = peers[77]._replace(end=-1.5)
    connections = [
        Connection(f"c{number}", remote=Round("CN=vpn", subject="CN=vpn", file=f"{number}.pem"))
        for number in range(200)
    ]
    host = Charon([ALICE, *peers], connections)
    items = [one for one in seen(host).items if one.subject == "CN=vpn"]
    assert len(items) == 200
    ended = [one for one in items if any(text.startswith("ended") for _, text in one.flaws)]
    assert [one.certificate and one.certificate.serial for one in ended] == ["004d"]
    assert not ended[0].users.exact


def test_the_same_subject_at_both_ends() -> None:
    """Only this host has a key, whichever certificate is newer."""
    for begin in (-1.0, -90.0):
        own = Cert("CN=vpn", private=True)
        peer = Cert("CN=vpn", begin=begin, serial="02")
        connection = Connection(
            local=Round("CN=vpn", subject="CN=vpn", file="own.pem"),
            remote=Round("CN=vpn", subject="CN=vpn", file="peer.pem"),
        )
        assert flaws(Charon([own, peer], [connection])) == {}
        ended = flaws(Charon([own, peer._replace(end=-1.5)], [connection]))
        assert ended == {"CN=vpn": ["ended 1 day ago"]}


def test_many_clients_of_one_connection() -> None:
    """Each has its own certificate: one that ends is not hidden behind the others."""
    clients = [Cert(f"CN=client{number}", serial=f"{number:02x}") for number in range(5)]
    clients[2] = clients[2]._replace(end=-1.5)
    anybody = Connection("clients", remote=Round(""), up=False)
    host = Charon([ALICE, *clients], [anybody])
    text = host.texts["STATUSALL"].replace(
        "(0 up, 0 connecting):\n  none\n",
        "(5 up, 0 connecting):\n" + "".join(
            anybody._replace(remote=Round(one.subject), up=True).sa(number)
            for number, one in enumerate(clients, 1)
        ),
    )  # fmt: skip
    host.texts["STATUSALL"] = text
    assert flaws(host) == {"CN=client2": ["ended 1 day ago"]}


def test_a_peer_that_has_renewed_its_certificate_has_the_newer_one() -> None:
    older = BOB._replace(begin=-300.0, end=-2.5, serial="08")
    assert flaws(Charon([ALICE, older, BOB])) == {}


def test_two_files_of_one_end() -> None:
    """charon prints the subject of the first only; the second has the same identity."""
    both = Connection(local=Round("a.example", subject="CN=one", file="one.pem, two.pem"))
    one = ALICE._replace(subject="CN=one", alt_names="a.example")
    two = one._replace(subject="CN=two", serial="07", end=-1.5)
    assert flaws(Charon([one, two, BOB], [both])) == {"CN=two": ["ended 1 day ago"]}


def test_an_authority_that_only_an_unknown_peer_may_need() -> None:
    other = Cert("CN=Other", end=-1.5, issuer="CN=Other", subject_key="66", authority_key="66")
    host = Charon([ALICE], [Connection(up=False)], [AUTHORITY, other])
    (item,) = (one for one in seen(host).items if one.subject == "CN=Other")
    assert item.users.maybe
    known = Charon(authorities=[AUTHORITY, other])
    assert "CN=Other" not in used(known)


def test_connections_that_are_no_matter_of_certificates() -> None:
    secret = Round("", "pre-shared key")
    off = Connection("off", settings="    auto=ignore\n")
    shunt = Connection("shunt", local=Round(""), remote=Round(""), settings="    type=drop\n")
    for one in (Connection(local=secret, remote=secret), off, shunt):
        assert used(Charon([ALICE], [one])) == {}


def test_a_secret_needs_no_certificate_though_one_was_inherited() -> None:
    inherits = Connection(local=Round("CN=alice", "pre-shared key", "CN=alice", "alice.pem"),
                          remote=Round("CN=bob", "pre-shared key"))  # fmt: skip
    assert used(Charon([ALICE._replace(end=-1.5)], [inherits])) == {}


def test_ifuri_insists_where_an_address_is_known() -> None:
    there = "  CRL URIs:  http://ca.example/list\n"
    policy = "    strictcrlpolicy=ifuri\n"
    for extra, flaw in (("", Flaw.CRL_OLD), (there, Flaw.CRL_STRICT)):
        host = Charon([ALICE, BOB._replace(extra=extra)], crls=crl(-2.5), setup=policy)
        (listed,) = (one for one in seen(host).items if one.noun == "CRL")
        assert listed.flaws == ((flaw, "is out of date for 2 days"),)


def test_a_certificate_that_was_taken_back() -> None:
    text = crl(3.5, serials=("01",)).replace("key compromise", "remove from crl")
    assert flaws(Charon(crls=text)) == {}


def test_nobody_asks_for_the_list_of_an_authority_of_no_peer() -> None:
    other = Cert("CN=Other", issuer="CN=Other", serial="cb", subject_key="66", authority_key="66")
    bob = BOB._replace(issuer="CN=Other", authority_key="66")
    host = Charon([ALICE, bob], authorities=[AUTHORITY, other], crls=crl(-2.5))
    assert flaws(host) == {}
    stranger = Charon([ALICE], [Connection(up=False)], crls=crl(-2.5))
    assert flaws(stranger) == {CA: ["is out of date for 2 days"]}
    assert seen(stranger).unknown == ("bob",)


def test_connections_that_charon_has_not_loaded_are_told() -> None:
    found = seen(Charon(connections=[Connection(), Connection("new", loaded=False)]))
    assert found.unloaded == ("new",)


def test_ends_that_charon_has_exchanged() -> None:
    """What charon has as the local end is the right one of the file."""
    one = Connection(settings="    rightid=www.example\n    rightcert=alice.pem\n",
                     local=Round(subject="CN=alice"), remote=Round("CN=bob"))  # fmt: skip
    host = Charon(connections=[one])
    host.texts["STATUSALL"] = host.texts["STATUSALL"].replace(
        "10.1.0.1...10.1.0.2", "10.1.0.2...10.1.0.1"
    )
    assert flaws(host) == {"CN=alice": ["does not contain rightid=www.example"]}


# --- time --------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2037, 2038, 2039, 2049, 2050, 2106, 9999])
def test_far_ends(year: int) -> None:
    end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    alice = ALICE._replace(end=(end - NOW) / timedelta(days=1))
    found = seen(Charon([alice, BOB]))
    (item,) = (one for one in found.items if one.subject == "CN=alice")
    assert item.certificate
    assert item.certificate.not_after == end
    assert item.days == (end - NOW) / timedelta(days=1)


def test_a_clock_that_was_set_back_is_doubted() -> None:
    host = Charon(now=datetime(1970, 1, 1, 0, 3, tzinfo=UTC))
    assert set(flaws(host)) == {"CN=alice", "CN=bob", CA}
    assert seen(host).doubts == ("is the clock right? It says 1970-01-01 00:03 UTC",)
    early = Charon([ALICE._replace(begin=1.0), BOB])
    assert seen(early).doubts == ()
