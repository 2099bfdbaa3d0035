"""What of a text is not kept: session keys, and addresses of the kernel's memory."""

import re

from check_ipsec.host.sources import Source

_KEY = re.compile(r"0x[0-9a-fA-F]{16,}")

# bytes as charon writes them from level 3 on, keys among them from level 4 (utils/debug.c)
_DUMP = r" \d+: [0-9A-F]{2}(?: [0-9A-F]{2}){3,15}"


def without_keys(source: Source, text: str) -> str:
    """``text``, with session keys hidden as ``ip xfrm state list nokeys`` hides them."""
    if source.is_log and re.search(_DUMP, text):
        return re.sub(rf"(?m)^.*{_DUMP}.*\n", "", text)
    return _KEY.sub("<<Keys hidden>>", text) if "state" in source.words else text


def without_addresses(source: Source, text: str) -> str:
    """``text``, with addresses of the kernel's memory as /proc/modules shows them to users."""
    return _KEY.sub("0x0000000000000000", text) if source is Source.MODULES else text
