r"""Text that others chose, shown so that it can do no harm.

Names and identities may hold line feeds, terminal escapes and ``|``. Control
characters (C0, DEL, C1, those that change the writing direction), bytes that are not
UTF-8 and ``|``, which begins performance data, are shown as ``\xNN`` or ``\uNNNN``.
"""

import re

BIDI = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
HARMFUL = rf"[\x00-\x1f\x7f-\x9f|{BIDI}\ud800-\udfff]"
UNDECODED = range(0xDC80, 0xDD00)


def plain(text: str) -> str:
    """``text`` on one line, harmless and encodable."""
    if text.isprintable() and "|" not in text:
        return text
    return re.sub(HARMFUL, _escape, text)


def plain_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(plain, text.split("\n")))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in UNDECODED:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
