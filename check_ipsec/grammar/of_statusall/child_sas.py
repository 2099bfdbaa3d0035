"""CHILD_SAs, and traps, which are printed as CHILD_SAs that are ROUTED."""

import re
from typing import Any, Optional

from check_ipsec.grammar.of_statusall.wording import (
    CHILD_STATE_OF,
    HEADINGS,
    SA_LINE,
    SELECTORS,
    WORD,
    Known,
    Wording,
    heading,
    number,
    seconds,
    selectors,
)
from check_ipsec.grammar.records import Record, unnamed
from check_ipsec.model.daemon import ChildSa, ChildState, Traffic

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


def plain_child_sa(match: re.Match[str]) -> ChildSa:
    """A plain CHILD_SA of its match."""
    return _child_sa_of(*match.groups()[1:])


def child_sa(match: re.Match[str]) -> ChildSa:
    """A CHILD_SA, or a trap, of its match.

    Raises ValueError where a selector is of no known kind.
    """
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


TRAPS = heading("Routed Connections")
CHILD_SA = Record(child_sa_pattern(Known), child_sa, "a CHILD_SA")
