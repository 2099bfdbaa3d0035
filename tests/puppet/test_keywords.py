"""What the module's types take is what charon's starter takes, and nothing that it drops."""

import re
from pathlib import Path
from typing import Any

import pytest

from check_ipsec.configuration.keywords import ALIASES, CONN, SETUP
from pack.commands import COMMANDS, monitored
from tests.ipsec_conf import DEPRECATED, ask_starter, shown_pairs
from tests.puppet.compiled import FACTS, MODULE, Catalogue, compiled, refusal

FIELD = re.compile(r"^ *Optional\['(\w+)'\] *=> (.*),$", re.MULTILINE)
HOST = {"alone": FACTS}

# of every keyword values that are as odd as they may be
VALUES: dict[str, list[Any]] = {
    "left": ["192.0.2.1", "%defaultroute", "gw-1.example.org", ["192.0.2.1", "2001:db8::1"]],
    "right": ["%any", "%any6", "2001:db8::/32", "192.0.2.0/24"],
    "leftid": ['C=CH, O="a, b", CN=x', "@#0102", "# no comment", "version", "include x", "é=ü",
               "\\n"],
    "rightsubnet": ["%dynamic", "10.0.0.0/8[tcp/80]", "%dynamic[17]", ["10.0.0.0/8", "fd00::/8"]],
    "leftsourceip": ["%config4", "10.0.0.1", ["10.0.0.1", "fd00::1"]],
    "ike": ["aes128-sha256-modp2048", "aes128gcm16-prfsha384-ecp384bp,aes256-sha512-x25519!"],
    "leftprotoport": [17, "tcp/443", "%any/%any", "ipv6-icmp/%any", "255/65535"],
    "mark": [0, 4294967295, "%unique", "%unique-dir", "0xff/0xff", "10/0xffffffff"],
    "keyingtries": [0, "%forever"],
    "tfc": [0, "%mtu"],
    "margintime": [0, "9m", "1d"],
    "rekeyfuzz": ["0%", "100%"],
    "ikedscp": ["000000", "101110"],
    "fragmentation": [True, False, "accept", "force"],
    "leftsendcert": [True, "ifasked", "never"],
    "mobike": [True, False, "yes", "no"],
    "replay_window": [0, 4294967295],
    "authby": ["pubkey", "never"],
    "rightupdown": ["/usr/bin/x --y 'z'"],
    "leftikeport": [1, 65535],
}  # fmt: skip
REFUSED: dict[str, list[Any]] = {
    "left": ["10.0.0.300", "a b", "", "2001:db8::g", []],
    "leftid": ["", "a\nconn b", "a\tb", "\0", 5],
    "ike": ["AES128", "aes128 sha1", "aes128-", "!", "aes128!,aes256"],
    "leftprotoport": ["256", "tcp/65536", "http", "tcp/http", -1],
    "mark": ["0xfffffffff", "1/2/3", -1, 4294967296],
    "keyingtries": ["forever", "%Forever", -1],
    "margintime": ["9min", "9 m", -1, ""],
    "rekeyfuzz": ["100", 100],
    "ikedscp": ["0000000", "2", 101110],
    "mobike": ["true", 1, "Yes"],
    "type": ["Transport", "any"],
    "auto": ["up", ""],
    "dpdaction": ["trap", True],
    "authby": ["certificate"],
    "rightsubnet": ["10.0.0.0/33", "10.0.0.0/8[", "dynamic"],
    "leftikeport": [0, 65536],
    "also": ["other"],
    "lefcert": ["own.pem"],
    "pfs": ["yes"],
}
NAMES = ["", "a b", "%default", "%auto", "a/b", "..", "a\nb", "a{1}", "a[1]", "é", "x" * 129]


def fields(name: str) -> dict[str, str]:
    """What a Struct of the module has."""
    return dict(FIELD.findall((MODULE / f"types/{name}.pp").read_text()))


def with_settings(settings: dict[str, Any], name: str = "odd") -> dict[str, Any]:
    return {"classes": ["ipsec"], "ipsec::connections": {name: settings}}


def test_the_keywords_of_a_connection_are_those_of_starter() -> None:
    assert fields("settings").keys() == CONN.keys() - DEPRECATED - ALIASES.keys()


