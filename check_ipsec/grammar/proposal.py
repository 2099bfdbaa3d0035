r"""The value of ``ike=``, ``esp=`` and ``ah=``, and the proposal that charon prints of an SA.

Read by strongSwan, src/libcharon/plugins/stroke/stroke_config.c (``add_proposals``) and
src/libstrongswan/crypto/proposal/proposal.c (``proposal_create_from_string``); printed by
``proposal_printf_hook`` there and, of a CHILD_SA, by stroke_list.c (``log_child_sa``).

Sample::

    aes128gcm16-prfsha384-ecp384bp,aes256-sha256-modp3072!

EBNF::

    setting  = proposal, { ",", proposal }, [ "!" ] ;
    proposal = keyword, { "-", keyword } ;
    printed  = word, { "/", word } ;

Blanks around a keyword count for nothing. ``check_ipsec`` reads one setting a connection
every minute: it is split, not parsed.
"""

from functools import lru_cache
from typing import NamedTuple

from check_ipsec.model.algorithms import Algorithm, algorithm, named


class Setting(NamedTuple):
    """The proposals that a connection lists.

    ``strict``: no others are taken. ``unknown`` are the words that are no keyword of a known
    release; charon refuses a connection with one, so there it is of a newer release.
    """

    strict: bool
    proposals: tuple[tuple[Algorithm, ...], ...]
    unknown: tuple[str, ...]


@lru_cache(maxsize=256)
def parse(text: str) -> Setting:
    """What a setting says; there is none that cannot be read."""
    strict = text.endswith("!")
    unknown: list[str] = []
    proposals = []
    for part in text.removesuffix("!").split(","):
        found = []
        for word in part.split("-"):
            one = algorithm(word.strip(" "))
            if one is None:
                unknown.append(word.strip(" "))
            else:
                found.append(one)
        proposals.append(tuple(found))
    return Setting(strict, tuple(proposals), tuple(unknown))


class Printed(NamedTuple):
    """The algorithms of an SA. ``unknown`` are the words that no known release prints."""

    algorithms: tuple[Algorithm, ...]
    unknown: tuple[str, ...]


@lru_cache(maxsize=256)
def parse_printed(text: str) -> Printed:
    """What charon prints of an SA; an empty text holds no algorithm."""
    words = [word for word in text.split("/") if word]
    found = [named(word) for word in words]
    return Printed(
        tuple(one for one in found if one),
        tuple(word for word, one in zip(words, found) if one is None),
    )
