"""ipsec.conf against what charon has loaded and negotiated: no false alarm, no miss."""

import pytest

from check_ipsec.model.daemon import AuthRound, ChildConfig, ChildSa, Peer
from check_ipsec.truth.stale import is_to_another_peer, loaded_differently, negotiated_differently
from tests.build import LOCAL, REMOTE, child, connection, ike, peer

PSK = "pre-shared key authentication"
PUBKEY = "public key authentication"


def settings_of(given: dict[str, str]) -> dict[str, str]:
    return dict(connection(**given).settings)


def loaded(
    local: str = LOCAL,
    remote: str = REMOTE,
    *,
    local_ts: str = "dynamic",
    remote_ts: str = "dynamic",
    mode: str = "TRANSPORT",
    **facts: object,
) -> Peer:
    config = ChildConfig("bob", tuple(local_ts.split()), tuple(remote_ts.split()), mode, None)
    return peer(local=local, remote=remote)._replace(children=(config,), **facts)


def rounds(identity: str | None, method: str = PUBKEY) -> tuple[AuthRound, ...]:
    return (AuthRound(identity, method),)


@pytest.mark.parametrize(
    ("settings", "as_loaded"),
    [
        pytest.param({}, loaded(), id="as it is"),
        pytest.param({}, loaded(REMOTE, LOCAL), id="ends swapped by charon"),
        pytest.param({"left": ""}, loaded("%any"), id="no left"),
        pytest.param({"left": "%defaultroute"}, loaded("%any"), id="%defaultroute"),
        pytest.param(
            {"right": "FD00::0:2"}, loaded(remote="fd00::2"), id="an address otherwise written"
        ),
        pytest.param({"right": "%10.0.0.2"}, loaded(remote="%10.0.0.2"), id="others allowed, 5.0"),
        pytest.param(
            {"right": "%10.0.0.2"},
            loaded(remote="10.0.0.2,0.0.0.0/0,::/0"),
            id="others allowed, 5.1.1",
        ),
        pytest.param({"right": "%any"}, loaded(remote="0.0.0.0"), id="any"),
        pytest.param({"right": "bob.example.org"}, loaded(remote="bob.example.org"), id="a name"),
        pytest.param(
            {"right": "10.0.0.2,10.9.0.0/16"}, loaded(remote="10.9.0.0/16, 10.0.0.2"), id="a list"
        ),
        pytest.param(
            {"rightsubnet": "10.2.0.0/16,10.3.0.1"},
            loaded(remote_ts="10.2.0.0/16 10.3.0.1/32"),
            id="subnets",
        ),
        pytest.param(
            {"rightsubnet": "10.2.3.4/16"},
            loaded(remote_ts="10.2.0.0/16"),
            id="bits behind the prefix",
        ),
        pytest.param(
            {"rightsubnet": "10.2.0.0/16,10.2.1.0/24"},
            loaded(remote_ts="10.2.0.0/16"),
            id="one subnet in another one",
        ),
        pytest.param(
            {"leftsubnet": "10.2.0.0/16"},
            loaded(REMOTE, LOCAL, remote_ts="10.2.0.0/16"),
            id="subnets of swapped ends",
        ),
        pytest.param(
            {"rightsubnet": "%dynamic[tcp/443]"}, loaded(remote_ts="dynamic[6/443]"), id="%dynamic"
        ),
        pytest.param(
            {"rightprotoport": "tcp/https"},
            loaded(remote_ts="dynamic[tcp/443]"),
            id="name of a service",
        ),
        pytest.param({"rightprotoport": "17"}, loaded(remote_ts="dynamic[udp]"), id="a protocol"),
        pytest.param({"rightprotoport": "%any/%any"}, loaded(), id="any protocol and port"),
        pytest.param({"rightsubnet": "vhost:%priv"}, loaded(), id="nothing that can be compared"),
        pytest.param(
            {"rightsubnet": "10.2.0.1-10.2.0.9"},
            loaded(remote_ts="10.2.0.1..10.2.0.9"),
            id="a range",
        ),
        pytest.param(
            {"leftsourceip": "%config", "type": ""}, loaded(mode="TUNNEL"), id="virtual IP"
        ),
        pytest.param({"type": "transport_proxy"}, loaded(), id="transport proxy"),
        pytest.param({"type": "reject"}, loaded(mode="DROP"), id="another name of a type"),
        pytest.param({"keyexchange": ""}, loaded(version="IKEv1/2"), id="either IKE version"),
        pytest.param({"authby": "secret"}, loaded(remote_rounds=rounds("bob", PSK)), id="authby"),
        pytest.param(
            {"rightauth": "eap-mschapv2"},
            loaded(remote_rounds=rounds(None, "EAP_MSCHAPV2 authentication")),
            id="EAP",
        ),
        pytest.param(
            {"rightauth": "ike:rsa-sha256"}, loaded(remote_rounds=rounds(None)), id="not foretold"
        ),
        pytest.param(
            {"authby": "xauthpsk"},
            loaded(remote_rounds=rounds(None, "XAuth authentication: any")),
            id="XAuth",
        ),
        pytest.param(
            {"rightid": '"CN=bob"'.strip('"')}, loaded(remote_rounds=rounds("CN=bob")), id="DN"
        ),
        pytest.param(
            {"rightid": "c=CH,o=x,  cn=bob, emailAddress=b@x"},
            loaded(remote_rounds=rounds("C=CH, O=x, CN=bob, E=b@x")),
            id="DN otherwise written",
        ),
        pytest.param(
            {"rightid": "CN=bob, 2.5.4.99=x"},
            loaded(remote_rounds=rounds("CN=carol")),
            id="DN, unknown type",
        ),
        pytest.param({"rightid": "@bob"}, loaded(remote_rounds=rounds("bob")), id="@FQDN"),
        pytest.param({"rightid": "%bob"}, loaded(remote_rounds=rounds("bob")), id="% before it"),
        pytest.param({"rightid": "%any"}, loaded(remote_rounds=rounds(None)), id="any identity"),
        pytest.param({"rightid": "@#0102"}, loaded(remote_rounds=rounds("01:02")), id="key id"),
        pytest.param(
            {"rightid": "caf\u00e9"}, loaded(remote_rounds=rounds("caf??")), id="not ASCII"
        ),
        pytest.param(
            {"rightid": "FD00::0:2"},
            loaded(remote_rounds=rounds("fd00::2")),
            id="an address as identity",
        ),
        pytest.param(
            {"rightid": "carol", "rightcert": "bob.pem"},
            loaded(remote_rounds=rounds("CN=bob")),
            id="identity of a certificate",
        ),
    ],
)
def test_no_difference(settings: dict[str, str], as_loaded: Peer) -> None:
    assert loaded_differently("bob", settings_of(settings), (as_loaded,)) == ""