def test_those_of_setup_are_the_ones_that_still_count() -> None:
    assert fields("setup").keys() == {"cachecrls", "strictcrlpolicy", "uniqueids"}
    assert fields("setup").keys() < SETUP.keys()


def test_the_options_of_the_plugins_are_those_that_they_have() -> None:
    text = (MODULE / "types/options.pp").read_text()
    found = {
        name: set(re.findall(r"Optional\['(\w+)'\]", body))
        for name, body in re.findall(r"^  Optional\['(\w+)'\] => Struct\[\{(.*?)\}\]", text,
                                     re.MULTILINE | re.DOTALL)
    }  # fmt: skip
    assert found == {
        command.name: {option.name for option in monitored(command)}
        for command in COMMANDS
        if command.is_plugin
    }


def rendered(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, list) else str(value)


def catalogue() -> Catalogue:
    """A connection for each value."""
    every = {
        f"{keyword}-{number}": {keyword: value}
        for keyword, values in VALUES.items()
        for number, value in enumerate(values)
    }
    return compiled({"classes": ["ipsec"], "ipsec::connections": every}, HOST)["alone"]


def test_odd_values_are_read_as_they_were_meant(tmp_path: Path) -> None:
    host = catalogue()
    answer = ask_starter(host.write(tmp_path))
    assert answer.accepted, answer.words
    assert not answer.dropped
    found = {one.name: one for one in host.configuration().connections}
    assert len(found) == sum(map(len, VALUES.values()))
    for keyword, values in VALUES.items():
        for number, value in enumerate(values):
            connection = found[f"{keyword}-{number}"]
            assert connection.problem is None
            assert connection.setting(keyword) == rendered(value)
            assert answer.pairs(connection.name) == shown_pairs(connection)


WRONG = [(keyword, value) for keyword, values in REFUSED.items() for value in values]


@pytest.mark.parametrize(("keyword", "value"), WRONG)
def test_what_ipsec_conf_cannot_hold_is_refused(keyword: str, value: Any) -> None:
    reason = refusal(with_settings({keyword: value}))
    assert keyword in reason
    assert "odd" in reason


@pytest.mark.parametrize("name", NAMES)
def test_names_that_ipsec_conf_cannot_hold_are_refused(name: str) -> None:
    assert "Ipsec::Name" in refusal(with_settings({}, name))


def test_what_a_site_adds_is_merged_with_the_strict_defaults() -> None:
    data = {"classes": ["ipsec"], "ipsec::defaults": {"dpddelay": "10s", "esp": "aes256gcm16!"}}
    text = compiled(data, HOST)["alone"].files["/etc/ipsec.conf"]
    for line in ("dpddelay=10s", "esp=aes256gcm16!", "ike=aes128gcm16-prfsha384-ecp384bp!",
                 "type=transport", "mobike=no", "keyingtries=%forever"):  # fmt: skip
        assert f"\t{line}\n" in text


def test_no_catalogue_shows_a_secret_and_no_report() -> None:
    data = {
        "classes": ["ipsec"],
        "ipsec::secrets": {"all": {"type": "PSK", "secret": "swordfish", "selectors": ["@a b"]}},
    }
    host = compiled(data, HOST)["alone"]
    parameters = host.resources["File[/etc/ipsec.d/secrets/all.secrets]"]
    assert parameters["mode"] == "0600"
    assert parameters["show_diff"] is parameters["backup"] is False
    assert '"@a b" : PSK "swordfish"\n' in parameters["content"]
    for resource in host.document["resources"]:
        hidden = resource.get("sensitive_parameters", ())
        for name, value in resource.get("parameters", {}).items():
            assert name in hidden or "swordfish" not in str(value), resource["title"]


@pytest.mark.parametrize(
    "secret",
    [
        {"type": "PSK"},
        {"type": "PSK", "file": "/x"},
        {"type": "RSA"},
        {"type": "RSA", "secret": "x"},
        {"type": "PSK", "secret": 'a"b'},
        {"type": "PSK", "secret": "a\nb"},
        {"type": "PIN", "secret": "x"},
    ],
)
def test_a_secret_that_cannot_be_is_refused(secret: dict[str, str]) -> None:
    refusal({"classes": ["ipsec"], "ipsec::secrets": {"all": secret}})
