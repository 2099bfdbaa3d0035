"""What connections that are down have in common, and what they do not."""

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.configuration.labels import Labels
from check_ipsec.model.configuration import Connection
from check_ipsec.truth.common import groups
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.verdict import State, Verdict, Why


def verdict(name: str, right: str, up: bool = False, words: str = "", age: int | None = None,
            **settings: str) -> Verdict:  # fmt: skip
    known = tuple(sorted({"right": right, **settings}.items()))
    return Verdict(
        connection=Connection(name, "/etc/ipsec.conf", 1, known),
        expectation=Expectation.REQUIRED,
        state=State.ESTABLISHED if up else State.NOT_CONNECTED,
        reason=None if up else Reason.NO_SA,
        detail="",
        verified=True,
        cleartext=False,
        stale=False,
        peers=(),
        ike_sas=(),
        sas=(),
        notes=(),
        why=Why(words, age, "", "") if words else None,
    )


def down(*rights: str, **more: str) -> list[Verdict]:
    return [verdict(f"down{number}", right, **more) for number, right in enumerate(rights)]


def up(*rights: str, **more: str) -> list[Verdict]:
    return [verdict(f"up{number}", right, up=True, **more) for number, right in enumerate(rights)]


SITE = [f"2001:db8:6::{number:x}" for number in range(1, 9)]
OTHERS = ["2001:db8:7::1", "10.1.0.1"]


def traits(verdicts: list[Verdict], labels: dict[str, Labels] | None = None) -> tuple[str, ...]:
    (group,) = groups(verdicts, labels or {})
    return group.traits


def test_a_dead_site_is_its_network() -> None:
    assert traits(down(*SITE) + up(*OTHERS)) == ("to 2001:db8:6::/112",)


def test_a_site_of_both_families_is_two_networks() -> None:
    v4 = [f"10.6.0.{number}" for number in range(1, 9)]
    assert traits(down(*SITE, *v4) + up("10.7.0.1", "2001:db8:7::1")) == (
        "to 10.6.0.0/24 and 2001:db8:6::/112",
    )


def test_one_that_is_up_in_the_network_belies_it() -> None:
    assert traits(down(*SITE) + up("2001:db8:6::99", "10.1.0.1", "2001:db8:7::1")) == ()


def test_a_family_needs_one_of_the_other_that_is_up() -> None:
    far = [f"2001:db8:{number:x}::1" for number in range(1, 9)]
    assert traits(down(*far) + up("10.1.0.1")) == ("to 2001:db8::/32", "over IPv6")
    assert traits(down(*far, "2002::1") + up("10.1.0.1")) == ("over IPv6",)
    assert traits(down(*far, "2002::1") + up("10.1.0.1", "2001:db8:2::2")) == ()
    assert traits(down(*far, "2002::1")) == ()


def test_a_peer_of_unknown_address_has_no_network() -> None:
    assert traits(down(*SITE, "peer.example") + up("10.1.0.1")) == ()


def test_one_peer_is_named_by_its_address() -> None:
    assert traits(down(*["10.6.0.1"] * 5) + up("10.6.0.2"))[0] == "to 10.6.0.1"


def test_a_certificate_is_a_trait_where_it_tells_them_apart() -> None:
    some = down("10.6.0.1", "10.7.0.1", "10.8.0.1", "10.9.0.1", "11.9.0.1", leftcert="old.pem")
    new = up("10.6.0.1", "11.9.0.1", leftcert="new.pem")
    assert traits(some + new) == ("with our certificate old.pem",)
    assert traits(some + up("10.6.0.1", "11.9.0.1", leftcert="old.pem")) == ()
    assert traits(some) == ()


def test_what_began_together_did_so() -> None:
    far = ["10.6.0.1", "20.7.0.1", "30.8.0.1", "40.9.0.1", "50.9.0.1"]
    at = [verdict(str(age), right, words="x", age=age) for age, right in enumerate(far, 1000)]
    assert traits(at) == ("since 16 min",)
    long = [verdict(str(n), right, words="x", age=n * 900) for n, right in enumerate(far)]
    assert traits(long) == ()
    unknown = [verdict(str(n), right, words="x") for n, right in enumerate(far)]
    assert traits(unknown) == ()


def test_a_label_of_the_sites_own_that_no_healthy_one_has() -> None:
    far = down("10.6.0.1", "20.7.0.1", "2002::1")
    healthy = up("10.1.0.1", "2001:db8::1")
    own = (("rack", "a1"), ("site", "esams"))
    labels: dict[str, Labels] = {one.connection.name: own for one in far}
    assert traits(far + healthy, labels) == ("of rack a1", "of site esams")
    labels["up0"] = (("rack", "b2"), ("site", "esams"))
    assert traits(far + healthy, labels) == ("of rack a1",)
    labels["down2"] = (("site", "esams"),)
    assert traits(far + healthy, labels) == ()


def test_groups_are_of_one_reason_and_cause_the_largest_first() -> None:
    refused = [verdict(f"a{n}", "10.6.0.1", words="peer refused") for n in range(2)]
    found = groups(refused + down(*SITE), {})
    assert [(len(group.verdicts), group.reason) for group in found] == [
        (8, "no SA"),
        (2, "no SA: peer refused"),
    ]
