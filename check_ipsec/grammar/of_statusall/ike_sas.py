"""IKE_SAs, and the CHILD_SAs that stand below each."""

import re
from typing import Optional

from check_ipsec.grammar.of_statusall.child_sas import (
    CHILD_SA,
    PLAIN_CHILD,
    child_sa,
    plain_child_sa,
)
from check_ipsec.grammar.of_statusall.wording import (
    HEADINGS,
    HOST,
    IKE_STATE_OF,
    SA_LINE,
    Known,
    Wording,
    Words,
    compiled,
    seconds,
    words,
)
from check_ipsec.grammar.records import Record, unnamed
from check_ipsec.model.daemon import ChildSa, IkeSa, IkeState

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


def plain_ike_sa(match: re.Match[str], children: tuple[ChildSa, ...]) -> IkeSa:
    """A plain IKE_SA of its match."""
    return _ike_sa_of(*match.groups()[1:15], children=children)


def ike_sa(match: re.Match[str], children: tuple[ChildSa, ...] = ()) -> IkeSa:
    """An IKE_SA of its match."""
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
    plain = compiled(PLAIN_CHILD)
    while place < end:
        if child := plain.match(match.string, place, end):
            children.append(plain_child_sa(child))
        elif child := CHILD_SA.pattern.match(match.string, place, end):
            children.append(child_sa(child))
        else:
            raise ValueError("a CHILD_SA")
        place = child.end()
    return tuple(children)


BELOW = rf"(?P<below>(?:(?=[^\n]*\{{-?\d+\}}:  )[^\n]*\n)*)(?={SA_LINE}|\Z)"
COUNTS = Record(
    rf"(?={HEADINGS})Security Associations \((\d+) (up|total), (\d+) connecting[^\n]*\n",
    _counts,
    "'Security Associations (U up, C connecting):'",
)
NONE = Record(r"  (?:none|no match)\n", lambda match: None, "'none'", begin="  no")
PLAIN_BLOCK = Record(
    PLAIN_IKE_SA + BELOW, lambda match: plain_ike_sa(match, _children(match)), "an IKE_SA"
)
BLOCK = Record(
    ike_sa_pattern(Known) + BELOW, lambda match: ike_sa(match, _children(match)), "an IKE_SA"
)
