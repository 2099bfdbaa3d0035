"""Certificates of connections of swanctl.conf: made-up hosts that charon's VICI speaks of."""

from pathlib import Path

import pytest

from check_ipsec.errors import CommandFailed, DaemonNotRunning, NotPermitted
from check_ipsec.host.captured import CapturedHost
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import Output, Source
from check_ipsec.metrics.reading import Asked as ReadingAsked
from check_ipsec.metrics.reading import read
from check_ipsec.truth.certificates import Asked, Observation, observe
from check_ipsec.truth.observe import Question
from tests.certificates import ALICE, AUTHORITY, BOB, CA, NOW, Cert, Charon, crl
from tests.certificates import Connection as OfStroke

STATS = """\
stats reply {
  uptime {
    running = 3 seconds
    since = Nov 28 07:59:57 2026
  }
  workers {
    total = 16
    idle = 11
    active {
      critical = 4
      high = 0
      medium = 1
      low = 0
    }
  }
  queues {
    critical = 0
    high = 0
    medium = 0
    low = 0
  }
  scheduled = 0
  ikesas {
    total = 0
    half-open = 0
  }
  plugins = [
    vici
  ]
}
"""
LOCAL = 'auth = pubkey\ncerts = alice.pem\nid = "CN=alice"'
REMOTE = 'auth = pubkey\nid = "CN=bob"'


def listed(key: str, *values: str) -> str:
    lines = "".join(f"        {value}\n" for value in values)
    return f"      {key} = [\n{lines}      ]\n"


def loaded(end: str, identity: str, certs: tuple[str, ...] = (), cas: tuple[str, ...] = ()) -> str:
    """A round of authentication, as --list-conns has it."""
    said = f"      id = {identity}\n" if identity else ""
    lists = listed("certs", *certs) + listed("cacerts", *cas)
    return f"    {end} {{\n{said}      class = public key\n{lists}    }}\n"


OURS = loaded("local-1", "CN=alice", ("CN=alice",))
THEIRS = loaded("remote-1", "CN=bob")


def conns(*rounds: str, local: str = "10.1.0.1") -> str:
    """The text of --list-conns, with one connection of two children."""
    selectors = (
        "        local-ts = [\n          dynamic\n        ]\n"
        "        remote-ts = [\n          dynamic\n        ]\n"
    )
    child = f"        mode = TUNNEL\n{selectors}      }}\n"
    return (
        "list-conn event {\n  gw {\n"
        f"    local_addrs = [\n      {local}\n    ]\n    remote_addrs = [\n      10.1.0.2\n    ]\n"
        f"    version = IKEv2\n    reauth_time = 0\n    rekey_time = 14400\n{''.join(rounds)}"
        f"    children {{\n      one {{\n{child}      two {{\n{child}    }}\n  }}\n}}\n"
        "list-conns reply {\n}\n"
    )


def conf(local: str = LOCAL, remote: str = REMOTE, more: str = "") -> str:
    return (
        "connections {\n gw {\n local_addrs = 10.1.0.1\n remote_addrs = 10.1.0.2\n"
        f"local {{\n{local}\n}}\nremote {{\n{remote}\n}}\n{more}"
        "children {\n one {\n }\n two {\n }\n }\n }\n}\n"
    )


def keep(
    folder: Path,
    certificates: tuple[Cert, ...] = (ALICE, BOB),
    loads: str = conns(OURS, THEIRS),
    file: str = conf(),
    crls: str = "",
    **texts: str,
) -> Path:
    """A captured folder of such a host."""
    folder.mkdir(exist_ok=True)
    lists = (
        Charon.listed("X.509 End Entity Certificates", certificates)
        + Charon.listed("X.509 CA Certificates", (AUTHORITY,))
        + crls
    )
    for name, said in {
        "swanctl.conf": file,
        "list-certs": lists,
        "list-conns": loads,
        "list-sas": "list-sas reply {\n}\n",
        "list-pols": "list-policies reply {\n}\n",
        "stats": STATS,
        "capture.json": f'{{"time": "{NOW.isoformat()}", "commands": {{}}}}\n',
        **texts,
    }.items():
        (folder / name).write_text(said)
    return folder


