"""A listing: an event for each thing that is listed, and the reply that ends it."""

from __future__ import annotations

from typing import Any, NamedTuple

from check_ipsec.grammar.of_vici.facts import event, indented
from check_ipsec.grammar.records import Build, Cursor, Record, plainly, require_whole_lines


class Unread(NamedTuple):
    """A token: lines that are read by no production."""

    place: int
    text: str


class Listing(NamedTuple):
    """What is listed: nearly all is ``plain``, where there is such a record.

    ``section`` is what it is called where something of it is unread.
    """

    section: str
    label: str
    reply: str
    build: Build
    name: str
    plain: Record | None = None

    @property
    def event(self) -> Record:
        """Any event."""
        return Record(event(self.label), self.build, self.name)

    @property
    def end(self) -> Record:
        """The reply."""
        pattern = rf"{self.reply} reply \{{\n{indented(1)}\}}\n"
        return Record(pattern, lambda found: None, f"'{self.reply} reply'")

    def read(self, cursor: Cursor) -> list[Any]:
        """A whole listing in which all is understood. Raises Unlike."""
        found = cursor.some(*([self.plain] if self.plain else ()), self.event)
        cursor.one(self.end)
        return found


def parse_reply(record: Record, text: str, source: str) -> Any:
    """What an answer says that is one reply. Raises ParseError where it is not."""
    require_whole_lines(text, source)
    found = plainly(lambda cursor: [cursor.one(record)], text)
    if found is None:
        from check_ipsec.grammar.tokens import one, parse_whole

        found = parse_whole(one(record), text, source)
    return found[0]
