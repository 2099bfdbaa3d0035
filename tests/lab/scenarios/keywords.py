"""Every keyword of a proposal is negotiated once: is it printed as the table has it?

Each is a connection of its own. What this charon, or the guest's kernel, has not, is listed in
keywords.json: the scenario fails where the list is not exactly what could not be negotiated.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lab.asking import ask
from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import CALM
from lab.scenarios.pair import DEFAULT, PSK, conn, pair
from lab.waiting import wait_until

sys.path.append(str(Path(__file__).resolve().parents[3]))
from check_ipsec.grammar.proposal import parse_printed
from check_ipsec.model.algorithms import KEY_EXCHANGES, Algorithm, Kind, algorithm, keywords
from check_ipsec.truth.crypto import Policy, weaknesses
from check_ipsec.truth.proposals import PRF_OF, allows

REFUSED = Path(__file__).with_name("keywords.json")
BASE = {"ike": "aes128-sha256-ecp256", "esp": "aes128-sha256"}
FIRST = "esp-aes"
# name of a connection, ike or esp, keyword
Keyword = tuple[str, str, str]
MISJUDGED = ("not known", "not among the proposals", "kernel has another algorithm")
REASONS = {
    "not supported by kernel|no keylength defined": "not in the kernel",
    "nonce size for NULL_AES_GMAC unknown": "not for IKE",
    "didn't accept|not supported!?$": "no plugin for it",
}
ADDITIONAL = [f"ke1_{name}" for name in KEY_EXCHANGES]
# algorithms of private numbers are agreed on with another strongSwan only
CHARON = f"{CALM}\nsend_vendor_id = yes"
SETUP = "config setup\n    uniqueids=no\n\n"


def proposal(key: str, keyword: str) -> str:
    """A proposal with this keyword; nothing of its kind is beside it."""
    one = algorithm(keyword)
    assert one
    prf = "-prfsha256" if key == "ike" else ""
    group = "-ecp256" if key == "ike" else ""
    if one.round:
        # the same key exchange twice is none (proposal.c, select_algo)
        return f"aes128-sha256-{'ecp384' if one.name == 'ECP_256' else 'ecp256'}-{keyword}"
    if one.kind is Kind.AEAD:
        return f"{keyword}{prf}{group}"
    if one.kind is Kind.ENCRYPTION:
        return f"{keyword}-sha256{group}"
    if one.kind is Kind.INTEGRITY:
        return f"aes128-{keyword}{'' if one.name in PRF_OF else prf}{group}"
    if one.kind is Kind.PRF:
        return f"aes128-sha256-{keyword}{group}"
    return f"aes128-sha256-{keyword}"


def connections() -> Iterator[Keyword]:
    """Each keyword in IKE, and each in ESP, where it can stand there."""
    for keyword in (*keywords(), *ADDITIONAL):
        one = algorithm(keyword)
        assert one
        if one.kind is not Kind.SEQUENCE_NUMBERS:
            yield f"ike-{keyword}", "ike", keyword
        if one.kind is not Kind.PRF:
            yield f"esp-{keyword}", "esp", keyword


def alices(all_of_them: list[Keyword]) -> str:
    """One connection a keyword; the port keeps their traffic apart."""
    text = SETUP + DEFAULT.replace("auto=start", "auto=add")
    for number, (name, key, keyword) in enumerate(all_of_them):
        settings = {**BASE, key: proposal(key, keyword)}
        text += conn(name, *(f"{one}={value}!" for one, value in settings.items()),
                     f"leftsubnet=10.1.0.1[udp/{1000 + number}]", "keyingtries=1")  # fmt: skip
    return text


def bobs(known: list[Keyword]) -> str:
    """One that takes each of them."""
    lists = {
        key: [BASE[key], *dict.fromkeys(proposal(key, one[2]) for one in known if one[1] == key)]
        for key in BASE
    }
    settings = [f"{key}={','.join(values)}!" for key, values in lists.items()]
    return SETUP + DEFAULT.replace("auto=start", "auto=add") + conn("any", *settings)


def negotiated(host: Host) -> dict[str, tuple[str, str]]:
    """IKE and ESP proposal of each connection that is up, by its name."""
    text = host.statusall()
    ike = dict(re.findall(r"\[(\d+)\]: IKE proposal: (\S+)", text))
    found = {}
    owner = ""
    for line in text.splitlines():
        if begun := re.match(r" *\S+\[(\d+)\]: ", line):
            owner = begun[1]
        if child := re.match(r" *(\S+)\{\d+\}:  ([A-Z0-9_/]+), \d+ bytes_i", line):
            found[child[1]] = (ike.get(owner, ""), child[2])
    return found


def missing_words(one: Algorithm, key: str, printed: str) -> str:
    """What is not as the table has it, or an empty text."""
    words = printed.split("/")
    if not one.name:
        return "" if "NONE" not in printed else f"printed: {printed}"
    if one.round and key == "esp":
        return ""  # of a CHILD_SA charon prints the first key exchange only
    return "" if one.printed in words else f"{one.printed} is not in {printed}"


@scenario(live=True, seconds=1500)
def keywords_negotiated(lab: Lab) -> None:
    """Every keyword is negotiated once, and what charon prints is what the table has."""
    every = list(connections())
    bob, alice = lab.host("bob"), lab.host("alice")
    alice.configure(alices(every), PSK, CHARON)
    alice.spawn("ipsec", "start", "--nofork")
    alice.wait("Security Associations", rf"^ *{every[0][0]}:   child")
    loaded = set(re.findall(r"^ *(\S+):   child:  ", settled(alice), re.MULTILINE))
    bob.configure(bobs([one for one in every if one[0] in loaded]), PSK, CHARON)
    bob.start()
    agreed: dict[str, str] = {}
    refused: dict[str, str] = {}
    now: dict[str, tuple[str, str]] = {}
    for name, key, _ in every:
        if name not in loaded:
            refused[name] = why(None)
            continue
        # the first CHILD_SA of an IKE_SA has no key exchange; one that fails may end the IKE_SA
        if key == "esp" and FIRST not in now:
            tried(FIRST, alice, bob)
        said = tried(name, alice, bob)
        if re.search(rf"CHILD_SA {re.escape(name)}\{{\d+\}} established", said):
            alice.wait_installed(name)
        now = negotiated(alice)
        if name in now:
            agreed[name] = now[name][key == "esp"]
        else:
            refused[name] = why(said)
    version = re.findall(r"strongSwan (\S+?),", alice.statusall())[0]
    keep(lab.folder, version, every, agreed, refused)
    lab.note(f"{version}: {len(agreed)} negotiated, {len(refused)} not")
    wrong = [
        *misprinted(every, agreed),
        *otherwise_refused(version, every, refused),
        *misjudged(alice),
    ]
    if wrong:
        raise LabError("\n".join(wrong))


LOG = "filelog {\n more {\n path = /var/log/cfg.log\n flush_line = yes\n cfg = 2\n }\n}\n"


@scenario(live=True, every_release=True)
def keywords_by_default(lab: Lab) -> None:
    """What charon proposes where the file lists nothing: 3DES for IKE, nothing else is weak."""
    alice, _ = pair(lab, conn("bob", "ike=", "esp="), charon=LOG, installed=("bob",))
    said = alice.read("/var/log/cfg.log").decode()
    configured = re.findall(r"\] configured proposals: (.*)", said)
    proposals = dict.fromkeys(one for line in configured for one in line.split(", "))
    version = re.findall(r"strongSwan (\S+?),", alice.statusall())[0]
    (lab.folder / f"{version}.defaults").write_text("".join(f"{one}\n" for one in proposals))
    found = {one for proposal in proposals for one in weak_or_unknown(proposal)}
    protocols = {one.partition(":")[0] for one in proposals}
    if found != {("IKE", "3DES_CBC")} or protocols != {"IKE", "ESP"}:
        raise LabError(f"{protocols}, {found}")


def weak_or_unknown(proposal: str) -> Iterator[tuple[str, str]]:
    """``IKE`` or ``ESP`` and a word of a proposal, as charon logs it."""
    about, _, words = proposal.partition(":")
    printed = parse_printed(re.sub("/NO_EXT_SEQ|/KE_NONE", "", words))
    yield from ((about, word) for word in printed.unknown)
    yield from ((about, name) for _, name in weaknesses(about, printed.algorithms, Policy()))


def tried(name: str, *hosts: Host) -> str:
    """What the hosts log while the first of them brings a connection up."""
    before = [len(host.log()) for host in hosts]
    hosts[0].run("timeout", "20", "ipsec", "up", name, check=False)
    return "".join(host.log()[length:] for host, length in zip(hosts, before))


def misprinted(every: list[Keyword], agreed: dict[str, str]) -> Iterator[str]:
    """What charon prints otherwise than the table has it."""
    for name, key, keyword in every:
        one = algorithm(keyword)
        if not one or name not in agreed:
            continue
        if what := missing_words(one, key, agreed[name]):
            yield f"{name}: {what}"
        if allows(key, f"{proposal(key, keyword)}!", agreed[name]) is not True:
            yield f"{name}: {agreed[name]} is not taken for one of {proposal(key, keyword)}"


def misjudged(host: Host) -> Iterator[str]:
    """What the plugin takes for unknown, not listed, or another algorithm of the kernel's."""
    answer = ask(host, "--json", "-t", "30", plugin="check_ipsec_crypto")
    for one in json.loads(answer.text)["connections"]:
        for against in one["against_policy"]:
            if against["reason"] in MISJUDGED:
                yield f"{one['name']}: {against['reason']}: {against['text']}"