def seen(folder: Path, *include: str) -> Observation:
    return observe(CapturedHost(str(folder)), Asked(include=include, pause=0.0))


def flaws(folder: Path) -> dict[str, list[str]]:
    """What is wrong, but for how long each still has."""
    return {
        item.subject: words
        for item in seen(folder).items
        if (words := [text for _, text in item.flaws if not text.startswith("ends in")])
    }


def test_who_uses_what(tmp_path: Path) -> None:
    found = seen(keep(tmp_path))
    users = {item.subject: (item.users.own, item.users.peers) for item in found.items}
    both = frozenset(["gw/one", "gw/two"])
    assert users == {"CN=alice": (both, set()), "CN=bob": (set(), both), CA: (both, both)}
    assert flaws(tmp_path) == {}
    assert found.unloaded == ()


def test_what_is_wrong_is_what_it_is_with_stroke(tmp_path: Path) -> None:
    for number, (alice, wrong) in enumerate(
        (
            (ALICE._replace(private=False), "has no private key"),
            (ALICE._replace(end=-2.5), "ended 2 days ago"),
            (ALICE._replace(begin=2.5), "starts in 2 days"),
            (ALICE._replace(key="RSA 1024 bits"), "is weak (RSA 1024 bits)"),
            (
                ALICE._replace(issuer="CN=Sub", authority_key="99"),
                "has no complete chain (CN=Sub is not loaded)",
            ),
        )
    ):
        folder = keep(tmp_path / str(number), (alice, BOB))
        assert flaws(folder) == {"CN=alice": [wrong]}
        stroke = Charon((alice, BOB)).keep(tmp_path / f"stroke-{number}")
        assert flaws(stroke) == flaws(folder)


def test_each_of_several_certificates_is_in_use(tmp_path: Path) -> None:
    """charon takes the one that the peer asks for."""
    other = Cert("CN=alice of old", private=True, serial="07", end=-3.5)
    ours = loaded("local-1", "CN=alice", ("CN=alice", other.subject))
    certificates = LOCAL.replace("alice.pem", "alice.pem, old.pem")
    folder = keep(tmp_path, (ALICE, other, BOB), conns(ours, THEIRS), conf(certificates))
    assert flaws(folder) == {
        other.subject: ["ended 3 days ago", 'does not contain id=CN=alice']
    }  # fmt: skip
    uses = {use.subject: use.named for use in seen(folder).uses if use.subject}
    assert uses == {
        "CN=alice": ("/etc/swanctl/x509/alice.pem",),
        other.subject: ("/etc/swanctl/x509/old.pem",),
    }


@pytest.mark.parametrize(
    ("identity", "alt_names", "wrong"),
    [
        ("www.example", "alice.example", ["does not contain id=www.example"]),
        ("alice.example", "alice.example, a@b.example", []),
        ("Alice.Example", "alice.example", []),
        ("a@b.example", "alice.example, a@b.example", []),
        ("CN=other", "", ["does not contain id=CN=other"]),
        ("@#0a0b", "", []),
        ("%any", "", []),
    ],
)
def test_an_identity_that_is_not_in_the_certificate(
    identity: str, alt_names: str, wrong: list[str], tmp_path: Path
) -> None:
    ours = loaded("local-1", identity, ("CN=alice",))
    local = f'auth = pubkey\ncerts = alice.pem\nid = "{identity}"'
    alice = ALICE._replace(alt_names=alt_names)
    found = flaws(keep(tmp_path, (alice, BOB), conns(ours, THEIRS), conf(local)))
    assert found.get("CN=alice", []) == wrong


def test_without_a_certificate_and_an_identity_the_address_is_it(tmp_path: Path) -> None:
    alice = ALICE._replace(alt_names="10.1.0.1")
    ours = loaded("local-1", "")
    file = conf("auth = pubkey")
    assert flaws(keep(tmp_path / "1", (alice, BOB), conns(ours, THEIRS), file)) == {}
    lacks = flaws(keep(tmp_path / "2", (ALICE, BOB), conns(ours, THEIRS), file))
    assert lacks == {"10.1.0.1": ["is not loaded"]}


