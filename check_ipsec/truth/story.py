"""What charon's log tells of each IKE_SA and CHILD_SA since it was last up.

A line is of the IKE_SA whose number stands in it, ``<bob|12>`` or ``bob[12]``. Where charon
does not write that (``ike_name``), the worker thread is followed: it takes up a packet, and
all that it says until the next one is about the IKE_SA with that peer, if there is one only,
else about that peer. Nobody's packet precedes what is said of one that was never answered:
then it is the IKE_SA that had so many retransmits, if there is one only. What cannot be told
of whom it is, is left out.

An IKE_SA or CHILD_SA that comes up ends what was told of it, the start of charon everything.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from check_ipsec.model.log import LogLine
from check_ipsec.truth.cause import About, Cause, by_word, cause_of
from check_ipsec.truth.causes import CAUSES, EXPIRED, TAKEN_DOWN
from check_ipsec.truth.told import Sa, Told

HOST = r"[0-9a-fA-F.:]+(?:%\w+)?"
PACKET = rf"(received|sending) packet: from ({HOST})\[\d+\] to ({HOST})\[\d+\]"
NAMED = r"(?P<name>.*)\[(?P<number>\d{1,9})\]"
INITIATING = rf"initiating (?:\w+ Mode )?IKE_SA {NAMED} to ({HOST})"
IKE_UP = rf"IKE_SA {NAMED} (?:established|rekeyed) between {HOST}\[.*\]\.\.\.({HOST})\["
DELETING = rf"deleting IKE_SA {NAMED} between {HOST}\[.*\]\.\.\.({HOST})\["
DELETE = rf"received DELETE for IKE_SA {NAMED}"
CHILD = r"CHILD_SA (?P<child>.*?)\{(?P<unique>\d{1,9})\}"
OLD = r"CHILD_SA .*?\{\d+\} with SPIs \S+ \S+"
RETRANSMIT = r"(?:sending )?retransmit (\d{1,9}) of "
PEER_INITIATES = r"\S+ is initiating a|parsed (?:IKE_SA_INIT|IKE_AUTH|ID_PROT|AGGRESSIVE) request"
SELECTED = r"selected peer config ['\"](.*)['\"]$"
ORDERED = r"received stroke: terminate '(.*?)(?:\[(\d+|\*)?\]|\{(\d+|\*)?\})?'$"
# with these a worker begins something else than what a packet asks for
JOBS = (
    *("received stroke: ", "sending DPD request", "retransmit ", "sending retransmit "),
    *("deleting IKE_SA after ", "deleting CHILD_SA after "),
)
START = "Starting IKE charon daemon"
GONE = ("IKE_SA deleted", "establishing IKE_SA failed")


class Story:
    """Follows the lines; afterwards ``of_ike`` and ``of_child`` hold what was told, by the
    name of the IKE_SA or CHILD_SA, ``of_peer`` by the peer's address where no name is known.
    """

    def __init__(self, lines: Iterable[LogLine], now: float) -> None:
        self._now = now
        self._rows = by_word(CAUSES)
        self._forget_all()
        for line in lines:
            self._follow(line)

    def _forget_all(self) -> None:
        self.of_ike: dict[str, list[Told]] = defaultdict(list)
        self.of_child: dict[str, list[Told]] = defaultdict(list)
        self.of_peer: dict[str, list[Told]] = defaultdict(list)
        self._sas: dict[int, Sa] = {}
        self._threads: dict[int, Sa] = {}
        self._children: dict[str, dict[str, Sa | None]] = defaultdict(dict)
        self._retransmits: dict[int, int] = {}
        self._unclear: dict[int, tuple[Cause, str, LogLine]] = {}
        self._orders: dict[str, LogLine] = {}
        self._attempts = 0

    # --- whose line it is -------------------------------------------------------------

    def _follow(self, line: LogLine) -> None:
        if line.message.startswith(START):
            self._forget_all()
            return
        if line.number is not None:
            self._threads[line.thread] = self._numbered(line.number, line.name)
        elif line.message.startswith(JOBS):
            self._threads.pop(line.thread, None)
        word = line.message.lstrip(" ").partition(" ")[0]
        for pattern, follow in FOLLOWED.get(word, ()):
            if found := re.match(pattern, line.message):
                follow(self, line, found)
                break
        if found := re.match(PEER_INITIATES, line.message):
            self._peer_initiates(line)
        if told := cause_of(line, self._rows, self._now):
            self._tell(*told, line)

    def _numbered(self, number: int, name: str, peer: str = "") -> Sa:
        """The IKE_SA of a number; another name is another IKE_SA of another charon."""
        sa = self._sas.get(number)
        if sa is None or (name and sa.name and sa.name != name):
            sa = self._sas[number] = Sa(number)
        sa.name = name or sa.name
        sa.peer = peer or sa.peer
        return sa

    def _packet(self, line: LogLine, found: re.Match[str]) -> None:
        received = found[1] == "received"
        peer = found[2] if received else found[3]
        if line.number is not None:
            self._threads[line.thread].peer = peer
        elif received:
            self._threads[line.thread] = self._with_peer(peer)
        if not received and line.thread in self._retransmits:
            sa = self._threads[line.thread] if line.number else self._with_peer(peer)
            sa.retransmits = self._retransmits.pop(line.thread)

    def _with_peer(self, peer: str) -> Sa:
        """The IKE_SA with a peer, if there is one only; else one without a name."""
        live = [sa for sa in self._sas.values() if sa.peer == peer and not sa.gone]
        return live[0] if len(live) == 1 else Sa(None, peer)

    def _peer_initiates(self, line: LogLine) -> None:
        """Not the IKE_SA that was initiated here, although it is the only one with the peer."""
        sa = self._threads.get(line.thread)
        if sa and line.number is None and sa.initiated:
            sa = self._threads[line.thread] = Sa(None, sa.peer)
        if sa and "AUTH" not in line.message:
            self._attempts += 1
        if sa and not sa.initiated:
            sa.attempt = self._attempts

    # --- what becomes of it -----------------------------------------------------------

    def _initiating(self, line: LogLine, found: re.Match[str]) -> None:
        sa = self._numbered(int(found["number"]), found["name"], found[3])
        self._attempts += 1
        sa.attempt, sa.initiated, sa.gone, sa.retransmits = self._attempts, True, False, 0
        self._threads[line.thread] = sa
        if line.thread in self._unclear:
            cause, words, earlier = self._unclear.pop(line.thread)
            self._tell_of(sa, cause, words, earlier)

    def _ike_up(self, line: LogLine, found: re.Match[str]) -> None:
        sa = self._numbered(int(found["number"]), found["name"], found[3])
        sa.up, sa.gone, sa.retransmits = True, False, 0
        self._threads[line.thread] = sa
        self._ended(sa)

    def _establishing(self, line: LogLine, found: re.Match[str]) -> None:
        if sa := self._threads.get(line.thread):
            sa.child = found["child"]

    def _child_up(self, line: LogLine, found: re.Match[str]) -> None:
        name, sa = found["child"], self._threads.get(line.thread)
        self._children[name][found["unique"]] = sa
        self.of_child.pop(name, None)
        self._orders.pop(name, None)
        if sa:
            self._ended(sa)
            sa.told_of_child = None

    def _ended(self, sa: Sa) -> None:
        """What was told of it before it came up."""
        self.of_ike.pop(sa.name, None)
        self.of_peer.pop(sa.peer, None)
        self._orders.pop(sa.name, None)

    def _child_closing(self, line: LogLine, found: re.Match[str]) -> None:
        """A peer's DELETE stands right before it; one of several is no loss."""
        name, sa = found["child"], self._threads.get(line.thread)
        self._children[name].pop(found["unique"], None)
        told, closed = sa and sa.told_of_child, not self._children[name]
        if sa and told:
            sa.told_of_child = None
            if closed:
                self._add(self.of_child[name], told)
        if closed and line.message.startswith(EXPIRED.begin):
            self._tell_of_child(name, EXPIRED, EXPIRED.words, line)
        order = self._orders.pop(f"{{{found['unique']}}}", None) or self._orders.pop(name, None)
        if order and closed:
            self._tell_of_child(name, TAKEN_DOWN, f"CHILD_SA {TAKEN_DOWN.words}", order)

    def _deleting(self, line: LogLine, found: re.Match[str]) -> None:
        number, name = int(found["number"]), found["name"]
        sa = self._numbered(number, name, found[3])
        order = self._orders.pop(f"[{number}]", None) or self._orders.get(name)
        sa.up, sa.gone = False, True
        for children in self._children.values():
            for unique in [one for one, its in children.items() if its is sa]:
                del children[unique]
        if order and not self._other_up(sa):
            self._attempts += 1
            sa.attempt = self._attempts
            self._tell_of(sa, TAKEN_DOWN, TAKEN_DOWN.words, order)

    def _deleted_by_peer(self, line: LogLine, found: re.Match[str]) -> None:
        sa = self._numbered(int(found["number"]), found["name"])
        self._threads[line.thread] = sa
        self._attempts += 1
        sa.up, sa.attempt = False, self._attempts

    def _other_up(self, sa: Sa) -> bool:
        return any(one.up and one.name == sa.name and one is not sa for one in self._sas.values())

    def _is_gone(self, line: LogLine, found: re.Match[str]) -> None:
        if sa := self._threads.get(line.thread):
            sa.up, sa.gone = False, True

    def _retransmit(self, line: LogLine, found: re.Match[str]) -> None:
        self._retransmits[line.thread] = int(found[1])

    def _selected(self, line: LogLine, found: re.Match[str]) -> None:
        if (sa := self._threads.get(line.thread)) and not sa.name:
            sa.name = found[1]

    def _ordered(self, line: LogLine, found: re.Match[str]) -> None:
        name, ike, child = found.groups()
        if ike and ike != "*":
            self._orders[f"[{ike}]"] = line
        elif child and child != "*":
            self._orders[f"{{{child}}}"] = line
        elif name:
            self._orders[name] = line

    # --- what is told -----------------------------------------------------------------

    def _tell(self, cause: Cause, words: str, line: LogLine) -> None:
        sa = self._threads.get(line.thread)
        if cause.about is About.NAME and line.number is None:
            sa = Sa(None, words.rpartition(" ")[2])
        if cause.about is About.TIMER and line.number is None:
            sa = self._never_answered(line)
            self._threads.pop(line.thread, None)
            if sa is None:
                self._unclear[line.thread] = cause, words, line
            else:
                self._threads[line.thread] = sa
        if sa:
            self._tell_of(sa, cause, words, line)

    def _tell_of_child(self, name: str, cause: Cause, words: str, line: LogLine) -> None:
        self._attempts += 1
        self._add(self.of_child[name], Told(cause, words, line, self._attempts, None))

    def _never_answered(self, line: LogLine) -> Sa | None:
        """The IKE_SA that is given up, if only one has had so many retransmits."""
        number = re.search(r"\d{1,9}", line.message)
        with_it = [
            sa for sa in self._sas.values() if number and sa.retransmits == int(number[0]) > 0
        ]
        return with_it[0] if len(with_it) == 1 else None

    def _tell_of(self, sa: Sa, cause: Cause, words: str, line: LogLine) -> None:
        told = Told(cause, words, line, sa.attempt, sa.number)
        if cause.about is About.CLOSED:
            sa.told_of_child = told
            return
        if cause.about is not About.CHILD_SA and self._other_up(sa):
            return
        sa.gone = sa.gone or (cause.about is About.IKE_SA and not sa.up)
        if cause.about is About.TIMER:
            sa.retransmits, sa.gone, sa.up = 0, True, False
        told = told._replace(child=sa.child if cause.about is About.CHILD_SA else "")
        if sa.name:
            self._add(self.of_ike[sa.name], told)
        elif sa.peer:
            self._add(self.of_peer[sa.peer], told)

    def _add(self, to: list[Told], told: Told) -> None:
        to.append(told)
        del to[:-MOST]


# of one name no more is kept: a peer may try every second
MOST = 20
FOLLOWED = {
    "received": (
        (PACKET, Story._packet),
        (DELETE, Story._deleted_by_peer),
        (ORDERED, Story._ordered),
    ),
    "sending": ((PACKET, Story._packet), (RETRANSMIT, Story._retransmit)),
    "retransmit": ((RETRANSMIT, Story._retransmit),),
    "initiating": ((INITIATING, Story._initiating),),
    "IKE_SA": ((IKE_UP, Story._ike_up), (GONE[0], Story._is_gone)),
    "deleting": ((DELETING, Story._deleting),),
    "establishing": ((f"establishing {CHILD}", Story._establishing), (GONE[1], Story._is_gone)),
    "CHILD_SA": ((rf"{CHILD} established", Story._child_up),),
    "inbound": ((rf"inbound {CHILD} established", Story._child_up),),
    "rekeyed": ((rf"rekeyed {OLD} with {CHILD[9:]}", Story._child_up),),
    "closing": ((f"closing (?:expired )?{CHILD}", Story._child_closing),),
    "selected": ((SELECTED, Story._selected),),
}