def otherwise_refused(version: str, every: list[Keyword], refused: dict[str, str]) -> Iterator[str]:
    """What was refused and is not listed so, or the other way round."""
    by_reason = json.loads(REFUSED.read_text()).get(version, {})
    expected = {name: reason for reason, names in by_reason.items() for name in names}
    for name, _, _ in every:
        found, wanted = (one.get(name, "negotiated") for one in (refused, expected))
        if found != wanted:
            yield f"{name}: {found}, not {wanted}"


def keep(
    folder: Path,
    version: str,
    every: list[Keyword],
    agreed: dict[str, str],
    refused: dict[str, str],
) -> None:
    """Writes a fixture of fixtures/keywords/, and a new row of the list."""
    rows = (
        f'"{name}": {{"setting": "{proposal(key, keyword)}!", "printed": "{agreed[name]}"}}'
        for name, key, keyword in every
        if name in agreed
    )
    (folder / f"{version}.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    by_reason: dict[str, list[str]] = {}
    for name, reason in refused.items():
        by_reason.setdefault(reason, []).append(name)
    (folder / "refused.json").write_text(json.dumps({version: by_reason}, indent=1))


def why(said: str | None) -> str:
    """Why nothing was negotiated, by what both have logged; None where it was not loaded."""
    if said is None:
        return "no such keyword"
    found = (one for words, one in REASONS.items() if re.search(f"(?m){words}", said))
    return next(found, said[-1500:])


def settled(host: Host) -> str:
    """What charon says when it has loaded all that it takes."""
    texts = [""]

    def same() -> bool:
        texts.append(host.statusall())
        return bool(texts[-1]) and texts[-1].count("child:") == texts[-2].count("child:") > 0

    wait_until(same, "charon has loaded all", 120)
    return texts[-1]
