r"""The text of ``ipsec statusall`` and ``ipsec status``, charon 5.0 to 6.1.

Written by strongSwan's src/libcharon/plugins/stroke/stroke_list.c: sections by
``status``, authentication rounds by ``log_auth_cfgs``, IKE_SAs by ``log_ike_sa``,
their tasks by ``log_task_q``, CHILD_SAs and traps by ``log_child_sa``.

Sample::

    Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):
      uptime: 2 hours, since Nov 23 10:48:27 2026
      malloc: sbrk 2433024, mmap 0, used 563904, free 1869120
      worker threads: 11 of 16 idle, 5/0/0/0 working, job queue: 0/0/0/0, scheduled: 10
      loaded plugins: charon aes kernel-netlink stroke
    Listening IP addresses:
      10.9.0.1
    Connections:
             bob:  10.9.0.1...10.9.0.2  IKEv2, dpddelay=30s
             bob:   local:  [CN=alice] uses public key authentication
             bob:    cert:  "CN=alice"
             bob:   remote: [CN=bob] uses public key authentication
             bob:   child:  dynamic === dynamic TRANSPORT, dpdaction=restart
    Shunted Connections:
             lan:  10.1.0.0/16 === 10.1.0.0/16 PASS
    Routed Connections:
           carol{1}:  ROUTED, TRANSPORT, reqid 1
           carol{1}:   10.9.0.1/32 === 10.9.0.3/32
    Security Associations (1 up, 0 connecting):
             bob[2]: ESTABLISHED 5 minutes ago, 10.9.0.1[CN=alice]...10.9.0.2[CN=bob]
             bob[2]: IKEv2 SPIs: 7fbc9bbc918ff7fc_i* 357eb7108f8369c4_r, rekeying in 2 hours
             bob[2]: IKE proposal: AES_GCM_16_128/PRF_HMAC_SHA2_384/ECP_384_BP
             bob{5}:  INSTALLED, TRANSPORT, reqid 2, ESP SPIs: c9d1f6a0_i c2a7b8c9_o
             bob{5}:  AES_GCM_16_128, 84 bytes_i (1 pkt, 3s ago), 0 bytes_o, rekeying in 42 minutes
             bob{5}:   10.9.0.1/32 === 10.9.0.2/32

EBNF (every terminal in capitals is a line pattern below)::

    statusall     = head, [ pools ], addresses, connections, [ shunts ], [ traps ],
                    associations ;
    status        = [ shunts ], [ traps ], associations ;
    head          = TITLE, UPTIME, [ MALLOC ], THREADS, PLUGINS, { other line } ;
    pools         = POOLS_HEADING, { POOL } ;
    addresses     = ADDRESSES_HEADING, { ADDRESS } ;
    connections   = CONNECTIONS_HEADING, { peer | unread line } ;
    peer          = PEER_HEAD, { LOCAL, { CONSTRAINT } }, { REMOTE, { CONSTRAINT } }, { CHILD } ;
    shunts        = SHUNTS_HEADING, { SHUNT | unread line } ;
    traps         = TRAPS_HEADING, { child sa | unread line } ;
    associations  = ASSOCIATIONS_HEADING, ( NONE | { unread line }, block, { block | child sa } ) ;
    block         = ike sa, { child sa } | unread ike sa | unread line ;
    ike sa        = IKE_STATE, [ EAP_ID ], SPIS, [ PROPOSAL ], { TASKS } ;
    child sa      = CHILD_STATE, [ COUNTERS ], SELECTORS ;

The header of the Security Associations counts those that are up and those that are
connecting; since 6.1.0 (seen there, not in 6.0.1) all and those that are connecting.
``status`` prints neither SPIS, PROPOSAL and TASKS nor COUNTERS; in ``statusall``
SPIS is mandatory, and COUNTERS where the CHILD_SA is INSTALLED.

A name is padded on the left to 12 columns, so blanks before it mean nothing. It may
hold anything, even what looks like a tag, and a peer chooses its identity: the first tag
from the left that a legal state follows is the true one, and so is the first ``]...``
between the ends of an IKE_SA, unless a configured local identity holds one. A CHILD_SA
belongs to the IKE_SA above it; below a line that may be an unknown IKE_SA it counts as
unread.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from pyparsing import Group, Opt, ParserElement

from check_ipsec.errors import ParseError
from check_ipsec.grammar.tokens import line, parse_whole, record
from check_ipsec.model import (
    AuthRound,
    ChildConfig,
    ChildSa,
    ChildState,
    Daemon,
    IkeSa,
    IkeState,
    Memory,
    Peer,
    Pool,
    Shunt,
    Status,
    Threads,
    Traffic,
    UnreadLine,
)

# --- atoms --------------------------------------------------------------------

DELTA = r"\d+ (?:second|minute|hour|day)s?"
HOST = r"(?:%any6?|[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*)"
ADDRESS = r"[0-9A-Fa-f:]+(?:\.\d+)*"
SELECTOR = rf"(?:dynamic|{ADDRESS}(?:/\d+|\.\.{ADDRESS}))(?:\[[^\s\[\]]*\])?"
SELECTORS = rf"(?:{SELECTOR}(?: |(?=\n)))*"
BOTH_ENDS = rf"{SELECTORS} ?=== {SELECTORS} ?"
MODE = r"[A-Z]+|\(\d+\)"
QUEUES = r"(\d+)/(\d+)/(\d+)/(\d+)"
IKE_STATE_OF = {state.value: state for state in IkeState}
CHILD_STATE_OF = {state.value: state for state in ChildState}
IKE_STATES = "|".join(IKE_STATE_OF)
CHILD_STATES = "|".join(CHILD_STATE_OF)

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


Words = tuple[str, ...]


def seconds(delta: str | None) -> int | None:
    """Seconds that DELTA stands for (utils/time.c, time_delta_printf_hook)."""
    if delta is None:
        return None
    count, unit = delta.split(" ")
    return int(count) * SECONDS[unit.rstrip("s")]


def number(digits: str | None, base: int = 10) -> int | None:
    """The number, or None where the text has none."""
    return None if digits is None else int(digits, base)


def words(text: str | None) -> Words:
    """The words of a list separated by blanks."""
    return tuple(text.split()) if text else ()


# --- head ---------------------------------------------------------------------


class Title(NamedTuple):
    """The first line of ``statusall``."""

    version: str
    system: str | None


class Uptime(NamedTuple):
    """The line ``uptime:``."""

    uptime: int
    since: str


class SectionLine(NamedTuple):
    """An unread line and its offset, until its line number is asked for."""

    section: str
    place: int
    text: str


def _uptime(match: re.Match[str]) -> Uptime:
    return Uptime(seconds(match[1]) or 0, match[2])


def _threads(match: re.Match[str]) -> Threads:
    count = [int(digits) for digits in match.groups()]
    working = (count[2], count[3], count[4], count[5])
    queued = (count[6], count[7], count[8], count[9])
    return Threads(count[0], count[1], working, queued, count[10])


def _unread(section: str, pattern: str) -> ParserElement:
    return record(
        pattern,
        lambda match: SectionLine(section, match.start(), match[0].rstrip("\n")),
        f"a line of {section}",
    )


TITLE = r"Status of IKE charon daemon \((?:strong|weak)Swan ([^,)\n]+)(?:, ([^\n]*))?\):\n"
UPTIME = rf"  uptime: ({DELTA}), since ([^\n]+)\n"
MALLOC = r"  malloc: sbrk (-?\d+), mmap (-?\d+), used (-?\d+), free (-?\d+)\n"
THREADS = (
    rf"  worker threads: (\d+) of (\d+) idle, {QUEUES} working, "
    rf"job queue: {QUEUES}, scheduled: (\d+)\n"
)
PLUGINS = r"  loaded plugins: ([^\n]*)\n"
POOL = r"  ([^\n]+): (\d+)/(\d+)/(\d+)\n"

title = record(TITLE, lambda match: Title(match[1], match[2]), "'Status of IKE charon daemon'")
uptime = record(UPTIME, _uptime, "'  uptime: '")
malloc = record(MALLOC, lambda match: Memory(*map(int, match.groups())), "'  malloc: '")
threads = record(THREADS, _threads, "'  worker threads: '")
plugins = record(PLUGINS, lambda match: tuple(match[1].split()), "'  loaded plugins: '")
other_line = _unread("Status", r"  [^\n]*\n")
head = title + uptime + Opt(malloc, None) + threads + plugins + Group(other_line[...])

pools_heading = line(r"Virtual IP pools \(size/online/offline\):\n", "'Virtual IP pools'")
pool = record(
    POOL, lambda match: Pool(match[1], int(match[2]), int(match[3]), int(match[4])), "a pool"
)
pools = Group(Opt(pools_heading + pool[...]))

addresses_heading = line(r"Listening IP addresses:\n", "'Listening IP addresses:'")
address = record(r"  ([^\s]+)\n", lambda match: match[1], "an address")
addresses = Group(addresses_heading + address[...])

# --- connections --------------------------------------------------------------

ROUND = r" *(?P=name):   {side}[^\n]*\n"
CONSTRAINT = r" *(?P=name):    (?:ca|im-ca|cert|ocsp|crl|group): [^\n]*\n"
CHILD = rf"[^\n]*:   child:  {BOTH_ENDS}(?:{MODE})(?:, dpdaction=[^\n]*)?\n"
PEER = (
    r" *(?P<name>[^\n]*):  (?P<local>[^\n]*?)\.\.\.(?P<remote>[^\n]*?)"
    r"  (?P<version>IKEv1/2|IKEv1|IKEv2)(?P<aggressive> Aggressive)?"
    r"(?:, dpddelay=(?P<dpd_delay>\d+)s)?\n"
    rf"(?P<local_rounds>(?:{ROUND.format(side='local: ')}(?:{CONSTRAINT})*)*)"
    rf"(?P<remote_rounds>(?:{ROUND.format(side='remote:')}(?:{CONSTRAINT})*)*)"
    rf"(?P<children>(?:{CHILD})*)"
)

round_line = re.compile(
    r"[^\n]*?:   (?:local: |remote:) (?:\[([^\n]*)\] )?uses ([^\n]*)\n"
    r"((?:[^\n]*:    (?:ca|im-ca|cert|ocsp|crl|group): [^\n]*\n)*)"
)
constraint_line = re.compile(r"[^\n]*?:    (ca|im-ca|cert|ocsp|crl|group): +([^\n]*)\n")
child_line = re.compile(
    rf" *([^\n]*):   child:  ([^\n]*) === ([^\n]*?) ?({MODE})(?:, dpdaction=([^\n]*))?\n"
)


def _auth_rounds(lines: str) -> tuple[AuthRound, ...]:
    return tuple(
        AuthRound(match[1], match[2], tuple(constraint_line.findall(match[3])))
        for match in round_line.finditer(lines)
    )


def _child_config(match: re.Match[str]) -> ChildConfig:
    return ChildConfig(match[1], words(match[2]), words(match[3]), match[4], match[5])


def _peer(match: re.Match[str]) -> Peer:
    return Peer(
        name=match["name"],
        local=match["local"],
        remote=match["remote"],
        version=match["version"],
        aggressive=match["aggressive"] is not None,
        dpd_delay=number(match["dpd_delay"]),
        local_rounds=_auth_rounds(match["local_rounds"]),
        remote_rounds=_auth_rounds(match["remote_rounds"]),
        children=tuple(map(_child_config, child_line.finditer(match["children"]))),
    )


def _shunt(match: re.Match[str]) -> Shunt:
    return Shunt(match[1], words(match[2]), words(match[3]), match[4])


HEADING = (
    r"(?!(?:Shunted|Routed) Connections:\n"
    r"|Security Associations \(\d+ (?:up|total), \d+ connecting\):\n)"
)
SHUNT = rf" *([^\n]*):  ({SELECTORS}) ?=== ({SELECTORS}) ?(PASS|DROP)\n"

connections_heading = line(r"Connections:\n", "'Connections:'")
peer = record(PEER, _peer, "a connection")
unread_connection = _unread("Connections", HEADING + r"[^\n]*\n")
connections = Group(connections_heading + (peer | unread_connection)[...])

shunts_heading = line(r"Shunted Connections:\n", "'Shunted Connections:'")
shunt = record(SHUNT, _shunt, "a shunt")
unread_shunt = _unread("Shunted Connections", HEADING + r"[^\n]*\n")
shunts = Group(Opt(shunts_heading + (shunt | unread_shunt)[...]))

# --- CHILD_SAs and traps ------------------------------------------------------

CHILD_TAG = r" *(?P=name)\{(?P=id)\}:  "
CHILD_STATE = (
    r" *(?P<name>[^\n]*?)\{(?P<id>-?\d+)\}:  "
    rf"(?P<state>(?P<installed>INSTALLED)|{CHILD_STATES}), (?P<mode>(?:{MODE})(?:_PROXY)?)"
    r"(?:, reqid (?P<reqid>\d+))?"
    r"(?(installed), (?P<protocol>[A-Z_]+|\(\d+\))(?P<udp> in UDP)? SPIs: "
    r"(?P<spi_in>[0-9a-f]{8})_i (?P<spi_out>[0-9a-f]{8})_o"
    r"(?:, IPCOMP CPIs: (?P<cpi_in>[0-9a-f]{4})_i (?P<cpi_out>[0-9a-f]{4})_o)?)"
    rf"(?:, expires in (?P<expires_in>{DELTA}))?\n"
)
USE = r"(?: \((?:(?P<packets_{0}>\d+) pkts?, )?(?P<use_{0}>\d+)s ago\))?"
COUNTERS = (
    CHILD_TAG + r"(?P<proposal>[^\s,]*), (?P<bytes_in>\d+) bytes_i" + USE.format("in") +
    r", (?P<bytes_out>\d+) bytes_o" + USE.format("out") +
    rf", rekeying (?:(?P<due>active)|disabled|in (?P<rekey_in>{DELTA}))\n"
)  # fmt: skip
CHILD_SELECTORS = CHILD_TAG + rf" (?P<local_ts>{SELECTORS}) ?=== (?P<remote_ts>{SELECTORS})\n"
STATUSALL_CHILD = CHILD_STATE + rf"(?(installed){COUNTERS})" + CHILD_SELECTORS
STATUS_CHILD = CHILD_STATE + CHILD_SELECTORS


def _traffic(match: re.Match[str], direction: str) -> Traffic | None:
    octets = match[f"bytes_{direction}"]
    if octets is None:
        return None
    packets, use = match[f"packets_{direction}"], match[f"use_{direction}"]
    return Traffic(int(octets), number(packets), number(use))


def _child_sa(match: re.Match[str]) -> ChildSa:
    counted = "proposal" in match.re.groupindex
    return ChildSa(
        name=match["name"],
        unique_id=int(match["id"]),
        state=CHILD_STATE_OF[match["state"]],
        mode=match["mode"],
        reqid=int(match["reqid"] or match["id"]),
        protocol=match["protocol"],
        udp_encapsulation=match["udp"] is not None,
        spi_in=number(match["spi_in"], 16),
        spi_out=number(match["spi_out"], 16),
        cpi_in=number(match["cpi_in"], 16),
        cpi_out=number(match["cpi_out"], 16),
        expires_in=seconds(match["expires_in"]),
        proposal=(match["proposal"] or None) if counted else None,
        inbound=_traffic(match, "in") if counted else None,
        outbound=_traffic(match, "out") if counted else None,
        rekey_in=seconds(match["rekey_in"]) if counted else None,
        rekeying_due=counted and match["due"] is not None,
        local_ts=words(match["local_ts"]),
        remote_ts=words(match["remote_ts"]),
    )


# --- IKE_SAs ------------------------------------------------------------------

IKE_TAG = r" *(?P=name)\[(?P=id)\]: "
IKE_STATE = (
    r" *(?P<name>[^\n]*?)\[(?P<id>-?\d+)\]: "
    rf"(?P<state>{IKE_STATES})(?: (?P<age>{DELTA}) ago)?, "
    rf"(?P<local_host>{HOST})\[(?P<local_id>[^\n]*?)\]\.\.\."
    rf"(?P<remote_host>{HOST})\[(?P<remote_id>[^\n]*)\]\n"
)
ENDS = re.compile(rf"\]\.\.\.({HOST})\[")
EAP_ID = rf"(?:{IKE_TAG}Remote (?:EAP|XAuth) identity: (?P<eap_id>[^\n]*)\n)?"
SPIS = (
    rf"{IKE_TAG}(?P<version>IKEv1/2|IKEv1|IKEv2) SPIs: "
    r"(?P<initiator_spi>[0-9a-f]{16})_i(?P<initiator>\*)? (?P<responder_spi>[0-9a-f]{16})_r\*?"
    rf"(?:, rekeying disabled|(?:, rekeying in (?P<rekey_in>{DELTA}))?"
    rf"(?:, [^\n]* reauthentication in (?P<reauth_in>{DELTA}))?)\n"
)
PROPOSAL = rf"(?:{IKE_TAG}IKE proposal: (?P<proposal>[^\n]*)\n)?"
BELOW = r"(?P<below>(?:[^\n]*\{-?\d+\}:  [^\n]*\n)*)"
TASKS = rf"(?:{IKE_TAG}Tasks {{0}}: (?P<{{0}}>[^\n]*?) *\n)?"
STATUSALL_IKE = (
    IKE_STATE + EAP_ID + SPIS + PROPOSAL
    + "".join(TASKS.format(queue) for queue in ("queued", "active", "passive"))
)  # fmt: skip


class Block(NamedTuple):
    """An IKE_SA with the CHILD_SAs right below it, and what of these lines is unread."""

    ike_sa: IkeSa
    unread: tuple[SectionLine, ...]


def _block(match: re.Match[str], child_sa: re.Pattern[str]) -> Block:
    below = list(_below(match.string, *match.span("below"), child_sa))
    children = tuple(child for child in below if isinstance(child, ChildSa))
    unread = tuple(line for line in below if isinstance(line, SectionLine))
    return Block(_ike_sa(match, children), unread)


def _below(
    text: str, place: int, end: int, child_sa: re.Pattern[str]
) -> Iterator[ChildSa | SectionLine]:
    while place < end:
        match = child_sa.match(text, place, end)
        if match:
            yield _child_sa(match)
            place = match.end()
        else:
            after = text.index("\n", place) + 1
            yield SectionLine("Security Associations", place, text[place : after - 1])
            place = after


def _ike_sa(match: re.Match[str], children: tuple[ChildSa, ...]) -> IkeSa:
    seen = match.groupdict()
    return IkeSa(
        name=seen["name"],
        unique_id=int(seen["id"]),
        state=IKE_STATE_OF[seen["state"]],
        age=seconds(seen["age"]),
        local_host=seen["local_host"],
        local_id=seen["local_id"],
        remote_host=seen["remote_host"],
        remote_id=seen["remote_id"],
        remote_eap_id=seen.get("eap_id"),
        version=seen.get("version"),
        initiator_spi=seen.get("initiator_spi"),
        responder_spi=seen.get("responder_spi"),
        initiator=seen["initiator"] is not None if "initiator" in seen else None,
        rekey_in=seconds(seen.get("rekey_in")),
        reauth_in=seconds(seen.get("reauth_in")),
        proposal=seen.get("proposal"),
        tasks_queued=words(seen.get("queued")),
        tasks_active=words(seen.get("active")),
        tasks_passive=words(seen.get("passive")),
        child_sas=children,
    )


class Associations(NamedTuple):
    """The counts in the header of the Security Associations; ``up`` below 0 is a miscount."""

    up: int
    connecting: int


ASSOCIATIONS = r"Security Associations \((\d+) (up|total), (\d+) connecting\):\n"

IKE_SA_LIKE = rf"[^\n]*\[-?\d+\]: (?:[A-Z_]+|\(\d+\))(?: {DELTA} ago)?, {HOST}\["


def _associations(match: re.Match[str]) -> Associations:
    number, connecting = int(match[1]), int(match[3])
    return Associations(number - connecting if match[2] == "total" else number, connecting)


associations_heading = record(
    ASSOCIATIONS,
    _associations,
    "'Security Associations (U up, C connecting):'",
)
traps_heading = line(r"Routed Connections:\n", "'Routed Connections:'")
none = line(r"  (?:none|no match)\n", "'none'")
unread_trap = _unread("Routed Connections", HEADING + r"[^\n]*\n")
more = line(r"(?=[\s\S])", "a line")
stray_line = _unread("Security Associations", rf"(?!{IKE_SA_LIKE})[^\n]*\n")
unread_ike_sa = _unread(
    "Security Associations", rf"{IKE_SA_LIKE}[^\n]*\n(?:(?!{IKE_SA_LIKE})[^\n]*\n)*"
)


def _tail(ike_pattern: str, child_pattern: str) -> ParserElement:
    child_sa = record(child_pattern, _child_sa, "a CHILD_SA")
    pattern = re.compile(child_pattern)
    block = record(ike_pattern + BELOW, lambda match: _block(match, pattern), "an IKE_SA")
    traps = Group(Opt(traps_heading + (child_sa | unread_trap)[...]))
    known = block | more + (child_sa | stray_line | unread_ike_sa)
    sas = none | (block | stray_line[...] + (block | unread_ike_sa)) + known[...]
    return shunts + traps + associations_heading + Group(sas.set_name("an IKE_SA or 'none'"))


@cache
def status() -> ParserElement:
    """The production ``status``; few ask for it, so it is not built at import."""
    return _tail(IKE_STATE, STATUS_CHILD)


statusall = head + pools + addresses + connections + _tail(STATUSALL_IKE, STATUSALL_CHILD)

# --- the whole ----------------------------------------------------------------

# pluto's whack and charon before 5.0: stroke_list.c up to 4.6.4, whack_log
OLD_RELEASE = re.compile(r"000 |Performance:\n|Status of IKEv2 charon daemon ")


def parse(text: str, source: str, names: Iterable[str] = ()) -> Status:
    """Everything that ``statusall`` (or ``status``) says.

    ``names`` are the names of ipsec.conf; only those that hold a line feed matter,
    because nothing else can tell where such a name ends. Lines that no production
    takes are in :attr:`Status.unread`. Raises :class:`ParseError` where the text is
    cut, has no Security Associations, or comes from a release before 5.0.
    """
    if OLD_RELEASE.match(text):
        raise ParseError(source, 1, "strongSwan before 5.0: release 5.0 or newer is needed")
    text = _hide_line_feeds(text, names)
    if text.startswith("Status of "):
        parsed = _status(parse_whole(statusall, text, source), text)
    else:
        nothing = [None, None, None, None, None, (), (), (), ()]
        parsed = _status(nothing + parse_whole(status(), text, source), text)
    return _show_line_feeds(parsed) if "\0" in text else parsed


def _hide_line_feeds(text: str, names: Iterable[str]) -> str:
    """NUL in place of the line feeds of known names; charon cannot print a NUL."""
    for name in names:
        if "\n" in name:
            tagged = rf"(?m)^( *){re.escape(name.lstrip(' '))}(?=:  |\[\d+\]: |\{{\d+\}}:  )"
            text = re.sub(tagged, lambda match: match[0].replace("\n", "\0"), text)
    return text


def _status(tokens: list[Any], text: str) -> Status:
    name, since, memory, load, loaded, *sections = tokens
    other, pool_list, address_list, peers, shunt_list, traps, counts, sas = sections
    ike_sas, unread = _with_children(sas)
    identities = _local_identities(peers)
    return Status(
        daemon=_daemon(name, since, memory, load, loaded),
        pools=tuple(pool_list),
        addresses=tuple(address_list),
        peers=_only(Peer, peers),
        shunts=_only(Shunt, shunt_list),
        traps=_only(ChildSa, traps),
        up=counts.up,
        connecting=counts.connecting,
        ike_sas=tuple(_divided(ike, identities) for ike in ike_sas),
        unread=tuple(_numbered((*other, *peers, *shunt_list, *traps, *unread), text)),
    )


def _daemon(
    name: Title | None, since: Uptime, memory: Memory | None, load: Threads, loaded: Words
) -> Daemon | None:
    if name is None:
        return None
    return Daemon(name.version, name.system, since.uptime, since.since, memory, load, loaded)


def _only(kind: type[Any], tokens: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(token for token in tokens if isinstance(token, kind))


def _with_children(tokens: Iterable[Any]) -> tuple[list[IkeSa], list[SectionLine]]:
    """The IKE_SAs, each with the CHILD_SAs that follow it, and the unread lines."""
    ike_sas: list[IkeSa] = []
    unread: list[SectionLine] = []
    for token in tokens:
        if isinstance(token, Block):
            ike_sas.append(token.ike_sa)
            unread += token.unread
        elif isinstance(token, ChildSa):
            ike_sas[-1] = ike_sas[-1]._replace(child_sas=(*ike_sas[-1].child_sas, token))
        else:
            unread.append(token)
    return ike_sas, unread


def _local_identities(peers: Iterable[Any]) -> set[str]:
    """The configured local identities that hold what divides the ends of an IKE_SA."""
    return {
        auth.identity
        for peer in peers
        if isinstance(peer, Peer)
        for auth in peer.local_rounds
        if auth.identity and ENDS.search(auth.identity)
    }


def _divided(ike: IkeSa, identities: set[str]) -> IkeSa:
    """The IKE_SA with its local identity whole, where that is a configured one."""
    if not identities:
        return ike
    ends = f"{ike.local_id}]...{ike.remote_host}[{ike.remote_id}"
    for identity in identities:
        divider = ENDS.match(ends, len(identity)) if ends.startswith(identity) else None
        if divider:
            remote_id = ends[divider.end() :]
            return ike._replace(local_id=identity, remote_host=divider[1], remote_id=remote_id)
    return ike


def _numbered(tokens: Iterable[Any], text: str) -> Iterator[UnreadLine]:
    first, counted = 1, 0
    for token in tokens:
        if isinstance(token, SectionLine):
            first += text.count("\n", counted, token.place)
            counted = token.place
            for offset, unread in enumerate(token.text.split("\n")):
                yield UnreadLine(token.section, first + offset, unread)


def _show_line_feeds(status: Status) -> Status:
    """The line feeds of names put back where a NUL hides them."""
    return status._replace(
        peers=tuple(_renamed(peer, "children") for peer in status.peers),
        shunts=tuple(_renamed(shunt) for shunt in status.shunts),
        traps=tuple(_renamed(trap) for trap in status.traps),
        ike_sas=tuple(_renamed(ike, "child_sas") for ike in status.ike_sas),
    )


def _renamed(fact: Any, children: str | None = None) -> Any:
    if children:
        below = tuple(_renamed(child) for child in getattr(fact, children))
        fact = fact._replace(**{children: below})
    return fact._replace(name=fact.name.replace("\0", "\n"))
