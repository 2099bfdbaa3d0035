"""``ipsec listcerts``, ``listcacerts`` and ``listcrls``: releases, newer and damaged texts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.errors import ParseError
from check_ipsec.grammar import listcerts
from check_ipsec.model.certificates import Credentials, Key, Kind
from tests.pairs import FIXTURES

VALID = FIXTURES / "listcerts/valid"
TEXTS = sorted(VALID.glob("*.txt"))
RELEASES = ("5.9.1", "5.9.8", "6.0.1", "6.1.0")


def parse(text: str) -> Credentials:
    return listcerts.parse(text, "list")


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_prints_the_same(release: str) -> None:
    alice, bob = parse((VALID / f"listcerts-{release}.txt").read_text()).certificates
    (authority,) = parse((VALID / f"listcacerts-{release}.txt").read_text()).certificates
    (crl,) = parse((VALID / f"listcrls-{release}.txt").read_text()).crls
    assert (alice.subject, alice.private_key, bob.private_key) == ("CN=alice", True, False)
    assert (alice.alt_names, alice.crl_uris, alice.ocsp_uris) == (
        "alice.example, a@b.example", 2, 1
    )  # fmt: skip
    assert alice.key == Key("ECDSA", 256)
    assert alice.not_before is not None
    assert alice.not_before.tzinfo is UTC
    assert (authority.kind, authority.is_self_signed) == (Kind.AUTHORITY, True)
    assert authority.subject_keys == (alice.authority_key,) == (crl.authority_key,)
    assert crl.revoked == {bob.serial}
    assert crl.next_update is not None


@pytest.mark.parametrize("release", RELEASES)
def test_swanctl_prints_the_three_lists_as_one(release: str) -> None:
    found = parse((VALID / f"list-certs-{release}.txt").read_text())
    alice, authority = found.certificates
    (crl,) = found.crls
    assert found.unread == ()
    assert [one.understood for one in found.certificates] == [True, True]
    assert (alice.subject, alice.private_key, alice.alt_names) == (
        "CN=alice",
        True,
        "alice.example",
    )
    assert (authority.kind, authority.is_self_signed) == (Kind.AUTHORITY, True)
    assert authority.subject_keys[:1] == (alice.authority_key,) == (crl.authority_key,)
    assert (len(crl.revoked), alice.crl_uris) == (1, 1)


def test_before_5_4_fields_have_other_places_and_names() -> None:
    found = parse((VALID / "before-5.4.txt").read_text())
    alice, bob, authority = found.certificates
    assert all(one.understood for one in found.certificates)
    assert alice.not_after == datetime(2019, 11, 27, 7, 26, 21, tzinfo=UTC)
    assert alice.authority_key in authority.subject_keys
    assert (bob.serial, bob.key) == ("09", Key("ECDSA", 256))
    assert found.crls[0].next_update == datetime(2014, 12, 13, 7, 26, 21, tzinfo=UTC)
    assert found.unread == ()


def test_what_no_release_prints_is_unread_or_not_understood() -> None:
    found = parse((VALID / "newer.txt").read_text())
    assert [one.understood for one in found.certificates] == [True, False, False, True]
    assert [one.text for one in found.unread] == ["  trust:     full"]


@pytest.mark.parametrize("text", ["", "\n", "\nList of X.509 CRLs\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert parse(text) == Credentials()


def test_a_list_without_its_times_is_unread() -> None:
    text = (VALID / "listcrls-5.9.8.txt").read_text().replace("next on", "due on")
    (line,) = parse(text).unread
    assert (line.line, line.hides) == (5, True)
    assert line.text.startswith("  update:    this on")


@pytest.mark.parametrize(
    "time",
    ["--- -- --:--:-- ----", "Feb 30 00:00:00 UTC 2026", "Nov 28 25:00:00 UTC 2026", "today"],
)
def test_a_time_that_is_none(time: str) -> None:
    text = (VALID / "listcacerts-5.9.8.txt").read_text()
    end = text.partition("not after  ")[2].partition(", ok")[0]
    (found,) = parse(text.replace(end, time)).certificates
    assert (found.not_after, found.understood) == (None, False)


@pytest.mark.parametrize("subject", ['CN="a", O=b', "", "CN=a  ", "CN=caf\udce9", "not after"])
def test_any_name_is_read_as_it_is(subject: str) -> None:
    text = (VALID / "listcacerts-5.9.8.txt").read_text()
    changed = text.replace('subject:  "O=Example, CN=Example CA"', f'subject:  "{subject}"')
    (found,) = parse(changed).certificates
    assert found.subject == subject


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_cut_at_every_byte(path: Path) -> None:
    """What is left of a text is of the whole, or not understood, or less."""
    text = path.read_text()
    whole = parse(text)
    for place in range(1, len(text)):
        if text[place - 1] != "\n":
            with pytest.raises(ParseError, match=r"list:\d+: the text ends in the middle"):
                parse(text[:place])
            continue
        found = parse(text[:place]).certificates
        assert len(found) <= len(whole.certificates)
        for some, all_of_it in zip(found, whole.certificates, strict=False):
            assert some.not_after in (None, all_of_it.not_after)


@given(st.lists(st.text(st.characters(blacklist_characters="\n"), max_size=20), max_size=8))
def test_any_lines_are_read_or_unread(lines: list[str]) -> None:
    parse("".join(f"{line}\n" for line in lines))
