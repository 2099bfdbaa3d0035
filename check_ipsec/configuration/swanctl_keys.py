"""The options of swanctl.conf in the keywords of ipsec.conf, which truth/ compares with.

=================================== =====================================================
swanctl.conf                        ipsec.conf
=================================== =====================================================
``local_addrs``, ``remote_addrs``   ``left``, ``right``: charon swaps no ends here
``version`` 0 (default), 1, 2       ``keyexchange`` ike, ikev1, ikev2
``proposals``, ``esp_proposals``,   ``ike``, ``esp``, ``ah``, with ``!`` unless ``default``
``ah_proposals``                    is among them
``mobike``, ``vips``, ``mark_in``,  ``mobike``, ``leftsourceip``, ``mark_in``,
``mark_out``, ``policies``,         ``mark_out``, ``installpolicy``,
``if_id_in``, ``if_id_out``         the same, which ipsec.conf does not have
``sha256_96``                       ``sha256_96``
``auth``, ``id`` of the first       ``leftauth``, ``leftid``, ``rightauth``, ``rightid``;
``local``, ``remote`` section       ``id`` of the second: ``leftid2``, ``rightid2``
``certs``, and ``file`` of its      ``leftcerts``, ``rightcerts``, of the second ``leftcerts2``:
``cert`` sections                   as ``leftcert``, but no identity is taken from these
``pubkeys``                         ``leftpubkeys``, ``rightpubkeys``: as ``leftsigkey``
``revocation`` strict, ifuri        ``strictcrlpolicy`` yes, ifuri
``crl_uris``, ``ocsp_uris`` of      ``crluri=yes`` of every connection
``authorities``
``local_ts``, ``remote_ts``         ``leftsubnet``, ``rightsubnet``
``mode`` tunnel (default), ...      ``type``
``start_action`` none (default),    ``auto`` add,
start, trap, ``trap|start``         start, route, start with ``trap=yes``
no ``children``                     ``children=none``
=================================== =====================================================

Upstream: strongSwan, src/libcharon/plugins/vici/vici_config.c (``peer_kv``, ``child_kv``,
``auth_kv``, ``parse_action``, ``config_sn``) and its defaults. charon refuses a connection
with an option or a value that it does not know; then it is not loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

ACTIONS = {"none": (), "clear": (), "start": ("start",), "restart": ("start",),
           "trap": ("trap",), "route": ("trap",)}  # fmt: skip
POLICIES = {"strict": "yes", "ifuri": "ifuri"}
VERSIONS = {"0": "ike", "1": "ikev1", "2": "ikev2"}
YES = ("yes", "true", "enabled", "1")
ENDS = (("local", "left"), ("remote", "right"))

Values = dict[str, str]
# what many have in common is made once
Pairs = tuple[tuple[str, str], ...]
# of a connection without any
NO_CHILDREN = {"auto": ("add", ""), "children": ("none", "")}
# the value in the words of ipsec.conf, and how the file says it
Found = tuple[str, str]


def of_connection(peer: Values, rounds: dict[str, Values]) -> dict[str, Found]:
    """What is common to all children of a connection.

    ``rounds`` are its sections by name, of which those of authentication begin with
    ``local`` or ``remote``.
    """
    own = tuple([(name, tuple(values.items())) for name, values in rounds.items()])
    return {**dict(of_peer(peer)), **_of_rounds(own)}


@cache
def _of_rounds(rounds: tuple[tuple[str, Pairs], ...]) -> dict[str, Found]:
    return dict(of_rounds({name: dict(values) for name, values in rounds}))


def said(values: Values, key: str, default: str = "") -> str:
    """A pair as the file has it, or what stands in its place."""
    return f"{key}={values[key]}" if key in values else f"no {key}{default}"


def of_peer(peer: Values) -> Iterator[tuple[str, Found]]:
    """What its own pairs say."""
    for end, side in ENDS:
        key = f"{end}_addrs"
        yield side, (listed(peer.get(key, "%any")), said(peer, key))
    version = VERSIONS.get(peer.get("version", "0").strip(), "ike")
    yield "keyexchange", (version, said(peer, "version"))
    if "proposals" in peer:
        yield "ike", (proposals(peer["proposals"]), said(peer, "proposals"))
    if "mobike" in peer:
        yield "mobike", (flag(peer["mobike"]), said(peer, "mobike"))
    for key in ("if_id_in", "if_id_out"):
        if key in peer:
            yield key, (peer[key], said(peer, key))
    if peer.get("vips"):
        yield "leftsourceip", (listed(peer["vips"]), said(peer, "vips"))


def of_rounds(rounds: dict[str, Values]) -> Iterator[tuple[str, Found]]:
    """How each end authenticates itself at first; without a word of it, anyhow."""
    for end, side in ENDS:
        own = [values for name, values in rounds.items() if name.lower().startswith(end)]
        own.sort(key=number_of_round)
        first = own[0] if own else {}
        yield f"{side}auth", (first.get("auth", "any"), said(first, "auth"))
        for number, values in enumerate(own, 1):
            suffix = str(number) if number > 1 else ""
            if values.get("id"):
                yield f"{side}id{suffix}", (values["id"], said(values, "id"))
            if certificates := listed(values.get("certs", "")):
                yield f"{side}certs{suffix}", (certificates, said(values, "certs"))
            if values.get("pubkeys"):
                yield f"{side}pubkeys{suffix}", (listed(values["pubkeys"]), said(values, "pubkeys"))
            if (word := values.get("revocation", "").lower()) in POLICIES:
                yield "strictcrlpolicy", (POLICIES[word], said(values, "revocation"))


def of_authorities(authorities: Iterable[Values]) -> dict[str, Found]:
    """Whether there are addresses of lists of revoked certificates."""
    known = any(one.get("crl_uris") or one.get("ocsp_uris") for one in authorities)
    return {"crluri": ("yes", "")} if known else {}


def number_of_round(values: Values) -> int:
    """``round``, 0 where it is not set."""
    text = values.get("round", "0")
    return int(text) if text.isdecimal() else 0


def of_child(child: Values) -> dict[str, Found]:
    """What a child has for itself."""
    return _of_child(tuple(child.items()))


@cache
def _of_child(child: Pairs) -> dict[str, Found]:
    return dict(pairs_of_child(dict(child)))


def pairs_of_child(child: Values) -> Iterator[tuple[str, Found]]:
    """The same."""
    for end, side in ENDS:
        key = f"{end}_ts"
        yield f"{side}subnet", (selectors(child.get(key, "dynamic")), said(child, key))
    yield "type", (child.get("mode", "tunnel").lower(), said(child, "mode"))
    yield "auto", (auto(child.get("start_action", "none")), said(child, "start_action"))
    if set(actions(child.get("start_action", "none"))) == {"trap", "start"}:
        yield "trap", ("yes", said(child, "start_action"))
    for key, keyword in (("esp_proposals", "esp"), ("ah_proposals", "ah")):
        if key in child:
            yield keyword, (proposals(child[key]), said(child, key))
    for key in ("mark_in", "mark_out", "if_id_in", "if_id_out"):
        if key in child:
            yield key, (child[key], said(child, key))
    if "policies" in child:
        yield "installpolicy", (flag(child["policies"]), said(child, "policies"))
    if flag(child.get("sha256_96", "no")) == "yes":
        yield "sha256_96", ("yes", said(child, "sha256_96"))


def actions(text: str) -> tuple[str, ...]:
    """What is done when a connection is loaded."""
    words = (word.strip().lower() for word in text.split("|"))
    return tuple(action for word in words for action in ACTIONS.get(word, ()))


def auto(text: str) -> str:
    """The ``auto`` of a ``start_action``."""
    found = actions(text)
    return "start" if "start" in found else "route" if "trap" in found else "add"


def proposals(text: str) -> str:
    """A list that the file insists on, unless charon's own are among it."""
    words = listed(text)
    return words if "default" in words.split(",") else f"{words}!"


def listed(text: str) -> str:
    """A list as ipsec.conf has it (enumerator_create_token)."""
    if "," not in text:
        return text.strip(" ")
    return ",".join(filter(None, (word.strip(" ") for word in text.split(","))))


def selectors(text: str) -> str:
    """A list of selectors; ``dynamic`` and ``any`` have other names there."""
    return ",".join([selector(one) for one in listed(text).split(",")])


def selector(text: str) -> str:
    """One selector."""
    if "[" not in text:
        return "%dynamic" if text == "dynamic" else text
    network, _, rest = text.partition("[")
    network = selector(network)
    protocol, slash, port = rest.removesuffix("]").partition("/")
    protocol, port = (NARROWED.get(word, word) for word in (protocol, port))
    return f"{network}[{protocol}{slash}{port}]"


NARROWED = {"any": "%any", "opaque": "OPAQUE"}


def flag(text: str) -> str:
    """A yes or no (settings.c, settings_value_as_bool)."""
    return "yes" if text.lower() in YES else "no"