def test_a_public_key_needs_no_certificate(tmp_path: Path) -> None:
    ours = loaded("local-1", "alice.example")
    theirs = loaded("remote-1", "bob.example")
    found = flaws(keep(tmp_path / "1", loads=conns(ours, theirs), file=conf("auth = pubkey")))
    assert found == {"alice.example": ["is not loaded"]}
    file = conf("auth = pubkey\npubkeys = alice.pem", "auth = pubkey\npubkeys = bob.pem")
    assert flaws(keep(tmp_path / "2", loads=conns(ours, theirs), file=file)) == {}
    assert seen(tmp_path / "2").unknown == ()


@pytest.mark.parametrize(
    ("policy", "crls", "wrong"),
    [
        ("", crl(-2.5), ["is out of date for 2 days"]),
        ("revocation = strict", crl(-2.5), ["is out of date for 2 days"]),
        ("revocation = strict", "", ["has no CRL"]),
        ("revocation = ifuri", "", []),
        ("revocation = relaxed", "", []),
        ("revocation = strict", crl(3.5), []),
    ],
)
def test_revocation(policy: str, crls: str, wrong: list[str], tmp_path: Path) -> None:
    folder = keep(tmp_path, file=conf(remote=f"{REMOTE}\n{policy}"), crls=crls)
    assert flaws(folder).get(CA, []) == wrong
    strict = {flaw.name for item in seen(folder).items for flaw, _ in item.flaws}
    assert ("CRL_STRICT" in strict) == ("strict" in policy and bool(wrong))


def test_an_authority_with_an_address_needs_no_list(tmp_path: Path) -> None:
    """charon asks there, when it needs one."""
    strict = conf(remote=f"{REMOTE}\nrevocation = strict")
    authority = "authorities {{ ca {{ cacert = ca.pem\n {} }} }}\n"
    for number, (line, wrong) in enumerate(
        (
            ("", {CA: ["has no CRL"]}),
            ("crl_uris = http://ca/x.crl", {}),
            ("ocsp_uris = http://o", {}),
        )
    ):
        folder = keep(tmp_path / str(number), file=strict + authority.format(line))
        assert flaws(folder) == wrong
    old = keep(tmp_path / "old", file=conf(remote=f"{REMOTE}\nrevocation = ifuri")
               + authority.format("crl_uris = http://ca/x.crl"), crls=crl(-2.5))  # fmt: skip
    strict_flaws = {flaw.name for item in seen(old).items for flaw, _ in item.flaws}
    assert "CRL_STRICT" in strict_flaws


def test_only_those_who_insist_are_told(tmp_path: Path) -> None:
    """Another connection's policy says nothing of the authority of this one's peer."""
    other = Cert("CN=carol", issuer="CN=Other", authority_key="77", serial="0c")
    foreign = Cert("CN=Other", serial="0d", issuer="CN=Other", authority_key="77",
                   subject_key="77", extra="  flags:     CA self-signed \n")  # fmt: skip
    carol = conns(OURS, loaded("remote-1", "CN=carol")).replace("  gw {", "  west {")
    text = conns(OURS, THEIRS).replace("list-conns reply {\n}\n", "") + carol
    strict = conf(remote='auth = pubkey\nid = "CN=carol"\nrevocation = strict').replace(
        "gw", "west"
    )
    folder = keep(tmp_path, (ALICE, BOB, other), text, conf() + strict)
    lists = folder / "list-certs"
    authorities = Charon.listed("X.509 CA Certificates", (AUTHORITY, foreign))
    lists.write_text(lists.read_text().partition("\nList of X.509 CA")[0] + authorities)
    assert flaws(folder) == {"CN=Other": ["has no CRL"]}


def test_a_connection_without_children_is_loaded(tmp_path: Path) -> None:
    text = conns(OURS, THEIRS)
    begin, end = text.index("    children {"), text.index("  }\n}\nlist-conns")
    bare = conf().partition("children {")[0] + " }\n}\n"
    found = seen(
        keep(tmp_path, loads=text[:begin] + "    children {\n    }\n" + text[end:], file=bare)
    )
    assert found.unloaded == ()
    assert {item.subject for item in found.items} == {"CN=alice", "CN=bob", CA}


