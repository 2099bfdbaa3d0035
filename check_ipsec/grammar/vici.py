r"""What charon says over VICI: the texts of ``swanctl --list-... --pretty``.

Written by strongSwan's src/libcharon/plugins/vici/vici_query.c (which keys, ``list_ike``,
``list_child``, ``list_conns``, ``raise_policy``, ``stats``) and vici_message.c (how they
are printed, ``dump``).

Sample::

    list-sa event {
      gw {
        uniqueid = 3
        version = 2
        state = ESTABLISHED
        local-host = 10.1.0.1
        local-id = CN=alice
        remote-host = 10.1.0.2
        remote-id = CN=bob
        initiator = yes
        initiator-spi = 149c44ade004f3e9
        responder-spi = 98589ab7929a85ee
        encr-alg = AES_CBC
        encr-keysize = 128
        established = 84
        child-sas {
          net-8 {
            name = net
            uniqueid = 8
            reqid = 4
            state = INSTALLED
            mode = TUNNEL
            local-ts = [
              10.2.0.0/16
            ]
            remote-ts = [
              10.3.0.0/16
            ]
          }
        }
      }
    }
    list-sas reply {
    }

EBNF (what is in capitals is a line; a line in braces stands two blanks further right than
the line before them)::

    answer   = { event }, REPLY, "}" ;
    event    = LABEL, NAME, { fact | sections }, "}", "}" ;
    sections = KEY, { NAME, { fact }, "}" }, "}" ;
    fact     = VALUE | KEY, { ITEM }, "]" | KEY, { any line }, "}" ;
    LABEL    = ( "list-conn" | "list-sa" | "list-policy" ), " event {" ;
    REPLY    = ( "list-conns" | "list-sas" | "list-policies" | "stats" | "version" ),
               " reply {" ;
    VALUE    = key, " = ", text ;
    KEY      = key, ( " = [" | " {" ) ;
    NAME     = text, " {" ;

Why ``--pretty``: a value is printed as it is, quoted by nothing. With ``--raw``, all on one
line, an identity that a peer has chosen could not be told from the keys behind it; here it
cannot leave its line, because a value that is not printable is printed in hexadecimal
digits, and the line before it and the blanks say which kind of line comes next.

A *name* that is not printable ends the event where it stands, and with it all that would
follow (vici_message.c, "invalid 'section-start' encoding"). charon takes no such name from
swanctl; those of ipsec.conf may be. What is cut, or read by no production, is unread. A key
that no release has printed is not read, and said to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pyparsing import ParserElement

from check_ipsec.errors import ParseError
from check_ipsec.grammar.tokens import line, parse_whole, record, records
from check_ipsec.model.counters import CounterLists, Counters
from check_ipsec.model.daemon import (
    AuthRound,
    ChildConfig,
    ChildSa,
    ChildState,
    Daemon,
    IkeSa,
    IkeState,
    Memory,
    Peer,
    Shunt,
    Threads,
    Traffic,
    Trap,
)
from check_ipsec.model.unread import ADDITIONS, EVENTS, UnreadLine

KEY = r"[a-z][a-z0-9_-]*"
PRIORITIES = ("critical", "high", "medium", "low")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
SHUNTS = ("PASS", "DROP")

State = TypeVar("State", bound=Enum)


class Facts(NamedTuple):
    """What stands in a section: values by key, lists by key, the text of sections by key."""

    values: dict[str, str]
    lists: dict[str, tuple[str, ...]]
    sections: dict[str, str]

    def number(self, key: str, base: int = 10) -> int | None:
        """A value as a number, None where it does not stand there. Raises ValueError."""
        text = self.values.get(key)
        return None if text is None else int(text, base)

    def required(self, key: str) -> str:
        """A value that every release prints. Raises ValueError."""
        if key not in self.values:
            raise ValueError(f"'{key} ='")
        return self.values[key]

    def some(self, key: str) -> tuple[str, ...]:
        """A list of which charon always prints an item. Raises ValueError."""
        if not self.lists.get(key):
            raise ValueError(f"an item of '{key} = ['")
        return self.lists[key]

    def unknown(self, known: frozenset[str]) -> set[str]:
        """The keys that are not among ``known``."""
        return {*self.values, *self.lists, *self.sections} - known


class Read(NamedTuple):
    """A token: a fact of the model, and the keys of it that are not known."""

    fact: Any
    place: int
    additions: tuple[str, ...]


# --- lines --------------------------------------------------------------------


def indented(depth: int) -> str:
    """The lines that stand at least so deep."""
    return rf"(?:{'  ' * depth}[^\n]*\n)*"


def fact(depth: int) -> str:
    """A fact at this depth: its key, then what it is with its items, value or section."""
    pad, inner = "  " * depth, indented(depth + 1)
    return rf"{pad}({KEY}) (?:(= \[\n)({inner}){pad}\]|(= )([^\n]*)|\{{\n({inner}){pad}\}})\n"


def event(label: str) -> str:
    """An event with a name, and what stands in that section."""
    return rf"{label} event \{{\n  (?P<name>[^\n]*) \{{\n(?P<facts>{indented(2)})  \}}\n\}}\n"


@cache
def _fact(depth: int) -> re.Pattern[str]:
    return re.compile(f"({fact(depth)})", re.ASCII)


@cache
def _section(depth: int) -> re.Pattern[str]:
    pad = "  " * depth
    return re.compile(rf"{pad}([^\n]*) \{{\n({indented(depth + 1)}){pad}\}}\n")


def _facts(text: str, depth: int) -> Facts:
    """The facts that ``text`` is made of. Raises ValueError where it holds anything else."""
    values: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    sections: dict[str, str] = {}
    cut, read = 2 * depth + 2, 0
    for whole, key, is_list, items, is_value, value, section in _fact(depth).findall(text):
        read += len(whole)
        if is_value:
            values[key] = value
        elif is_list:
            lists[key] = tuple([item[cut:] for item in items.split("\n")[:-1]])
        else:
            sections[key] = section
    if read != len(text):
        raise ValueError("a key")
    return Facts(values, lists, sections)


def _sections(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """The named sections that ``text`` is made of. Raises ValueError as :func:`_facts`."""
    pattern, place = _section(depth), 0
    while place < len(text):
        found = pattern.match(text, place)
        if found is None:
            raise ValueError("a name")
        place = found.end()
        yield found[1], found[2]


def _state(kind: type[State], text: str) -> State:
    try:
        return kind(text)
    except ValueError:
        return kind("(unknown)")


def _joined(*parts: str | None) -> str:
    return "_".join(filter(None, parts))


# --- SAs ----------------------------------------------------------------------

ALGORITHMS = (
    *("encr-alg", "encr-keysize", "integ-alg", "integ-keysize", "prf-alg", "dh-group"),
    *(f"ake{number}" for number in range(1, 8)),
)
IKE_KEYS = frozenset(
    (
        *("uniqueid", "version", "state", "local-host", "local-port", "local-id"),
        *("remote-host", "remote-port", "remote-id", "remote-xauth-id", "remote-eap-id"),
        *("initiator", "initiator-spi", "responder-spi", "nat-local", "nat-remote", "nat-fake"),
        *("nat-any", "if-id-in", "if-id-out", *ALGORITHMS, "ppk", "established", "rekey-time"),
        *("reauth-time", "local-vips", "remote-vips", "tasks-queued", "tasks-active"),
        *("tasks-passive", "child-sas"),
    )
)
CHILD_KEYS = frozenset(
    (
        *("name", "uniqueid", "reqid", "state", "mode", "label", "protocol", "encap"),
        *("spi-in", "spi-out", "cpi-in", "cpi-out", "mark-in", "mark-mask-in", "mark-out"),
        *("mark-mask-out", "if-id-in", "if-id-out", "per-cpu-sas", "cpu", *ALGORITHMS, "esn"),
        *("bytes-in", "packets-in", "use-in", "bytes-out", "packets-out", "use-out"),
        *("rekey-time", "life-time", "install-time", "local-ts", "remote-ts"),
    )
)


def _proposal(facts: Facts) -> str | None:
    """What was negotiated, as ``ipsec statusall`` prints it (proposal_printf_hook)."""
    values = facts.values
    words = [
        _joined(values.get("encr-alg"), values.get("encr-keysize")),
        _joined(values.get("integ-alg"), values.get("integ-keysize")),
        values.get("prf-alg", ""),
        values.get("dh-group", ""),
        *(f"KE{key[3:]}_{values[key]}" for key in ALGORITHMS if key[:3] == "ake" and key in values),
        "ESN" if "esn" in values else "",
    ]
    return "/".join(filter(None, words)) or None


def _ike_sa(found: re.Match[str]) -> Read:
    facts = _facts(found["facts"], 2)
    state = _state(IkeState, facts.required("state"))
    additions = facts.unknown(IKE_KEYS)
    children = []
    for _, text in _sections(facts.sections.get("child-sas", ""), 3):
        child, unknown = _child_sa(text)
        children.append(child)
        additions |= unknown
    values = facts.values
    ike = IkeSa(
        name=found["name"],
        unique_id=int(facts.required("uniqueid")),
        state=state,
        age=facts.number("established"),
        local_host=facts.required("local-host"),
        local_id=facts.required("local-id"),
        remote_host=facts.required("remote-host"),
        remote_id=facts.required("remote-id"),
        remote_eap_id=values.get("remote-eap-id", values.get("remote-xauth-id")),
        version=f"IKEv{facts.required('version')}",
        initiator_spi=facts.required("initiator-spi"),
        responder_spi=facts.required("responder-spi"),
        initiator="initiator" in values,
        rekey_in=_left(facts.number("rekey-time")),
        reauth_in=_left(facts.number("reauth-time")),
        proposal=_proposal(facts),
        tasks_queued=facts.lists.get("tasks-queued", ()),
        tasks_active=facts.lists.get("tasks-active", ()),
        tasks_passive=facts.lists.get("tasks-passive", ()),
        child_sas=tuple(children),
        understood=state is not IkeState.UNKNOWN,
    )
    return Read(ike, found.start(), tuple(sorted(additions)))


def _child_sa(text: str) -> tuple[ChildSa, set[str]]:
    """A CHILD_SA, and the keys of it that are not known.

    What stroke tells of one that is INSTALLED only is taken of such a one only: in other
    states one of its two states in the kernel may be gone.
    """
    facts = _facts(text, 4)
    state = _state(ChildState, facts.required("state"))
    installed = state is ChildState.INSTALLED
    used = facts if installed else facts._replace(values={})
    listed = facts.some if installed else lambda key: facts.lists.get(key, ())
    rekey_in = used.number("rekey-time")
    child = ChildSa(
        name=facts.required("name"),
        unique_id=int(facts.required("uniqueid")),
        state=state,
        mode=facts.required("mode"),
        reqid=int(facts.required("reqid")),
        protocol=used.values.get("protocol"),
        udp_encapsulation="encap" in facts.values,
        spi_in=used.number("spi-in", 16),
        spi_out=used.number("spi-out", 16),
        cpi_in=used.number("cpi-in", 16),
        cpi_out=used.number("cpi-out", 16),
        expires_in=None if installed else _left(facts.number("life-time")),
        proposal=_proposal(used),
        inbound=_traffic(used, "in"),
        outbound=_traffic(used, "out"),
        rekey_in=_left(rekey_in),
        rekeying_due=rekey_in is not None and rekey_in < 0,
        local_ts=listed("local-ts"),
        remote_ts=listed("remote-ts"),
        understood=state is not ChildState.UNKNOWN,
    )
    return child, facts.unknown(CHILD_KEYS)


def _left(seconds: int | None) -> int | None:
    """The seconds until something; what is overdue is due now."""
    return None if seconds is None else max(0, seconds)


def _traffic(facts: Facts, way: str) -> Traffic | None:
    octets = facts.number(f"bytes-{way}")
    if octets is None:
        return None
    return Traffic(octets, facts.number(f"packets-{way}"), facts.number(f"use-{way}"))


# --- connections --------------------------------------------------------------

PEER_KEYS = frozenset(
    (
        *("local_addrs", "remote_addrs", "local_port", "remote_port", "version", "reauth_time"),
        *("rekey_time", "unique", "dpd_delay", "dpd_timeout", "ppk_id", "ppk_required"),
        *("proposals", "children"),
    )
)
CONFIG_KEYS = frozenset(
    (
        *("mode", "label", "rekey_time", "rekey_bytes", "rekey_packets", "dpd_action"),
        *("close_action", "esp_proposals", "ah_proposals", "local-ts", "remote-ts"),
        *("interface", "priority"),
    )
)
ROUND = re.compile(r"(local|remote)-\d+")
CONSTRAINTS = (("cacerts", "ca"), ("certs", "cert"), ("groups", "group"))


def _peer(found: re.Match[str]) -> Read:
    facts = _facts(found["facts"], 2)
    rounds: dict[str, list[AuthRound]] = {"local": [], "remote": []}
    for key, text in facts.sections.items():
        if end := ROUND.fullmatch(key):
            rounds[end[1]].append(_round(_facts(text, 3)))
    additions = {key for key in facts.unknown(PEER_KEYS) if not ROUND.fullmatch(key)}
    children = []
    for name, text in _sections(facts.sections.get("children", ""), 3):
        inner = _facts(text, 4)
        additions |= inner.unknown(CONFIG_KEYS)
        children.append(_child_config(name, inner))
    peer = Peer(
        name=found["name"],
        local=",".join(facts.some("local_addrs")),
        remote=",".join(facts.some("remote_addrs")),
        version=facts.required("version"),
        aggressive=False,
        dpd_delay=facts.number("dpd_delay"),
        local_rounds=tuple(rounds["local"]),
        remote_rounds=tuple(rounds["remote"]),
        children=tuple(children),
    )
    return Read(peer, found.start(), tuple(sorted(additions)))


def _round(facts: Facts) -> AuthRound:
    """A round of authentication, in the words of ``ipsec statusall`` (log_auth_cfgs)."""
    constraints = [(word, text) for key, word in CONSTRAINTS for text in facts.lists.get(key, ())]
    return AuthRound(facts.values.get("id"), _method(facts.values), tuple(constraints))


def _method(values: dict[str, str]) -> str:
    name = values.get("class", "any")
    if name == "EAP":
        kind = _joined(values.get("eap-type", "EAP"))
        identity = values.get("eap_id")
        said = f" with EAP identity '{identity}'" if identity else ""
        return f"{kind} authentication{said}"
    if name == "XAuth":
        identity = values.get("xauth_id")
        said = f" with XAuth identity '{identity}'" if identity else ""
        return f"XAuth authentication: {values.get('xauth', 'any')}{said}"
    return f"{name} authentication"


def _child_config(name: str, facts: Facts) -> ChildConfig:
    """A child; ``ipsec statusall`` does not tell proxy mode of what is loaded."""
    return ChildConfig(
        name=name,
        local_ts=facts.some("local-ts"),
        remote_ts=facts.some("remote-ts"),
        mode=facts.required("mode").removesuffix("_PROXY"),
        dpd_action=facts.values.get("dpd_action"),
    )


# --- policies -----------------------------------------------------------------

POLICY_KEYS = frozenset(("child", "ike", "reqid", "mode", "label", "local-ts", "remote-ts"))


class Policy(NamedTuple):
    """A trap or a shunt, and the connection that it is of; a shunt of a plugin has none."""

    ike: str | None
    installed: Trap | Shunt


def _policy(found: re.Match[str]) -> Read:
    facts = _facts(found["facts"], 2)
    mode, name = facts.required("mode"), facts.required("child")
    local, remote = facts.some("local-ts"), facts.some("remote-ts")
    installed: Trap | Shunt
    if mode in SHUNTS:
        installed = Shunt(name, local, remote, mode)
    else:
        installed = Trap(name, None, mode, facts.number("reqid"), local, remote)
    policy = Policy(facts.values.get("ike"), installed)
    return Read(policy, found.start(), tuple(sorted(facts.unknown(POLICY_KEYS))))


# --- charon -------------------------------------------------------------------


class Stats(NamedTuple):
    """charon itself, and how many IKE_SAs it counts, half-open ones among them or not."""

    daemon: Daemon
    ike_sas: int
    half_open: int


def _stats(found: re.Match[str]) -> Stats:
    facts = _facts(found["facts"], 1)
    inner = {key: _facts(text, 2) for key, text in facts.sections.items()}
    empty = Facts({}, {}, {})
    counts = inner.get("ikesas", empty)
    running = inner.get("uptime", empty).values
    daemon = Daemon(
        version=None,
        system=None,
        uptime=_uptime(running.get("running", "")),
        since=running.get("since"),
        memory=_memory(inner.get("mallinfo", empty)),
        threads=_threads(facts, inner),
        plugins=facts.lists.get("plugins", ()),
    )
    return Stats(daemon, int(counts.required("total")), int(counts.required("half-open")))


def _uptime(text: str) -> int | None:
    found = re.fullmatch(r"(\d+) (second|minute|hour|day)s?", text)
    return int(found[1]) * SECONDS[found[2]] if found else None


def _memory(facts: Facts) -> Memory | None:
    sizes = [facts.number(key) for key in Memory._fields]
    return Memory(*(size for size in sizes if size is not None)) if None not in sizes else None


def _threads(facts: Facts, inner: dict[str, Facts]) -> Threads | None:
    workers, queues = inner.get("workers"), inner.get("queues")
    if not workers or not queues:
        return None
    active = _facts(workers.sections.get("active", ""), 3)
    return Threads(
        idle=int(workers.required("idle")),
        total=int(workers.required("total")),
        working=_four(active),
        queued=_four(queues),
        scheduled=int(facts.required("scheduled")),
    )


def _four(facts: Facts) -> tuple[int, int, int, int]:
    critical, high, medium, low = (int(facts.required(priority)) for priority in PRIORITIES)
    return critical, high, medium, low


# --- counters -----------------------------------------------------------------

# as stroke calls them (stroke_list.c, counters_print; vici_query.c, vici_counter_type_names)
COUNTERS = {
    "ike-rekey-init": "ikeInitRekey",
    "ike-rekey-resp": "ikeRspRekey",
    "child-rekey": "ikeChildSaRekey",
    "invalid": "ikeInInvalid",
    "invalid-spi": "ikeInInvalidSpi",
    **{
        f"{exchange}-{way}-{kind}": f"ike{way.title()}{other}{short}"
        for exchange, other in (
            ("ike-init", "Init"),
            ("ike-auth", "Auth"),
            ("create-child", "CrChild"),
            ("info", "Info"),
        )
        for way in ("in", "out")
        for kind, short in (("req", "Req"), ("resp", "Rsp"))
    },
}


def _counters(found: re.Match[str]) -> CounterLists:
    facts = _facts(found["facts"], 1)
    lists, unknown = [], set()
    for name, text in _sections(facts.sections.get("counters", ""), 2):
        inner = _facts(text, 3)
        unknown |= inner.values.keys() - COUNTERS.keys()
        lists.append(Counters(name.strip() or None, tuple(_known(inner))))
    unread = (UnreadLine(ADDITIONS, 1, f"counters: {key}", hides=False) for key in sorted(unknown))
    return CounterLists(tuple(lists), facts.values.get("success") == "yes", tuple(unread))


def _known(facts: Facts) -> Iterator[tuple[str, int]]:
    for key, text in facts.values.items():
        if key in COUNTERS:
            yield COUNTERS[key], int(text)


# --- productions ---------------------------------------------------------------


class Answer(NamedTuple):
    """What a listing says, and the lines of it that nobody understood."""

    facts: tuple[Any, ...]
    unread: tuple[UnreadLine, ...]


class Unread(NamedTuple):
    """A token: lines that are read by no production."""

    place: int
    text: str


def listing(label: str, reply: str, build: Any, name: str) -> ParserElement:
    """The productions of a listing: events, and the reply that ends it."""
    stop = rf"{label} event \{{\n|{reply} reply \{{\n"
    whole: ParserElement = records(event(label), build, name)
    other = record(
        rf"(?!{reply} reply)[^\n]*\n(?:(?!{stop})[^\n]*\n)*",
        lambda found: Unread(found.start(), found[0]),
        name,
    )
    end = line(rf"{reply} reply \{{\n{indented(1)}\}}\n", f"'{reply} reply'")
    found: ParserElement = (whole | other)[...] + end
    return found


CONNS, SAS, POLICIES = EVENTS
conns = listing("list-conn", "list-conns", _peer, "a connection")
sas = listing("list-sa", "list-sas", _ike_sa, "an IKE_SA")
policies = listing("list-policy", "list-policies", _policy, "a policy")
counters = record(
    rf"counters reply \{{\n(?P<facts>{indented(1)})\}}\n", _counters, "'counters reply'"
)
stats = record(rf"stats reply \{{\n(?P<facts>{indented(1)})\}}\n", _stats, "'stats reply'")
version = record(
    rf"version reply \{{\n(?P<facts>{indented(1)})\}}\n",
    lambda found: _facts(found["facts"], 1),
    "'version reply'",
)


def parse_conns(text: str, source: str) -> Answer:
    """The peer configurations of ``swanctl --list-conns --pretty``.

    Raises ParseError, as all these do, where the text is cut.
    """
    return _answer(conns, CONNS, text, source)


def parse_sas(text: str, source: str) -> Answer:
    """The IKE_SAs of ``swanctl --list-sas --pretty``."""
    return _answer(sas, SAS, text, source)


def parse_policies(text: str, source: str) -> Answer:
    """The traps and shunts of ``swanctl --list-pols --pretty``."""
    return _answer(policies, POLICIES, text, source)


def parse_counters(text: str, source: str) -> CounterLists:
    """What ``swanctl --counters --pretty`` counts, with ``--all`` by connection.

    A counter that this release does not know is left out, and said to be there.
    """
    (found,) = parse_whole(counters, text, source)
    if not isinstance(found, CounterLists):
        raise ParseError(source, 1, "'counters reply'")
    return found


def parse_stats(text: str, source: str) -> Stats:
    """What ``swanctl --stats --pretty`` says of charon itself."""
    (found,) = parse_whole(stats, text, source)
    if not isinstance(found, Stats):
        raise ParseError(source, 1, "'stats reply'")
    return found


def parse_version(text: str, source: str) -> str | None:
    """The release that ``swanctl --version --daemon --pretty`` says, None where it does not."""
    (found,) = parse_whole(version, text, source)
    return found.values.get("version") if isinstance(found, Facts) else None


def _answer(production: ParserElement, section: str, text: str, source: str) -> Answer:
    tokens = parse_whole(production, text, source)
    unread = tuple(_unread(tokens, section, text))
    return Answer(tuple(token.fact for token in tokens if isinstance(token, Read)), unread)


def _shown(text: str) -> str:
    """What is unread, as one line: an event by its name."""
    first, _, rest = text.partition("\n")
    named = rest.partition("\n")[0] if first.endswith(" event {") else first
    return named.strip() or first


def _unread(tokens: Iterable[Any], section: str, text: str) -> Iterator[UnreadLine]:
    """The lines that are read by no production, and the keys that are not known, once each."""
    said: set[str] = set()
    for token in tokens:
        if isinstance(token, Unread):
            first = text.count("\n", 0, token.place) + 1
            yield UnreadLine(section, first, _shown(token.text))
        elif token.additions:
            number = text.count("\n", 0, token.place) + 1
            for key in token.additions:
                if key not in said:
                    yield UnreadLine(ADDITIONS, number, f"{section}: {key}", hides=False)
            said.update(token.additions)
