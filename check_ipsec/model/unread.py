"""What of a text no grammar knows."""

from typing import NamedTuple, Optional

# the section of what was added to a protocol that may grow: seen, and no misunderstanding
ADDITIONS = "VICI"
# those of texts that are made of events, of which a part that is unread has no name
LIST_CONNS, LIST_SAS, LIST_POLS = EVENTS = ("list-conns", "list-sas", "list-pols")


class UnreadLine(NamedTuple):
    """A line that the grammar does not know, and the section that it stands in.

    ``hides``: a connection or an SA may stand in it; else it is more of one that was read.
    """

    section: str
    line: int
    text: str
    hides: bool = True


class UnreadRecord(NamedTuple):
    """A state or a policy that could not be read; its ends and direction where they could."""

    source: Optional[str]
    destination: Optional[str]
    direction: Optional[str]
