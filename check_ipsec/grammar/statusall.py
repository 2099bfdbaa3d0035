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

EBNF (every terminal in capitals is a line pattern of ``of_statusall/``)::

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
A text in which no line is unread or newer is read by ``of_statusall/text.py``, section after
section; any other by ``of_statusall/productions.py``, which has all of the above.
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
from collections.abc import Iterable
from typing import Any, Optional

from check_ipsec.errors import ParseError
from check_ipsec.grammar.of_statusall.text import Sections, read, status_of
from check_ipsec.grammar.records import plainly, require_whole_lines
from check_ipsec.model.daemon import Status

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
    parsed = status_of(_sections(text, source), text)
    return _show_line_feeds(parsed) if "\0" in text else parsed


def _sections(text: str, source: str) -> Sections:
    """The sections as known releases print them, or as the whole grammar takes them."""
    require_whole_lines(text, source)
    plain = plainly(read, text)
    if plain is not None:
        return plain
    from check_ipsec.grammar.of_statusall.productions import statusall
    from check_ipsec.grammar.tokens import parse_whole

    return Sections(*parse_whole(statusall, text, source))


def _hide_line_feeds(text: str, names: Iterable[str]) -> str:
    """NUL in place of the line feeds of known names; charon cannot print a NUL."""
    for name in names:
        if "\n" in name:
            tagged = rf"(?m)^( *){re.escape(name.lstrip(' '))}(?=:  |\[\d+\]: |\{{\d+\}}:  )"
            text = re.sub(tagged, lambda match: match[0].replace("\n", "\0"), text)
    return text


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
