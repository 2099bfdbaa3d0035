"""What to type next: the runbook's command for the commonest reason, with the real names.

It is text to be copied; nothing here runs anything. ``NAME`` stands for the connections,
``PEER`` for the address of one of their peers, ``CHILD`` and ``CONNECTION`` for one of
swanctl.conf. A name that a shell or a terminal might take
for something else is quoted, or left out with its ``-i``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from shlex import quote

from check_ipsec.truth.common import peer_of
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.verdict import Verdict

BRING_UP = "ipsec-global up -b -i NAME"
UPDATE = "ipsec update"
IKE_ON_THE_WIRE = "tcpdump -ni any host PEER and '(udp port 500 or udp port 4500)'"
# what leaves unencrypted; what comes in is shown decrypted, too, so only one way proves it
CLEAR_ON_THE_WIRE = "tcpdump -Q out -ni any 'host PEER and not (esp or udp port 500 or 4500)'"
NEXT = {
    Reason.NO_SA: BRING_UP,
    Reason.NO_CHILD_SA: BRING_UP,
    Reason.ONLY_TRAP: BRING_UP,
    Reason.NO_KERNEL_STATE: BRING_UP,
    Reason.OTHER_STATE: BRING_UP,
    Reason.NO_OUTBOUND_POLICY: BRING_UP,
    Reason.NO_INBOUND_POLICY: BRING_UP,
    Reason.NO_KERNEL_TRAP: BRING_UP,
    Reason.POLICY_UNFIT: BRING_UP,
    Reason.POLICY_OPTIONAL: BRING_UP,
    Reason.POLICY_BLOCKS: "ip xfrm policy list",
    Reason.POLICY_BYPASS: "ip xfrm policy list",
    Reason.POLICY_OTHER: "ip xfrm policy list dir out",
    Reason.SHUNT_NOT_INSTALLED: BRING_UP,
    Reason.PEER_SILENT: IKE_ON_THE_WIRE,
    Reason.NEGOTIATING: IKE_ON_THE_WIRE,
    Reason.CLOSING: "ipsec statusall NAME",
    Reason.NOT_LOADED: UPDATE,
    Reason.NOT_TOLD_APART: UPDATE,
    Reason.LOADED_DIFFERENTLY: UPDATE,
    Reason.NEGOTIATED_DIFFERENTLY: UPDATE,
    Reason.COVERS_A_PART: UPDATE,
    Reason.TRAP_NOT_INSTALLED: "swanctl --install --child CHILD --ike CONNECTION",
    Reason.PARTIAL_ANSWER: "pgrep -af updown",
    Reason.NO_DAEMON: "systemctl status strongswan-starter",
    Reason.KERNEL_NOT_ASKED: "visudo -c",
    Reason.NOT_UNDERSTOOD: "check_ipsec -v --capture /root/captured",
}
# in place of those above, for connections of swanctl.conf
BY_SWANCTL = {
    UPDATE: "swanctl --load-all --noprompt",
    "ipsec statusall NAME": "swanctl --list-sas --child CHILD",
    "systemctl status strongswan-starter": "systemctl status strongswan",
}
FEW = 3


def commands(bad: Sequence[Verdict], verdicts: Iterable[Verdict]) -> Iterator[str]:
    """The commands for what is ``bad`` among all the ``verdicts``, the commonest reason first."""
    reasons = Counter(verdict.reason for verdict in bad if verdict.reason in NEXT)
    if not reasons:
        return
    reason = reasons.most_common(1)[0][0]
    concerned = [verdict for verdict in bad if verdict.reason is reason]
    names = {verdict.connection.name for verdict in verdicts}
    if reason and (line := fill(NEXT[reason], concerned, names)):
        yield line
    clear = [verdict for verdict in bad if verdict.cleartext]
    if clear and (line := fill(CLEAR_ON_THE_WIRE, clear, names)):
        yield line


def fill(template: str, concerned: Sequence[Verdict], names: Iterable[str]) -> str:
    """A command with the names and the peer; empty where it needs one that is not known."""
    peer = next((str(peer) for peer in map(peer_of, concerned) if peer), "")
    if "PEER" in template and not peer:
        return ""
    first = concerned[0].connection
    if first.section is not None:
        template = BY_SWANCTL.get(template, template)
        if "CHILD" in template:
            return of_child(template, first.section, first.name[len(first.section) + 1 :])
    own = [verdict.connection.name for verdict in concerned]
    if "-i NAME" in template:
        chosen = globs(own, names)
        template = template.replace("-i NAME", " ".join(f"-i {quote(one)}" for one in chosen))
    elif "NAME" in template:
        template = template.replace("NAME", quote(own[0]) if is_plain(own[0]) else "")
    return template.replace("PEER", peer).strip()


def of_child(template: str, connection: str, child: str) -> str:
    """A command of swanctl about a child; empty where a name cannot be copied."""
    names = {"CHILD": child, "CONNECTION": connection}
    if not all(map(is_plain, names.values())):
        return ""
    return re.sub("CHILD|CONNECTION", lambda word: quote(names[word[0]]), template)


def globs(own: Sequence[str], names: Iterable[str]) -> list[str]:
    """Globs that match these names and no other; none where that takes more than a few."""
    if not all(map(is_plain, own)):
        return []
    if len(own) <= FEW:
        return [escaped(name) for name in own]
    begin = f"{escaped(common_begin(own))}*"
    if begin != "*" and all(name in own for name in names if fnmatchcase(name, begin)):
        return [begin]
    return []


def common_begin(names: Sequence[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), len(first))]


def escaped(name: str) -> str:
    """A name as a glob that matches it only."""
    return re.sub(r"[*?[]", r"[\g<0>]", name)


def is_plain(name: str) -> bool:
    """Whether a name can be copied from a terminal as it is."""
    return name.isascii() and name.isprintable()
