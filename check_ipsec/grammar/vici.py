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

    def number(self, key: str) -> int | None:
        """A value as a number, None where it does not stand there. Raises ValueError."""
        return number(self.values.get(key))

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


def in_order(depth: int, keys: Iterable[str]) -> str:
    """Values in this order. One with a question mark behind its key may be missing.

    What is written with its value is not kept; after a star there may be none, or several.
    """
    pad, lines = "  " * depth, []
    for key in keys:
        if key.startswith("*"):
            lines.append(rf"(?:{pad}{key[1:]}\n)*")
        elif " = " in key:
            lines.append(rf"{pad}{key}\n")
        elif key.endswith("?"):
            lines.append(rf"(?:{pad}{key[:-1]} = ([^\n]*)\n)?")
        else:
            lines.append(rf"{pad}{key} = ([^\n]*)\n")
    return "".join(lines)


def filled(depth: int, key: str) -> str:
    """A list with an item at least."""
    pad = "  " * depth
    return rf"{pad}{key} = \[\n((?:{pad}  [^\n]*\n)+){pad}\]\n"


def section(depth: int, key: str) -> str:
    """A section, and what stands in it."""
    pad = "  " * depth
    return rf"{pad}{key} \{{\n({indented(depth + 1)}){pad}\}}\n"


def skipped(depth: int, key: str) -> str:
    """A section that may be there, and is not kept."""
    pad = "  " * depth
    return rf"(?:{pad}{key} \{{\n{indented(depth + 1)}{pad}\}}\n)?"


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
            lists[key] = _items(items, cut)
        else:
            sections[key] = section
    if read != len(text):
        raise ValueError("a key")
    return Facts(values, lists, sections)


def _items(lines: str, cut: int) -> tuple[str, ...]:
    return tuple([item[cut:] for item in lines.split("\n")[:-1]])