def test_a_file_that_is_missing_keeps_its_connection_from_being_loaded(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    empty = "list-conns reply {\n}\n"
    x509 = "certs-%2Fetc%2Fswanctl%2Fx509"
    more = {f"{x509}{suffix}": "" for suffix in ("",)}
    more |= {"cacerts-%2Fetc%2Fswanctl%2Fx509ca": "", "crls-%2Fetc%2Fswanctl%2Fx509crl": ""}
    folder = keep(tmp_path, loads=empty, **more)
    found = observe(CapturedHost(str(folder)), Asked(files=True, pause=0.0))
    assert found.unloaded == ("gw/one", "gw/two")
    (lost,) = [item for item in found.items if item.flaws]
    assert lost.subject == "/etc/swanctl/x509/alice.pem"
    assert [text for _, text in lost.flaws] == ["is not loaded (No such file or directory)"]
    assert lost.users.own == {"gw/one", "gw/two"}


def test_what_swanctl_cannot_print_is_unread(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    entry = (
        '{"command": ["/usr/sbin/swanctl", "--list-certs", "--utc"], '
        '"stderr": "parsing certificate failed\\n"}'
    )
    (folder / "capture.json").write_text(
        f'{{"time": "{NOW.isoformat()}", "commands": {{"list-certs": {entry}}}}}\n'
    )
    (lost,) = seen(folder).unread
    assert (lost.text, lost.hides) == ("parsing certificate failed", True)


def test_a_command_that_failed_may_have_listed_half(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    entry = '{"command": ["/usr/sbin/swanctl", "--list-certs", "--utc"], "exit": 1}'
    (folder / "capture.json").write_text(
        f'{{"time": "{NOW.isoformat()}", "commands": {{"list-certs": {entry}}}}}\n'
    )
    with pytest.raises(CommandFailed, match="--list-certs --utc: exit status 1"):
        seen(folder)


def test_an_empty_list_is_no_error_and_one_broken_off_is() -> None:
    asked = ("/usr/sbin/swanctl", *Source.LIST_CERTS.words[1:])
    assert text_of(Source.LIST_CERTS, Output(asked, "")) == ""
    whole = Output(asked, "\nList of X.509 CRLs\n", "list-certs request failed: Broken pipe\n", 1)
    with pytest.raises(DaemonNotRunning, match="broke off"):
        text_of(Source.LIST_CERTS, whole)
    refused = Output(("sudo", "-n", *asked), "", "sudo: a password is required\n", 1,
                     refused=True, user="nagios")  # fmt: skip
    line = r"nagios ALL=\(root\) NOPASSWD: /usr/sbin/swanctl --list-certs --utc"
    with pytest.raises(NotPermitted, match=line):
        text_of(Source.LIST_CERTS, refused)


def test_metrics_have_the_same_certificates(tmp_path: Path) -> None:
    host = CapturedHost(str(keep(tmp_path)))
    reading = read(host, ReadingAsked(Question(ask_kernel=False, pause=0.0)))
    assert reading.certificates == seen(tmp_path).items
    assert reading.had[Source.LIST_CERTS]


def test_both_files(tmp_path: Path) -> None:
    """A connection of ipsec.conf in the same charon, with a certificate of its own."""
    carol = Cert("CN=carol", private=True, serial="0c", end=-3.5)
    other = conns(loaded("local-1", "CN=carol", ("CN=carol",)), loaded("remote-1", "CN=bob"))
    begin, end = other.index("      one {"), other.index("      two {")
    other = (other[:begin] + other[end:]).replace("  gw {", "  west {").replace("two {", "west {")
    text = conns(OURS, THEIRS).replace("list-conns reply {\n}\n", "") + other
    section = OfStroke("west").section().replace("alice.pem", "carol.pem")
    folder = keep(tmp_path, (ALICE, carol, BOB), text, **{"ipsec.conf": section})
    found = {item.subject: item.users.own for item in seen(folder).items}
    assert found["CN=carol"] == {"west"}
    assert found["CN=alice"] == {"gw/one", "gw/two"}
    assert flaws(folder) == {"CN=carol": ["ended 3 days ago"]}
