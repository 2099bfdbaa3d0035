r"""What ``ip xfrm state list nokeys`` and ``ip xfrm policy list`` have in common.

Both are written by iproute2's ip/ipxfrm.c: a record begins at the first column, its
attributes are indented with one tab, what belongs to an attribute with two.

Nearly all records of a host are plain: they have what every SA needs, and nothing else. They
have a pattern of their own, so that what few hosts print costs the others nothing; by that of
any record they would be read alike.

A record that does not fit is read once more as a newer release may print it
(``of_xfrm/productions.py``): indented otherwise, with more at the end of its lines, with
attributes that no release has. What was known is read then, and the record is not
``understood``. What still does not fit is unread up to the next record; of it are kept the ends
and the direction, where they can be told, so that it is known what may stand in it.
"""

from check_ipsec.grammar.of_xfrm.wording import Kinds, Read
from check_ipsec.grammar.records import plainly, require_whole_lines


def parse(kinds: Kinds, text: str, source: str) -> Read:
    """The records, those that are unread, and all lines that are.

    Raises ParseError where the text ends in the middle of a line.
    """
    require_whole_lines(text, source)
    records = [*([kinds.plain] if kinds.plain else ()), *kinds.known()]
    facts = plainly(lambda cursor: cursor.some(*records), text)
    if facts is None:
        from check_ipsec.grammar.of_xfrm.productions import parse_any

        return parse_any(kinds, text, source)
    return tuple(fact for fact in facts if fact is not None), (), ()
