r"""The text of ``ipsec statusall``, charon 5.0 to 6.1 and later.

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

    statusall    = TITLE, { head line }, [ pools ], [ addresses ], connections, [ shunts ],
                   [ traps ], associations ;
    head line    = UPTIME | MALLOC | THREADS | PLUGINS | unread line ;
    pools        = POOLS_HEADING, { POOL | unread line } ;
    addresses    = ADDRESSES_HEADING, { ADDRESS | unread line } ;
    connections  = CONNECTIONS_HEADING, { peer | unread line } ;
    peer         = PLAIN_PEER | any peer ;
    any peer     = PEER_HEAD, { LOCAL, { CONSTRAINT } }, { REMOTE, { CONSTRAINT } }, { CHILD } ;
    shunts       = SHUNTS_HEADING, { SHUNT | unread line } ;
    traps        = TRAPS_HEADING, { child sa | unread line } ;
    associations = COUNTS, ( NONE | blocks | unread line ), { unread line } ;
    blocks       = { unread line }, ike sa, { ike sa | child sa | unread line } ;
    ike sa       = PLAIN_IKE_SA | IKE_STATE, [ EAP_ID ], SPIS, [ PROPOSAL ], { TASKS } ;
    child sa     = PLAIN_CHILD | CHILD_STATE, [ COUNTERS ], SELECTORS ;

What is PLAIN is what nearly all are; it would be read alike as any other, but costs less.
COUNTERS are there where the CHILD_SA is INSTALLED. The header of the Security Associations
counts those that are up and those that are connecting; since 6.1.0 (seen there, not in
6.0.1) all and those that are connecting.

A record that does not fit is read once more as a newer release may print it: with more
at the end of its lines, with more lines, with other words. What was known is read then,
the rest is in :attr:`Status.unread`, and the record is not ``understood``. A line that
is still unread may hide a connection or an SA.

A name is padded on the left to 12 columns, so blanks before it mean nothing. It may
hold anything, even what looks like a tag, and a peer chooses its identity: the first tag
from the left that a legal state follows is the true one, and so is the first ``]...``
between the ends of an IKE_SA, unless a configured local identity holds one. A CHILD_SA
belongs to the IKE_SA above it; below a line that may be an unknown IKE_SA it counts as
unread.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple, Optional, Union

from pyparsing import Group, Opt, ParserElement

from check_ipsec.errors import ParseError
from check_ipsec.grammar.tokens import (
    Ahead,
    Build,
    line,
    more,
    parse_whole,
    record,
    records,
    unnamed,
)
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
    Pool,
    Shunt,
    Status,
    Threads,
    Traffic,
    Trap,
)
from check_ipsec.model.unread import UnreadLine

# --- atoms --------------------------------------------------------------------

HOST = r"(?:%any6?|[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*)"
ADDRESS_ATOM = r"[0-9A-Fa-f:]+(?:\.\d+)*"
SELECTOR = rf"(?:dynamic|{ADDRESS_ATOM}(?:/\d+|\.\.{ADDRESS_ATOM}))(?:\[[^\s\[\]]*\])?"
SELECTORS = rf"(?:{SELECTOR}(?: |(?![^\n,;])))*"
QUEUES = r"([0-9/]+)"
IKE_STATE_OF = {state.value: state for state in IkeState if state is not IkeState.UNKNOWN}
CHILD_STATE_OF = {state.value: state for state in ChildState if state is not ChildState.UNKNOWN}
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

Words = tuple[str, ...]
# of the head: a field of the daemon and its value
Fact = tuple[str, Any]
Constraints = list[tuple[str, str]]


WORD = r"[A-Z_]+|\(\d+\)"
SECTIONS = (
    *("Virtual IP pools", "Listening IP addresses", "Connections", "Shunted Connections"),
    *("Routed Connections", "Security Associations"),
)
# a name may be that of a section, but two blanks follow it
BEHIND_SECTION = r"(?: \([^\n:]*)?:(?!  )(?P<rest>[^\n]*)\n"
HEADINGS = rf"(?:{'|'.join(SECTIONS)}){unnamed(BEHIND_SECTION)}"
IKE_SA_LIKE = rf"[^\n]*\[-?\d+\]: (?:{WORD})(?: [^\n,]* ago)?[^\n,]*, {HOST}\["
# of any IKE_SA or CHILD_SA
SA_LINE = r"[^\n]*?(?:\[-?\d+\]: |\{-?\d+\}:  )"


class Known:
    """What differs between the releases that are known and those to come.

    ``delta`` is a duration, ``more`` what may stand before the next comma, ``selectors`` are
    what a record is read with: in known releases all that stands there must be some.
    """

    delta = r"\d+ (?:second|minute|hour|day)s?"
    more = ""
    selectors = r"[^\n]*?"
    ike_state = "|".join(IKE_STATE_OF)
    child_state = "|".join(CHILD_STATE_OF)
    mode = r"(?:TUNNEL|TRANSPORT|BEET|IPTFS|PASS|DROP|\(\d+\))(?:_PROXY)?"
    action = "PASS|DROP"


class Newer(Known):
    """The same of releases to come."""

    delta = r"\d+ [a-z]+"
    more = r"[^\n,]*"
    selectors = SELECTORS
    ike_state = WORD
    child_state = WORD
    mode = r"[^\s,]+"
    action = r"[^\s,]+"


Wording = type[Known]


@cache
def seconds(delta: Optional[str]) -> Optional[int]:
    """Seconds that a duration stands for (utils/time.c, time_delta_printf_hook).

    None where there is none, or one in a unit that no release has printed.
    """
    if delta is None:
        return None
    count, _, unit = delta.partition(" ")
    factor = SECONDS.get(unit.rstrip("s"))
    return factor and int(count) * factor


def number(digits: Optional[str], base: int = 10) -> Optional[int]:
    """The number, or None where the text has none."""
    return None if digits is None else int(digits, base)


def words(text: Optional[str]) -> Words:
    """The words of a list separated by blanks."""
    return tuple(text.split()) if text else ()


@cache
def selectors(text: str) -> Words:
    """The traffic selectors of an end. Raises ValueError where one is of no known kind."""
    found = words(text)
    if not all(map(_compiled(SELECTOR).fullmatch, found)):
        raise ValueError("a traffic selector")
    return found


# a pattern that depends on the wording
Pattern = Callable[[Wording], str]


class Part(NamedTuple):
    """What was understood of a record that a newer release may have printed, and what not."""

    fact: Any
    unread: tuple[UnreadLine, ...]


def unread(section: str, pattern: str) -> ParserElement:
    """A line of a section that no other production takes, or a few.

    The ``line`` of what is unread is the place in the text, until lines are counted.
    """
    return record(
        pattern,
        lambda match: UnreadLine(section, match.start(), match[0].removesuffix("\n")),
        f"a line of {section}",
    )


def heading(section: str) -> ParserElement:
    """The first line of a section, which leaves what is unread of it."""

    def rest(match: re.Match[str]) -> Optional[UnreadLine]:
        text = match[0].removesuffix("\n")
        return UnreadLine("Status", match.start(), text, hides=False) if match[1] else None

    return record(f"{section}{BEHIND_SECTION}", rest, f"'{section}:'", begin=section)


def _is_in_section(text: str, place: int) -> bool:
    section = next((name for name in SECTIONS if text.startswith(name, place)), None)
    return not (section and _compiled(BEHIND_SECTION).match(text, place + len(section)))


# before productions that are only there for damaged or newer texts
in_section = Ahead(_is_in_section).set_name("a line of the section")


def newer_record(
    section: str, whole: Pattern, any_line: Pattern, stop: str, build: Build
) -> ParserElement:
    """A record as a newer release may print it.

    What is unread of its lines, and unread lines, are taken away; the rest is read. ``whole``
    and ``any_line``, one without its end, are patterns of a record and of any line of it, ``stop``
    is one of what does not belong to it any more.
    """

    def part(match: re.Match[str]) -> Part:
        known, newer = (_compiled(any_line(wording)) for wording in (Known, Newer))
        lines = match[0].split("\n")[:-1]
        kept = "".join(f"{read[0]}\n" for text in lines if (read := newer.match(text)))
        found = _compiled(whole(Newer)).fullmatch(kept)
        if found is None:
            raise ValueError(f"a record of {section}")
        fact = build(found)._replace(understood=False)
        place, unread = match.start(), []
        for text in lines:
            if not known.fullmatch(text):
                hides = not text.lstrip(" ").startswith(_tags(fact))
                unread.append(UnreadLine(section, place, text, hides))
            place += len(text) + 1
        return Part(fact, tuple(unread))

    chunk = rf"{any_line(Newer)}[^\n]*\n(?:(?!{HEADINGS}|{stop})[^\n]*\n)*"
    return record(chunk, part, f"a record of {section}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _tags(fact: Any) -> Words:
    """What the lines of a record begin with."""
    if isinstance(fact, Peer):
        return f"{fact.name}:", *(f"{child.name}:" for child in fact.children)
    if isinstance(fact, Shunt):
        return (f"{fact.name}:",)
    opening, closing = "[]" if isinstance(fact, IkeSa) else "{}"
    return (f"{fact.name}{opening}{fact.unique_id}{closing}:",)


# --- head ---------------------------------------------------------------------


def _threads(match: re.Match[str]) -> Threads:
    idle, total, working, queued, scheduled = match.groups()
    return Threads(int(idle), int(total), _queues(working), _queues(queued), int(scheduled))


def _queues(text: str) -> tuple[int, int, int, int]:
    critical, high, medium, low = map(int, text.split("/"))
    return critical, high, medium, low


TITLE = r"Status of IKE charon daemon \((?:strong|weak)Swan ([^,)\n]+)(?:, ([^\n]*))?\):\n"
NEWER_TITLE = r"Status of (?!IKEv2 )(?:[^\n]*Swan ([^,)\s]+))?[^\n]*\n"
UPTIME = rf"  uptime: ({Known.delta}), since ([^\n]+)\n"
MALLOC = r"  malloc: sbrk (-?\d+), mmap (-?\d+), used (-?\d+), free (-?\d+)\n"
THREADS = (
    rf"  worker threads: (\d+) of (\d+) idle, {QUEUES} working, "
    rf"job queue: {QUEUES}, scheduled: (\d+)\n"
)
PLUGINS = r"  loaded plugins: ([^\n]*)\n"
POOL = r"  ([^\n]+): (\d+)/(\d+)/(\d+)\n"
ADDRESS = r"  (\S+)\n"
OTHER = rf"(?!{HEADINGS})[^\n]*\n"
# with what stands below it, where it is the heading of a new section
OTHER_OF_HEAD = rf"(?!{HEADINGS})(?:\S[^\n]*\n(?:  [^\n]*\n)*|[^\n]*\n)"

other_line = in_section + unread("Status", OTHER_OF_HEAD)

BEGIN = "'Status of IKE charon daemon'"
title = (
    record(TITLE, lambda match: match.groups(), BEGIN)
    | record(NEWER_TITLE, lambda match: (match[1], None), BEGIN)
).set_name(BEGIN)
uptime = record(UPTIME, lambda match: ("uptime", (seconds(match[1]), match[2])), "'  uptime: '")
malloc = record(MALLOC, lambda match: ("memory", Memory(*map(int, match.groups()))), "'  malloc: '")
threads = record(THREADS, lambda match: ("threads", _threads(match)), "'  worker threads: '")
plugins = record(PLUGINS, lambda match: ("plugins", words(match[1])), "'  loaded plugins: '")
head = title + Group((uptime | malloc | threads | plugins | other_line)[...])

pools_heading = heading("Virtual IP pools")
pool = records(
    POOL, lambda match: Pool(match[1], int(match[2]), int(match[3]), int(match[4])), "a pool"
)
pools = Group(Opt(pools_heading + (pool | other_line)[...]))

addresses_heading = heading("Listening IP addresses")
address = records(ADDRESS, lambda match: match[1], "an address")
addresses = Group(Opt(addresses_heading + (address | other_line)[...]))

# --- connections --------------------------------------------------------------

ENDS_OF_PEER = r"[^\s:][^\n]*?\.\.\.[^\n]*?  IKEv"
ENDS_AND_VERSION = (
    r"(?P<local>[^\n]*?)\.\.\.(?P<remote>[^\n]*?)"
    r"  (?P<version>IKEv1/2|IKEv1|IKEv2)(?P<aggressive> Aggressive)?"
    r"(?:, dpddelay=(?P<dpd_delay>\d+)s)?"
)
DETAIL = (
    r" *([^\n]*):   (?:(local: |remote:) (?:\[([^\n]*)\] )?"
    r"uses ([^\n]*authentication(?: with [^\n]*'|: [^\n]*)?)"
    r"| (ca|im-ca|cert|ocsp|crl|group): +([^\n]*)"
    r"|child:  ({0}) ?=== ({0}) ?({1})(?:, dpdaction=(\w+(?: \| \w+)*))?)"
)


# texts in which nothing looks like a tag, nor like the end of an identity
PLAIN = r"[^\n:]*(?::(?! )[^\n:]*)*"
IDENTITY = r"[^\n:\]]*(?::(?! )[^\n:\]]*)*"
ROUND = (
    rf"(?:\[({IDENTITY})\] )?uses ([^\n:]*authentication)\n"
    rf"(?: *(?P=name):    (cert): +({PLAIN})\n)?"
)
# one round at each end, of which no more than the certificate is asked, and one child
PLAIN_PEER = (
    r" *(?P<name>[^\n:]*):  (\S*?)\.\.\.(\S*)  (IKEv1/2|IKEv1|IKEv2)(?:, dpddelay=(\d+)s)?\n"
    rf" *(?P=name):   local:  {ROUND} *(?P=name):   remote: {ROUND}"
    r" *(?P=name):   child:  ([^\n]*?) ?=== ([^\n]*?) ?(TUNNEL|TRANSPORT)(?:, dpdaction=(\w+))?\n"
    rf"(?![^\n]*:   )(?=[^\n]*:  \S|{HEADINGS}|\Z)"
)


def peer_pattern(_: Wording) -> str:
    """A peer; its rounds and children are read one by one."""
    return (
        rf" *(?P<name>[^\n]*):  {ENDS_AND_VERSION}\n(?P<details>(?:(?=[^\n]*:   )[^\n]*\n)*)"
        rf"(?![^\n]*:   )(?=[^\n]*:  \S|{HEADINGS}|\Z)"
    )


def detail(wording: Wording) -> str:
    """A line of a peer but the first: a round, a constraint of the round above, a child."""
    return DETAIL.format(wording.selectors, wording.mode)


def peer_line(wording: Wording) -> str:
    """Any line of a peer."""
    return rf"(?:[^\n]*:  {unnamed(ENDS_AND_VERSION)}|{detail(wording)})"


def _plain_peer(match: re.Match[str]) -> Peer:
    name, local, remote, version, delay, *rounds = match.groups()[:13]
    ours, theirs, mode, action = match.groups()[13:17]
    return Peer(
        name=name,
        local=local,
        remote=remote,
        version=version,
        aggressive=False,
        dpd_delay=number(delay),
        local_rounds=(_plain_round(*rounds[:4]),),
        remote_rounds=(_plain_round(*rounds[4:]),),
        children=(ChildConfig(name, selectors(ours), selectors(theirs), mode, action),),
    )


def _plain_round(identity: Optional[str], method: str, keyword: str, text: str) -> AuthRound:
    return AuthRound(identity, method, ((keyword, text),) if keyword else ())


def _peer(match: re.Match[str], wording: Wording = Known) -> Peer:
    """Raises ValueError where a line is none that this wording has."""
    name, local, remote, version, aggressive, delay, details = match.groups()
    rounds: dict[str, list[tuple[AuthRound, Constraints]]] = {"local: ": [], "remote:": []}
    children: list[ChildConfig] = []
    constraints: Constraints = []
    place = 0
    pattern = _compiled(rf"{detail(wording)}\n")
    while found := pattern.match(details, place):
        tag, side, identity, method, keyword, text, ours, theirs, mode, action = found.groups()
        if tag != name and not mode:
            break
        place = found.end()
        if side:
            constraints = []
            rounds[side].append((AuthRound(identity, method, ()), constraints))
        elif keyword:
            constraints.append((keyword, text))
        else:
            children.append(ChildConfig(tag, selectors(ours), selectors(theirs), mode, action))
    if place != len(details) or not all(rounds.values()):
        raise ValueError("a connection")
    local_rounds, remote_rounds = (
        tuple(one._replace(constraints=tuple(found)) for one, found in rounds[side])
        for side in rounds
    )
    return Peer(
        name=name,
        local=local,
        remote=remote,
        version=version,
        aggressive=aggressive is not None,
        dpd_delay=number(delay),
        local_rounds=local_rounds,
        remote_rounds=remote_rounds,
        children=tuple(children),
    )


known_peer = records(peer_pattern(Known), _peer, "a connection")
newer_peer = newer_record(
    "Connections",
    peer_pattern,
    peer_line,
    rf"[^\n]*:  {ENDS_OF_PEER}",
    partial(_peer, wording=Newer),
)
connections_heading = heading("Connections")
connections = Group(
    connections_heading
    + (
        records(PLAIN_PEER, _plain_peer, "a plain connection")
        | in_section + (known_peer | newer_peer | unread("Connections", OTHER))
    )[...]
)

# --- shunts -------------------------------------------------------------------


def shunt_pattern(wording: Wording) -> str:
    """A shunt: name, selectors, action."""
    return rf"{shunt_line(wording)}\n"


def shunt_line(wording: Wording) -> str:
    """The line of a shunt."""
    return (
        rf" *(?P<name>[^\n]*):  (?P<local>{wording.selectors}) ?=== "
        rf"(?P<remote>{wording.selectors}) ?(?P<action>{wording.action})"
    )


def _shunt(match: re.Match[str]) -> Shunt:
    name, local, remote, action = match.groups()
    return Shunt(name, selectors(local), selectors(remote), action)


newer_shunt = newer_record("Shunted Connections", shunt_pattern, shunt_line, r"[^\n]*:  ", _shunt)
shunts_heading = heading("Shunted Connections")
shunts = Group(
    Opt(
        shunts_heading
        + (
            records(shunt_pattern(Known), _shunt, "a shunt")
            | in_section + (newer_shunt | unread("Shunted Connections", OTHER))
        )[...]
    )
)

# --- CHILD_SAs and traps ------------------------------------------------------

SPIS_OF_CHILD = (
    r", (?P<protocol>[A-Z_]+|\(\d+\))(?P<udp> in UDP)? SPIs: "
    r"(?P<spi_in>[0-9a-f]{8})_i (?P<spi_out>[0-9a-f]{8})_o"
    r"(?:, IPCOMP CPIs: (?P<cpi_in>[0-9a-f]{4})_i (?P<cpi_out>[0-9a-f]{4})_o)?"
)
USE = r"(?: \((?:(?P<packets_{0}>\d+) pkts?, )?(?P<use_{0}>\d+)s ago\))?"
SELECTORS_OF_CHILD = r" (?P<local_ts>{0}) ?=== (?P<remote_ts>{0})"


def child_state(wording: Wording) -> str:
    """The first line of a CHILD_SA behind its tag."""
    return (
        rf"(?P<state>(?P<installed>INSTALLED)|{wording.child_state}), (?P<mode>{wording.mode})"
        rf"(?:, reqid (?P<reqid>\d+))?(?(installed){SPIS_OF_CHILD})"
        rf"(?:, expires in (?P<expires_in>{wording.delta}))?"
    )


def counters(wording: Wording) -> str:
    """The second line of a CHILD_SA behind its tag."""
    return (
        rf"(?P<proposal>[^\s,]*), (?P<bytes_in>\d+) bytes_i{USE.format('in')}{wording.more}"
        rf", (?P<bytes_out>\d+) bytes_o{USE.format('out')}{wording.more}"
        rf", rekeying (?:(?P<due>active)|disabled|in (?P<rekey_in>{wording.delta}))"
    )


# one that is in use, and whose name does not look like a tag; what may follow it is not asked
PLAIN_CHILD = (
    r" *(?P<own>(?P<name>[^\n{]*)\{(?P<id>\d+)\}:  )INSTALLED, (?P<mode>TUNNEL|TRANSPORT)"
    r", reqid (?P<reqid>\d+), (?P<protocol>ESP)(?P<udp> in UDP)? SPIs: "
    r"(?P<spi_in>[0-9a-f]{8})_i (?P<spi_out>[0-9a-f]{8})_o\n"
    rf" *(?P=own)(?P<proposal>[^\s,]*), (?P<bytes_in>\d+) bytes_i{USE.format('in')}"
    rf", (?P<bytes_out>\d+) bytes_o{USE.format('out')}"
    rf", rekeying (?:disabled|in (?P<rekey_in>{Known.delta}))\n"
    rf" *(?P=own){SELECTORS_OF_CHILD.format(Known.selectors)}\n"
)


def child_sa_pattern(wording: Wording) -> str:
    """A CHILD_SA or a trap."""
    own = r" *(?P=own)"
    both_ends = SELECTORS_OF_CHILD.format(wording.selectors)
    return (
        rf" *(?P<own>(?P<name>[^\n]*?)\{{(?P<id>-?\d+)\}}:  ){child_state(wording)}\n"
        rf"(?(installed){own}{counters(wording)}\n){own}{both_ends}\n"
        rf"(?!{own}(?!(?:{WORD}), ))(?={SA_LINE}|{HEADINGS}|\Z)"
    )


def child_sa_line(wording: Wording) -> str:
    """Any line of a CHILD_SA."""
    state = (
        child_state(wording)
        .replace("(?(installed)", "(?:")
        .replace(SPIS_OF_CHILD, f"(?:{SPIS_OF_CHILD})?")
    )
    both_ends = SELECTORS_OF_CHILD.format(SELECTORS)
    texts = "|".join(map(unnamed, (state, counters(wording), both_ends)))
    return rf"[^\n]*\{{-?\d+\}}:  (?:{texts})"


def _traffic(
    octets: Optional[str], packets: Optional[str], use: Optional[str]
) -> Optional[Traffic]:
    return None if octets is None else Traffic(int(octets), number(packets), number(use))


def _plain_child_sa(match: re.Match[str]) -> ChildSa:
    return _child_sa_of(*match.groups()[1:])


def _child_sa(match: re.Match[str]) -> ChildSa:
    _, name, unique_id, state, _, mode, reqid, *security, cpi_in, cpi_out = match.groups()[:13]
    expires_in, *counted, due, rekey_in, local_ts, remote_ts = match.groups()[13:]
    plain = (name, unique_id, mode, reqid, *security, *counted, rekey_in, local_ts, remote_ts)
    return _child_sa_of(*plain)._replace(
        state=CHILD_STATE_OF.get(state, ChildState.UNKNOWN),
        cpi_in=number(cpi_in, 16),
        cpi_out=number(cpi_out, 16),
        expires_in=seconds(expires_in),
        rekeying_due=due is not None,
    )


def _child_sa_of(
    name: str, unique_id: str, mode: str, reqid: Optional[str], protocol: Optional[str],
    udp: Optional[str], spi_in: Optional[str], spi_out: Optional[str], proposal: Optional[str],
    *more: Any,
) -> ChildSa:  # fmt: skip
    """One that is in use; what others have, or have not, is put in its place."""
    *counted, rekey_in, local_ts, remote_ts = more
    return ChildSa(
        name=name,
        unique_id=int(unique_id),
        state=ChildState.INSTALLED,
        mode=mode,
        reqid=int(reqid or unique_id),
        protocol=protocol,
        udp_encapsulation=udp is not None,
        spi_in=number(spi_in, 16),
        spi_out=number(spi_out, 16),
        cpi_in=None,
        cpi_out=None,
        expires_in=None,
        proposal=proposal or None,
        inbound=_traffic(*counted[:3]),
        outbound=_traffic(*counted[3:]),
        rekey_in=seconds(rekey_in),
        rekeying_due=False,
        local_ts=selectors(local_ts),
        remote_ts=selectors(remote_ts),
    )


child_sa = records(child_sa_pattern(Known), _child_sa, "a CHILD_SA")
STOP_OF_CHILD = rf"{IKE_SA_LIKE}|[^\n]*\{{-?\d+\}}:  (?:{WORD}), "
of_child = (child_sa_pattern, child_sa_line, STOP_OF_CHILD, _child_sa)
newer_trap = newer_record("Routed Connections", *of_child)
traps_heading = heading("Routed Connections")
traps = Group(
    Opt(
        traps_heading
        + (child_sa | in_section + (newer_trap | unread("Routed Connections", OTHER)))[...]
    )
)

# --- IKE_SAs ------------------------------------------------------------------

ASSOCIATIONS = "Security Associations"
ENDS = rf"\]\.\.\.({HOST})\["
EAP_ID = r"Remote (?:EAP|XAuth) identity: (?P<eap_id>[^\n]*)"
PROPOSAL = r"IKE proposal: (?P<proposal>[^\s,]*)"
TASKS = r"Tasks (?:queued|active|passive): [A-Z0-9_() ]*"


def ike_state(wording: Wording) -> str:
    """The first line of an IKE_SA behind its tag."""
    return (
        rf"(?P<state>{wording.ike_state})(?: (?P<age>{wording.delta}) ago)?{wording.more}, "
        rf"(?P<local_host>{HOST})\[(?P<local_id>[^\n]*?)\]\.\.\."
        rf"(?P<remote_host>{HOST})\[(?P<remote_id>[^\n]*)\]"
    )


def spis(wording: Wording) -> str:
    """The line of SPIs and timers behind its tag."""
    return (
        r"(?P<version>IKEv1/2|IKEv1|IKEv2) SPIs: "
        r"(?P<initiator_spi>[0-9a-f]{16})_i(?P<initiator>\*)? (?P<responder_spi>[0-9a-f]{16})_r\*?"
        rf"(?:, rekeying disabled|(?:, rekeying in (?P<rekey_in>{wording.delta}))?"
        rf"(?:, [^\n]* reauthentication in (?P<reauth_in>{wording.delta}))?)"
    )


# one that is up, and nothing of which looks like a tag; what may follow it is not asked
PLAIN_IKE_SA = (
    rf" *(?P<own>(?P<name>[^\n\[]*)\[(?P<id>\d+)\]: )ESTABLISHED (?P<age>{Known.delta}) ago, "
    rf"({HOST})\[([^\n\]]*)\]\.\.\.({HOST})\[([^\n\]]*)\]\n"
    rf" *(?P=own){spis(Known)}\n *(?P=own){PROPOSAL}\n(?! *(?P=own))"
)


def ike_sa_pattern(wording: Wording) -> str:
    """An IKE_SA without its CHILD_SAs."""
    own = r" *(?P=own)"
    return (
        rf" *(?P<own>(?P<name>[^\n]*?)\[(?P<id>-?\d+)\]: ){ike_state(wording)}\n"
        rf"(?:{own}{EAP_ID}\n)?{own}{spis(wording)}\n(?:{own}{PROPOSAL}\n)?"
        rf"(?P<tasks>(?:{own}{TASKS}\n)*)"
        rf"(?!{own})(?={SA_LINE}|\Z)"
    )


def ike_sa_line(wording: Wording) -> str:
    """Any line of an IKE_SA."""
    texts = (ike_state(wording), EAP_ID, spis(wording), PROPOSAL, TASKS)
    return rf"[^\n]*\[-?\d+\]: (?:{'|'.join(map(unnamed, texts))})"


def _plain_ike_sa(match: re.Match[str], children: tuple[ChildSa, ...]) -> IkeSa:
    return _ike_sa_of(*match.groups()[1:15], children=children)


def _ike_sa(match: re.Match[str], children: tuple[ChildSa, ...] = ()) -> IkeSa:
    _, name, unique_id, state, age, *ends, eap_id = match.groups()[:10]
    *security, lines = match.groups()[10:18]
    tasks = _tasks(lines) if lines else {}
    plain = (name, unique_id, age, *ends, *security)
    return _ike_sa_of(*plain, children=children)._replace(
        state=IKE_STATE_OF.get(state, IkeState.UNKNOWN),
        remote_eap_id=eap_id,
        tasks_queued=tasks.get("queued", ()),
        tasks_active=tasks.get("active", ()),
        tasks_passive=tasks.get("passive", ()),
    )


def _ike_sa_of(
    name: str, unique_id: str, age: Optional[str], local_host: str, local_id: str,
    remote_host: str, remote_id: str, version: str, first: str, initiator: Optional[str],
    second: str, rekey_in: Optional[str], reauth_in: Optional[str], proposal: Optional[str],
    *, children: tuple[ChildSa, ...],
) -> IkeSa:  # fmt: skip
    """One that is up and has no tasks; what others have is put in its place."""
    return IkeSa(
        name=name,
        unique_id=int(unique_id),
        state=IkeState.ESTABLISHED,
        age=seconds(age),
        local_host=local_host,
        local_id=local_id,
        remote_host=remote_host,
        remote_id=remote_id,
        remote_eap_id=None,
        version=version,
        initiator_spi=first,
        responder_spi=second,
        initiator=initiator is not None,
        rekey_in=seconds(rekey_in),
        reauth_in=seconds(reauth_in),
        proposal=proposal,
        tasks_queued=(),
        tasks_active=(),
        tasks_passive=(),
        child_sas=children,
    )


def _tasks(lines: str) -> dict[str, Words]:
    """The tasks by the queue that they are in."""
    found = re.findall(r"\]: Tasks (\w+): ([^\n]*)\n", lines)
    return {queue: words(text) for queue, text in found}


COUNTS = r"Security Associations \((\d+) (up|total), (\d+) connecting[^\n]*\n"


def _counts(match: re.Match[str]) -> tuple[int, int]:
    """How many are up, and connecting; below 0 is a miscount."""
    count, connecting = int(match[1]), int(match[3])
    return count - connecting if match[2] == "total" else count, connecting


def _children(match: re.Match[str]) -> tuple[ChildSa, ...]:
    """What stands below an IKE_SA.

    Raises ValueError where that is not only CHILD_SAs of known releases.
    """
    place, end = match.span("below")
    children = []
    plain = _compiled(PLAIN_CHILD)
    while place < end:
        if child := plain.match(match.string, place, end):
            children.append(_plain_child_sa(child))
        elif child := _known_child_sa().match(match.string, place, end):
            children.append(_child_sa(child))
        else:
            raise ValueError("a CHILD_SA")
        place = child.end()
    return tuple(children)


@cache
def _known_child_sa() -> re.Pattern[str]:
    return re.compile(child_sa_pattern(Known), re.ASCII)


BELOW = rf"(?P<below>(?:(?=[^\n]*\{{-?\d+\}}:  )[^\n]*\n)*)(?={SA_LINE}|\Z)"
counts = record(COUNTS, _counts, "'Security Associations (U up, C connecting):'")
none = line(r"  (?:none|no match)\n", "'none'", begin="  no")
STOP_OF_IKE = rf"{IKE_SA_LIKE}|[^\n]*\{{-?\d+\}}:  "
newer_ike_sa = newer_record(ASSOCIATIONS, ike_sa_pattern, ike_sa_line, STOP_OF_IKE, _ike_sa)
newer_child_sa = newer_record(ASSOCIATIONS, *of_child)
stray_line = unread(ASSOCIATIONS, rf"(?!{IKE_SA_LIKE})[^\n]*\n")
unread_ike_sa = unread(ASSOCIATIONS, rf"{IKE_SA_LIKE}[^\n]*\n(?:(?!{IKE_SA_LIKE})[^\n]*\n)*")
plain_block = records(
    PLAIN_IKE_SA + BELOW, lambda match: _plain_ike_sa(match, _children(match)), "an IKE_SA"
)
block = records(
    ike_sa_pattern(Known) + BELOW, lambda match: _ike_sa(match, _children(match)), "an IKE_SA"
)
other_block = (
    block | record(ike_sa_pattern(Known), _ike_sa, "an IKE_SA") | newer_ike_sa | unread_ike_sa
)
below = child_sa | newer_child_sa | stray_line
first_block = plain_block | stray_line[...] + (plain_block | other_block)
blocks = first_block + (plain_block | more + (other_block | below))[...]
sas = none + stray_line[...] | blocks | stray_line + stray_line[...]
associations = counts + Group(sas.set_name("an IKE_SA or 'none'"))
statusall = head + pools + addresses + connections + shunts + traps + associations

# --- the whole ----------------------------------------------------------------

# pluto's whack and charon before 5.0: stroke_list.c up to 4.6.4, whack_log
OLD_RELEASE = ("000 ", "Performance:\n", "Status of IKEv2 charon daemon ")
WITHOUT_ALL = r"(?:Shunted Connections|Routed Connections|Security Associations[^\n]*):\n"


def parse(text: str, source: str, names: Iterable[str] = ()) -> Status:
    """Everything that ``statusall`` says.

    ``names`` are the names of ipsec.conf; only those that hold a line feed matter,
    because nothing else can tell where such a name ends. Lines that no production
    takes are in :attr:`Status.unread`. Raises :class:`ParseError` where the text is
    cut, has no Connections or Security Associations, or comes from a release before 5.0.
    """
    if text.startswith(OLD_RELEASE):
        raise ParseError(source, 1, "strongSwan before 5.0: release 5.0 or newer is needed")
    if not text.startswith("Status of ") and re.match(WITHOUT_ALL, text):
        raise ParseError(source, 1, "the text of `ipsec status`: that of `statusall` is needed")
    text = _hide_line_feeds(text, names)
    parsed = _status(parse_whole(statusall, text, source), text)
    return _show_line_feeds(parsed) if "\0" in text else parsed


def _hide_line_feeds(text: str, names: Iterable[str]) -> str:
    """NUL in place of the line feeds of known names; charon cannot print a NUL."""
    for name in names:
        if "\n" in name:
            tagged = rf"(?m)^( *){re.escape(name.lstrip(' '))}(?=:  |\[\d+\]: |\{{\d+\}}:  )"
            text = re.sub(tagged, lambda match: match[0].replace("\n", "\0"), text)
    return text


def _status(tokens: list[Any], text: str) -> Status:
    title, *sections, (up, connecting), sas = tokens
    unread: list[UnreadLine] = []
    understood = [list(_understood(section, unread)) for section in (*sections, sas)]
    lines, pools, addresses, peers, shunts, traps, sas = understood
    identities = _local_identities(peers)
    return Status(
        daemon=_daemon(title, lines),
        pools=tuple(pools),
        addresses=tuple(addresses),
        peers=tuple(peers),
        shunts=tuple(shunts),
        traps=tuple(map(_trap, traps)),
        up=up,
        connecting=connecting,
        ike_sas=tuple(_divided(ike, identities) for ike in _with_children(sas)),
        unread=tuple(_numbered(unread, text)),
    )


def _trap(routed: ChildSa) -> Trap:
    """What is printed as a CHILD_SA in state ROUTED."""
    return Trap(
        name=routed.name,
        unique_id=routed.unique_id,
        mode=routed.mode,
        reqid=routed.reqid,
        local_ts=routed.local_ts,
        remote_ts=routed.remote_ts,
        understood=routed.understood,
    )


def _daemon(title: tuple[Optional[str], Optional[str]], facts: Iterable[Fact]) -> Daemon:
    said = dict(facts)
    uptime, since = said.get("uptime", (None, None))
    return Daemon(
        version=title[0],
        system=title[1],
        uptime=uptime,
        since=since,
        memory=said.get("memory"),
        threads=said.get("threads"),
        plugins=said.get("plugins", ()),
    )


def _understood(tokens: Iterable[Any], unread: list[UnreadLine]) -> Iterator[Any]:
    """The facts of a section; what of it is unread goes to ``unread``."""
    for token in tokens:
        if token is None:
            continue
        if isinstance(token, UnreadLine):
            unread.append(token)
        elif isinstance(token, Part):
            unread += token.unread
            yield token.fact
        else:
            yield token


def _with_children(tokens: Iterable[Union[IkeSa, ChildSa]]) -> list[IkeSa]:
    """The IKE_SAs, each with the CHILD_SAs that follow it."""
    found: list[IkeSa] = []
    for token in tokens:
        if isinstance(token, IkeSa):
            found.append(token)
        else:
            found[-1] = found[-1]._replace(child_sas=(*found[-1].child_sas, token))
    return found


def _local_identities(peers: Iterable[Peer]) -> set[str]:
    """The configured local identities that hold what divides the ends of an IKE_SA."""
    return {
        auth.identity
        for peer in peers
        for auth in peer.local_rounds
        if auth.identity and "]..." in auth.identity
    }


def _divided(ike: IkeSa, identities: set[str]) -> IkeSa:
    """The IKE_SA with its local identity whole, where that is a configured one."""
    if not identities:
        return ike
    ends = f"{ike.local_id}]...{ike.remote_host}[{ike.remote_id}"
    for identity in identities:
        divider = ends.startswith(identity) and re.match(ENDS, ends[len(identity) :])
        if divider:
            remote_id = ends[len(identity) + divider.end() :]
            return ike._replace(local_id=identity, remote_host=divider[1], remote_id=remote_id)
    return ike


def _numbered(found: Iterable[UnreadLine], text: str) -> Iterator[UnreadLine]:
    first, counted = 1, 0
    for section, place, lines, hides in found:
        first += text.count("\n", counted, place)
        counted = place
        for offset, line_of_text in enumerate(lines.split("\n")):
            yield UnreadLine(section, first + offset, line_of_text, hides)


def _show_line_feeds(status: Status) -> Status:
    """The line feeds of names put back where a NUL hides them."""
    return status._replace(
        peers=tuple(_renamed(peer, "children") for peer in status.peers),
        shunts=tuple(_renamed(shunt) for shunt in status.shunts),
        traps=tuple(_renamed(trap) for trap in status.traps),
        ike_sas=tuple(_renamed(ike, "child_sas") for ike in status.ike_sas),
    )


def _renamed(fact: Any, children: Optional[str] = None) -> Any:
    if children:
        below = tuple(_renamed(child) for child in getattr(fact, children))
        fact = fact._replace(**{children: below})
    return fact._replace(name=fact.name.replace("\0", "\n"))