def _sections(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """The named sections that ``text`` is made of. Raises ValueError as :func:`_facts`."""
    pattern, place = _section(depth), 0
    while place < len(text):
        found = pattern.match(text, place)
        if found is None:
            raise ValueError("a name")
        place = found.end()
        yield found[1], found[2]


def number(text: str | None, base: int = 10) -> int | None:
    """A value as a number, None where there is none. Raises ValueError."""
    return None if text is None else int(text, base)


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


# nearly all are up, have one CHILD_SA that is in use, and no tasks
PLAIN_IKE = (
    *("uniqueid", "version", "state = ESTABLISHED", "local-host", "local-port = 4?500"),
    *("local-id", "remote-host", "remote-port = 4?500", "remote-id", "initiator?"),
    *("initiator-spi", "responder-spi", "*nat-(?:local|remote|fake|any) = yes"),
    *("encr-alg", "encr-keysize?", "integ-alg?", "prf-alg?", "dh-group?"),
    *("established?", "rekey-time?", "reauth-time?"),
)
PLAIN_CHILD = (
    *("name", "uniqueid", "reqid", "state = INSTALLED", "mode", "protocol", "encap?"),
    *("spi-in", "spi-out"),
    *("encr-alg", "encr-keysize?", "integ-alg?", "dh-group?"),
    *("bytes-in", "packets-in", "use-in?", "bytes-out", "packets-out", "use-out?"),
    *("rekey-time?", r"life-time = \d+", r"install-time = \d+"),
)
PLAIN_SA = (
    r"list-sa event \{\n  ([^\n]*) \{\n"
    + in_order(2, PLAIN_IKE)
    + r"    child-sas \{\n      [^\n]* \{\n"
    + in_order(4, PLAIN_CHILD)
    + filled(4, "local-ts")
    + filled(4, "remote-ts")
    + r"      \}\n    \}\n  \}\n\}\n"
)


def _plain_sa(found: re.Match[str]) -> Read:
    name, *ike = found.groups()[:10]
    encr, size, integ, *more = found.groups()[10:15]
    times = found.groups()[15:18]
    child = _plain_child(*found.groups()[18:])
    proposal = _proposal(encr, size, integ, None, *more)
    read = _ike_sa_of(name, *ike, *times, proposal=proposal, child_sas=(child,))
    return Read(read, found.start(), ())


def _plain_child(
    name: str, unique_id: str, reqid: str, mode: str, protocol: str, encap: str | None,
    spi_in: str, spi_out: str, encr: str, size: str | None, integ: str | None, group: str | None,
    *more: Any,
) -> ChildSa:  # fmt: skip
    *counted, rekey_in, local_ts, remote_ts = more
    proposal = _proposal(encr, size, integ, None, None, group)
    selectors = _items(local_ts, 10), _items(remote_ts, 10)
    ids = name, unique_id, reqid, mode, protocol, encap, spi_in, spi_out
    return _child_sa_of(*ids, *counted, rekey_in, proposal=proposal, selectors=selectors)


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
    plain: list[Any] = [
        *map(facts.required, ("uniqueid", "version", *IKE_ENDS)),
        values.get("initiator"),
        *map(facts.required, ("initiator-spi", "responder-spi")),
        *map(values.get, ("established", "rekey-time", "reauth-time")),
    ]
    ike = _ike_sa_of(
        found["name"], *plain, proposal=_proposal_in(values), child_sas=tuple(children)
    )._replace(
        state=state,
        remote_eap_id=values.get("remote-eap-id", values.get("remote-xauth-id")),
        tasks_queued=facts.lists.get("tasks-queued", ()),
        tasks_active=facts.lists.get("tasks-active", ()),
        tasks_passive=facts.lists.get("tasks-passive", ()),
        understood=state is not IkeState.UNKNOWN,
    )
    return Read(ike, found.start(), tuple(sorted(additions)))


IKE_ENDS = ("local-host", "local-id", "remote-host", "remote-id")


def _ike_sa_of(
    name: str, unique_id: str, version: str, local_host: str, local_id: str, remote_host: str,
    remote_id: str, initiator: str | None, initiator_spi: str, responder_spi: str,
    age: str | None, rekey_in: str | None, reauth_in: str | None,
    *, proposal: str | None, child_sas: tuple[ChildSa, ...],
) -> IkeSa:  # fmt: skip
    """One that is up and has no tasks; what others have is put in its place."""
    return IkeSa(
        name=name,
        unique_id=int(unique_id),
        state=IkeState.ESTABLISHED,
        age=number(age),
        local_host=local_host,
        local_id=local_id,
        remote_host=remote_host,
        remote_id=remote_id,
        remote_eap_id=None,
        version=f"IKEv{version}",
        initiator_spi=initiator_spi,
        responder_spi=responder_spi,
        initiator=initiator is not None,
        rekey_in=_left(rekey_in),
        reauth_in=_left(reauth_in),
        proposal=proposal,
        tasks_queued=(),
        tasks_active=(),
        tasks_passive=(),
        child_sas=child_sas,
        understood=True,
    )


def _child_sa(text: str) -> tuple[ChildSa, set[str]]:
    """A CHILD_SA, and the keys of it that are not known.

    What stroke tells of one that is INSTALLED only is taken of such a one only: in other
    states one of its two states in the kernel may be gone.
    """
    facts = _facts(text, 4)
    state = _state(ChildState, facts.required("state"))
    installed = state is ChildState.INSTALLED
    used = facts.values if installed else {}
    listed = facts.some if installed else lambda key: facts.lists.get(key, ())
    plain: list[Any] = [
        *map(facts.required, ("name", "uniqueid", "reqid", "mode")),
        *(used.get("protocol"), facts.values.get("encap")),
        *map(used.get, ("spi-in", "spi-out", *COUNTED, "rekey-time")),
    ]
    child = _child_sa_of(
        *plain,
        proposal=_proposal_in(used),
        selectors=(listed("local-ts"), listed("remote-ts")),
    )._replace(
        state=state,
        cpi_in=number(used.get("cpi-in"), 16),
        cpi_out=number(used.get("cpi-out"), 16),
        expires_in=None if installed else _left(facts.values.get("life-time")),
        understood=state is not ChildState.UNKNOWN,
    )
    return child, facts.unknown(CHILD_KEYS)


COUNTED = ("bytes-in", "packets-in", "use-in", "bytes-out", "packets-out", "use-out")


def _child_sa_of(
    name: str, unique_id: str, reqid: str, mode: str, protocol: str | None, encap: str | None,
    spi_in: str | None, spi_out: str | None, *more: str | None, proposal: str | None,
    selectors: tuple[tuple[str, ...], tuple[str, ...]],
) -> ChildSa:  # fmt: skip
    """One that is in use; what others have, or have not, is put in its place."""
    *counted, rekey_in = more
    left = number(rekey_in)
    return ChildSa(
        name=name,
        unique_id=int(unique_id),
        state=ChildState.INSTALLED,
        mode=mode,
        reqid=int(reqid),
        protocol=protocol,
        udp_encapsulation=encap is not None,
        spi_in=number(spi_in, 16),
        spi_out=number(spi_out, 16),
        cpi_in=None,
        cpi_out=None,
        expires_in=None,
        proposal=proposal,
        inbound=_traffic(*counted[:3]),
        outbound=_traffic(*counted[3:]),
        rekey_in=None if left is None else max(0, left),
        rekeying_due=left is not None and left < 0,
        local_ts=selectors[0],
        remote_ts=selectors[1],
        understood=True,
    )


def _proposal_in(values: dict[str, str]) -> str | None:
    said = map(values.get, ALGORITHMS[:6])
    others = tuple(f"KE{key[3:]}_{values[key]}" for key in ALGORITHMS[6:] if key in values)
    return _proposal(*said, *others, *(("ESN",) if "esn" in values else ()))


@cache
def _proposal(
    encr: str | None, encr_size: str | None, integ: str | None, integ_size: str | None,
    *more: str | None,
) -> str | None:  # fmt: skip
    """What was negotiated, as ``ipsec statusall`` prints it (proposal_printf_hook)."""
    words = (_joined(encr, encr_size), _joined(integ, integ_size), *more)
    return "/".join(filter(None, words)) or None


def _left(seconds: str | None) -> int | None:
    """The seconds until something; what is overdue is due now."""
    return None if seconds is None else max(0, int(seconds))


def _traffic(octets: str | None, packets: str | None, use: str | None) -> Traffic | None:
    return None if octets is None else Traffic(int(octets), number(packets), number(use))


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


# nearly all have one round of authentication on each side and one child
PLAIN_PEER = (
    r"list-conn event \{\n  ([^\n]*) \{\n"
    + filled(2, "local_addrs")
    + filled(2, "remote_addrs")
    + in_order(2, (r"*(?:local|remote)_port = [^\n]*", "version"))
    + in_order(2, (r"*(?:reauth_time|rekey_time|unique) = [^\n]*", "dpd_delay?"))
    + in_order(2, (r"*dpd_timeout = [^\n]*",))
    + skipped(2, "proposals")
    + section(2, "local-1")
    + section(2, "remote-1")
    + r"    children \{\n      ([^\n]*) \{\n"
    + rf"((?:        {KEY} = [^\[\n][^\n]*\n)*)"
    + skipped(4, "(?:ah|esp)_proposals")
    + filled(4, "local-ts")
    + filled(4, "remote-ts")
    + r"      \}\n    \}\n  \}\n\}\n"
)


def _plain_peer(found: re.Match[str]) -> Read:
    name, local, remote, version, dpd_delay, local_round, remote_round, *child = found.groups()
    child_name, head, local_ts, remote_ts = child
    mode, dpd_action, additions = _child_head(head)
    selectors = _items(local_ts, 10), _items(remote_ts, 10)
    peer = _peer_of(
        *(name, _items(local, 6), _items(remote, 6), version, number(dpd_delay)),
        rounds=((_round(local_round),), (_round(remote_round),)),
        children=(ChildConfig(child_name, *selectors, mode, dpd_action),),
    )
    return Read(peer, found.start(), additions)


def _peer_of(
    name: str, local: tuple[str, ...], remote: tuple[str, ...], version: str,
    dpd_delay: int | None,
    *, rounds: tuple[tuple[AuthRound, ...], tuple[AuthRound, ...]],
    children: tuple[ChildConfig, ...],
) -> Peer:  # fmt: skip
    return Peer(
        name=name,
        local=",".join(local),
        remote=",".join(remote),
        version=version,
        aggressive=False,
        dpd_delay=dpd_delay,
        local_rounds=rounds[0],
        remote_rounds=rounds[1],
        children=children,
    )


@cache
def _child_head(text: str) -> tuple[str, str | None, tuple[str, ...]]:
    """What many children have in common: mode, dpd_action, and the keys that are not known."""
    facts = _facts(text, 4)
    mode = facts.required("mode").removesuffix("_PROXY")
    return mode, facts.values.get("dpd_action"), tuple(sorted(facts.unknown(CONFIG_KEYS)))


def _peer(found: re.Match[str]) -> Read:
    facts = _facts(found["facts"], 2)
    rounds: dict[str, list[AuthRound]] = {"local": [], "remote": []}
    for key, text in facts.sections.items():
        if end := ROUND.fullmatch(key):
            rounds[end[1]].append(_round(text))
    additions = {key for key in facts.unknown(PEER_KEYS) if not ROUND.fullmatch(key)}
    children = []
    for name, text in _sections(facts.sections.get("children", ""), 3):
        child, unknown = _child_config(name, text)
        children.append(child)
        additions |= unknown
    peer = _peer_of(
        *(found["name"], facts.some("local_addrs"), facts.some("remote_addrs")),
        *(facts.required("version"), facts.number("dpd_delay")),
        rounds=(tuple(rounds["local"]), tuple(rounds["remote"])),
        children=tuple(children),
    )
    return Read(peer, found.start(), tuple(sorted(additions)))


ID = re.compile(r"^      id = ([^\n]*)\n", re.MULTILINE)


def _round(text: str) -> AuthRound:
    """A round of authentication, in the words of ``ipsec statusall`` (log_auth_cfgs)."""
    found = ID.search(text)
    if found is None:
        return _others(text)
    return _others(text[: found.start()] + text[found.end() :])._replace(identity=found[1])


@cache
def _others(text: str) -> AuthRound:
    """What many rounds have in common: all but the identity."""
    facts = _facts(text, 3)
    constraints = [(word, text) for key, word in CONSTRAINTS for text in facts.lists.get(key, ())]
    return AuthRound(None, _method(facts.values), tuple(constraints))


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


def _child_config(name: str, text: str) -> tuple[ChildConfig, set[str]]:
    """A child, and the keys of it that are not known.

    ``ipsec statusall`` does not tell proxy mode of what is loaded.
    """
    facts = _facts(text, 4)
    child = ChildConfig(
        name=name,
        local_ts=facts.some("local-ts"),
        remote_ts=facts.some("remote-ts"),
        mode=facts.required("mode").removesuffix("_PROXY"),
        dpd_action=facts.values.get("dpd_action"),
    )
    return child, facts.unknown(CONFIG_KEYS)


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


def listing(
    label: str, reply: str, build: Any, name: str, plain: ParserElement | None = None
) -> ParserElement:
    """The productions of a listing: events, ``plain`` ones first, and the reply that ends it."""
    stop = rf"{label} event \{{\n|{reply} reply \{{\n"
    whole: ParserElement = records(event(label), build, name)
    if plain is not None:
        whole = plain | record(event(label), build, name)
    other = record(
        rf"(?!{reply} reply)[^\n]*\n(?:(?!{stop})[^\n]*\n)*",
        lambda found: Unread(found.start(), found[0]),
        name,
    )
    end = line(rf"{reply} reply \{{\n{indented(1)}\}}\n", f"'{reply} reply'")
    found: ParserElement = (whole | other)[...] + end
    return found


CONNS, SAS, POLICIES = EVENTS
plain_conns = records(PLAIN_PEER, _plain_peer, "a plain connection")
conns = listing("list-conn", "list-conns", _peer, "a connection", plain_conns)
plain_sas = records(PLAIN_SA, _plain_sa, "a plain IKE_SA")
sas = listing("list-sa", "list-sas", _ike_sa, "an IKE_SA", plain_sas)
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