@pytest.mark.parametrize(
    ("settings", "as_loaded", "difference"),
    [
        pytest.param({"right": "10.0.0.9"}, loaded(), "right=10.0.0.9", id="right"),
        pytest.param({"left": "10.0.0.9"}, loaded(), "left=10.0.0.9", id="left"),
        pytest.param(
            {"left": "10.0.0.9"}, loaded(REMOTE, LOCAL), "left=10.0.0.9", id="left, swapped"
        ),
        pytest.param({"right": "%any"}, loaded(), "right=%any", id="no peer any more"),
        pytest.param(
            {"rightsubnet": "10.2.0.0/16,10.3.0.0/16"},
            loaded(remote_ts="10.2.0.0/16"),
            "rightsubnet=10.2.0.0/16,10.3.0.0/16",
            id="subnet added",
        ),
        pytest.param(
            {"rightsubnet": "10.2.0.0/16"},
            loaded(remote_ts="10.2.0.0/16 10.3.0.0/16"),
            "rightsubnet=10.2.0.0/16",
            id="subnet removed",
        ),
        pytest.param(
            {}, loaded(remote_ts="10.2.0.0/16"), "no rightsubnet", id="all subnets removed"
        ),
        pytest.param(
            {"leftsubnet": "10.2.0.0/17"},
            loaded(local_ts="10.2.0.0/16"),
            "leftsubnet=10.2.0.0/17",
            id="subnet changed",
        ),
        pytest.param(
            {"rightprotoport": "tcp/443"},
            loaded(remote_ts="dynamic[tcp/80]"),
            "rightprotoport=tcp/443",
            id="port changed",
        ),
        pytest.param({"type": "tunnel"}, loaded(), "type=tunnel", id="type"),
        pytest.param({"type": ""}, loaded(), "type=tunnel", id="type by default"),
        pytest.param({"keyexchange": "ikev1"}, loaded(), "keyexchange=ikev1", id="IKE version"),
        pytest.param(
            {"authby": "secret"}, loaded(remote_rounds=rounds("bob")), "authby=secret", id="authby"
        ),
        pytest.param(
            {}, loaded(remote_rounds=rounds("bob", PSK)), "authby=pubkey", id="authby by default"
        ),
        pytest.param(
            {"rightauth": "psk"},
            loaded(remote_rounds=rounds("bob")),
            "rightauth=psk",
            id="rightauth",
        ),
        pytest.param(
            {"rightid": "CN=carol"},
            loaded(remote_rounds=rounds("CN=bob")),
            "rightid=CN=carol",
            id="DN",
        ),
        pytest.param(
            {"leftid": "@alice"},
            loaded(REMOTE, LOCAL, remote_rounds=rounds("bob")),
            "leftid=@alice",
            id="identity of a swapped end",
        ),
    ],
)
def test_first_difference(settings: dict[str, str], as_loaded: Peer, difference: str) -> None:
    assert loaded_differently("bob", settings_of(settings), (as_loaded,)) == difference


def test_one_of_several_that_is_as_the_file_says_is_enough() -> None:
    moved = settings_of({"right": "10.0.0.9"})
    assert loaded_differently("bob", moved, (loaded(), loaded(remote="10.0.0.9"))) == ""
    assert (
        loaded_differently("bob", moved, (loaded(), loaded(remote="10.0.0.8"))) == "right=10.0.0.9"
    )


@pytest.mark.parametrize(
    ("settings", "facts", "expected"),
    [
        pytest.param({"mobike": "no"}, {}, False, id="its peer"),
        pytest.param({"mobike": "no", "right": "10.0.0.9"}, {}, True, id="another peer"),
        pytest.param({"mobike": "no", "left": "10.0.0.9"}, {}, True, id="from another address"),
        pytest.param({"right": "10.0.0.9"}, {}, False, id="MOBIKE may have moved it"),
        pytest.param({"right": "10.0.0.9"}, {"version": "IKEv1"}, True, id="IKEv1 knows no MOBIKE"),
        pytest.param({"mobike": "no", "right": "%10.0.0.9"}, {}, False, id="others allowed"),
        pytest.param(
            {"mobike": "no", "right": "10.0.0.9", "rightallowany": "yes"},
            {},
            False,
            id="rightallowany",
        ),
        pytest.param({"mobike": "no", "right": "bob.example"}, {}, False, id="a name"),
        pytest.param({"mobike": "no", "right": "10.0.0.0/8"}, {}, False, id="a network"),
        pytest.param({"mobike": "no", "right": "10.0.0.9,10.0.0.2"}, {}, False, id="a list"),
        pytest.param({"mobike": "no", "left": REMOTE, "right": LOCAL}, {}, False, id="swapped"),
    ],
)
def test_is_to_another_peer(
    settings: dict[str, str], facts: dict[str, str], expected: bool
) -> None:
    one = ike()._replace(**facts)
    assert is_to_another_peer(settings_of(settings), one) is expected


STRICT = "aes128gcm16-prfsha384-ecp384bp!"
NEGOTIATED = "AES_GCM_16_128/PRF_HMAC_SHA2_384/ECP_384_BP"


@pytest.mark.parametrize(
    ("settings", "one", "facts", "difference"),
    [
        pytest.param({}, child(), {}, "", id="nothing insisted on"),
        pytest.param({"esp": "aes128gcm16!"}, child(), {}, "", id="as asked for"),
        pytest.param({"esp": "aes256gcm16!"}, child(), {}, "esp=aes256gcm16!", id="ESP"),
        pytest.param(
            {"ah": "sha512!"},
            child(protocol="AH", proposal="HMAC_SHA2_256_128"),
            {},
            "ah=sha512!",
            id="AH",
        ),
        pytest.param(
            {"ike": "aes256-sha512-ecp521!"},
            child(),
            {"proposal": "AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256"},
            "ike=aes256-sha512-ecp521!",
            id="IKE",
        ),
        pytest.param(
            {"esp": "aes128-sha256!", "sha256_96": "yes"},
            child(proposal="AES_CBC_128/HMAC_SHA2_256_96"),
            {},
            "",
            id="sha256_96",
        ),
        pytest.param({"type": "tunnel"}, child(), {}, "type=tunnel", id="transport mode"),
        pytest.param({}, child(mode="TUNNEL"), {}, "", id="transport mode declined, or NAT"),
    ],
)
def test_negotiated(
    settings: dict[str, str], one: ChildSa, facts: dict[str, object], difference: str
) -> None:
    found = negotiated_differently(settings_of(settings), ike()._replace(**facts), one)
    assert found == difference
