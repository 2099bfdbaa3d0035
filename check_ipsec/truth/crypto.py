"""Whether what was agreed on is what policy allows: a function a concern, or a few.

charon prints no proposals of what it has loaded: the file is what counts. The first CHILD_SA
of an IKE_SA has its keys of the IKE_SA's key exchange, and charon prints none then. Key sizes of
the kernel cannot be seen without its keys, which nobody asks for: names are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from check_ipsec.grammar.proposal import parse, parse_printed
from check_ipsec.model.algorithms import Algorithm, Kind
from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa
from check_ipsec.model.kernel import XfrmState
from check_ipsec.truth.concerns import Concern, Found
from check_ipsec.truth.floor import NO_ENCRYPTION, SMALL_GROUPS, Level, level
from check_ipsec.truth.kernel_algorithms import counts_otherwise, differing
from check_ipsec.truth.observe_crypto import Agreement, Settings, StateKey
from check_ipsec.truth.proposals import allows, completed
from check_ipsec.truth.stale import MODES


class Policy(NamedTuple):
    """What counts. ``allowed`` are algorithms, as charon prints them, that nothing is said of.

    ``floor``: whether the RFCs count for what the file lists.
    """

    allowed: frozenset[str] = frozenset()
    floor: bool = True


class Moment(NamedTuple):
    """What the reasons are found by."""

    agreement: Agreement
    policy: Policy
    states: dict[StateKey, XfrmState] | None

    @property
    def settings(self) -> Settings:
        """Those of the file; none where it does not list the connection."""
        return self.agreement.settings or {}

    @property
    def key(self) -> str:
        """The keyword of the file that CHILD_SAs go by (stroke_config.c, build_child_cfg)."""
        return "ah" if "ah" in self.settings else "esp"


def concerns(moment: Moment) -> list[Found]:
    """All that is to be said of a connection, each once."""
    return list(dict.fromkeys(found for reason in REASONS for found in reason(moment)))


# --- what was agreed on ---------------------------------------------------------------


def agreed(moment: Moment) -> Iterator[tuple[str, str]]:
    """``IKE``, ``ESP`` or ``AH``, and a proposal that charon prints."""
    for ike in moment.agreement.ike_sas:
        if ike.proposal:
            yield "IKE", ike.proposal
    for _, child in moment.agreement.sas:
        if child.proposal:
            yield child.protocol or "ESP", child.proposal


def weak_algorithms(moment: Moment) -> Iterator[Found]:
    """FORBIDDEN, DISCOURAGED, SMALL_GROUP and NOT_ENCRYPTED, of what was agreed on."""
    for about, proposal in agreed(moment):
        for concern, name in weaknesses(about, parse_printed(proposal).algorithms, moment.policy):
            yield Found(concern, about, name)


def weaknesses(
    about: str, algorithms: tuple[Algorithm, ...], policy: Policy
) -> Iterator[tuple[Concern, str]]:
    """What is weak among the algorithms of IKE, ESP or AH, by the name that charon prints."""
    for one in algorithms:
        if one._replace(round=None).printed in policy.allowed:
            continue
        found = level(one, about == "IKE")
        if found is not None:
            yield LEVELS[found], one.printed
        # one of several key exchanges that is strong is enough
        if one.name in SMALL_GROUPS and not one.round and not has_strong_round(algorithms):
            yield Concern.SMALL_GROUP, one.printed
        if one.name in NO_ENCRYPTION and about == "ESP":
            yield Concern.NOT_ENCRYPTED, one.printed
    kinds = {one.kind for one in algorithms}
    if about == "ESP" and Kind.ENCRYPTION in kinds and Kind.INTEGRITY not in kinds:
        yield Concern.FORBIDDEN, "no integrity"


LEVELS = {Level.MUST_NOT: Concern.FORBIDDEN, Level.SHOULD_NOT: Concern.DISCOURAGED}


def has_strong_round(algorithms: tuple[Algorithm, ...]) -> bool:
    """Whether an additional key exchange is no small group."""
    return any(one.round and one.name and one.name not in SMALL_GROUPS for one in algorithms)


def unknown_algorithms(moment: Moment) -> Iterator[Found]:
    """UNKNOWN, of what was agreed on and of the file."""
    if moment.agreement.hidden:
        yield Found(Concern.UNKNOWN, "", moment.agreement.hidden)
    for ike in moment.agreement.ike_sas:
        if not ike.proposal:
            yield Found(Concern.UNKNOWN, "IKE", "proposal not known")
    for _, child in moment.agreement.sas:
        if not child.proposal and child.state is ChildState.INSTALLED:
            yield Found(Concern.UNKNOWN, child.protocol or "ESP", "proposal not known")
    for about, proposal in agreed(moment):
        for word in parse_printed(proposal).unknown:
            yield Found(Concern.UNKNOWN, about, f"{word} not known")
    for key in ("ike", moment.key):
        for word in parse(moment.settings.get(key, "")).unknown if key in moment.settings else ():
            yield Found(Concern.UNKNOWN, f"{key}=", f"{word or '(empty)'} not known")


# --- what the file says ---------------------------------------------------------------


def not_listed(moment: Moment) -> Iterator[Found]:
    """NOT_LISTED."""
    for about, proposal in agreed(moment):
        key = about.lower()
        setting = moment.settings.get(key, "")
        # the kernel shortens it otherwise then, and not every release prints which
        if "sha256_96" in moment.settings and key != "ike":
            continue
        if allows(key, setting, proposal) is False:
            yield Found(Concern.NOT_LISTED, about, f"{proposal} not in {key}=")


def open_to_weaker(moment: Moment) -> Iterator[Found]:
    """OPEN."""
    if moment.agreement.settings is None:
        return
    agreed_on = {found.text for found in weak_algorithms(moment)}
    for key in ("ike", moment.key):
        if key not in moment.settings:
            yield Found(Concern.OPEN, Concern.OPEN.value, f"no {key}=")
            continue
        setting = parse(moment.settings[key])
        if not setting.strict:
            yield Found(Concern.OPEN, Concern.OPEN.value, f"{key}= without !")
        for name in listed_weak(key, moment):
            if name not in agreed_on:
                yield Found(Concern.OPEN, Concern.OPEN.value, f"{key}= has {name}")


def listed_weak(key: str, moment: Moment) -> Iterator[str]:
    """What the file lists although it is weak."""
    about = key.upper()
    for proposal in parse(moment.settings[key]).proposals:
        listed = completed(key, proposal)
        for concern, name in weaknesses(about, listed, moment.policy):
            if moment.policy.floor or concern not in LEVELS.values():
                yield name


def without_pfs(moment: Moment) -> Iterator[Found]:
    """NO_PFS."""
    proposals = parse(moment.settings.get(moment.key, ""))
    listed = [completed(moment.key, one) for one in proposals.proposals]
    is_known = proposals.strict and not proposals.unknown
    if moment.settings.get("rekey") != "no" and is_known and not any(map(has_group, listed)):
        yield Found(Concern.NO_PFS, moment.key.upper(), "no PFS")
        return
    for ike, child in moment.agreement.sas:
        printed = parse_printed(child.proposal or "")
        if not child.proposal or printed.unknown or has_group(printed.algorithms):
            continue
        if ike.version == "IKEv1" or is_younger(child, ike, moment.settings):
            yield Found(Concern.NO_PFS, child.protocol or "ESP", "no PFS")


def has_group(algorithms: tuple[Algorithm, ...]) -> bool:
    """Whether there is a key exchange."""
    return any(one.kind is Kind.KEY_EXCHANGE and one.name for one in algorithms)


def is_younger(child: ChildSa, ike: IkeSa, settings: Settings) -> bool:
    """Whether a CHILD_SA was made after its IKE_SA, so with keys of its own.

    It is rekeyed at ``lifetime`` less ``margintime`` at the latest, and charon prints a time
    until then that is too short by less than its unit.
    """
    lifetime = seconds(settings.get("lifetime", "1h"))
    margin = seconds(settings.get("margintime", "9m"))
    if child.rekey_in is None or ike.age is None or lifetime is None or margin is None:
        return False
    oldest = lifetime - margin - child.rekey_in
    return 0 <= oldest < ike.age - SLACK


# a CHILD_SA is made while its IKE_SA is
SLACK = 60
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> int | None:
    """A duration of ipsec.conf, None where starter would take it otherwise."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    return int(found[1]) * UNITS[found[2]] if found else None


def other_mode(moment: Moment) -> Iterator[Found]:
    """MODE."""
    if moment.agreement.settings is None:
        return
    mode = moment.settings.get("type", "tunnel")
    wanted = MODES.get(mode)
    for _, child in moment.agreement.sas:
        if wanted and child.mode and not child.mode.startswith(wanted):
            yield Found(Concern.MODE, "", f"{child.mode}, not type={mode}")


# --- IKEv1 ------------------------------------------------------------------------------


def old_version(moment: Moment) -> Iterator[Found]:
    """IKEV1."""
    versions = {ike.version for ike in moment.agreement.ike_sas}
    if "IKEv1" in versions or moment.settings.get("keyexchange") == "ikev1":
        yield Found(Concern.IKEV1, "", "IKEv1")


def aggressive(moment: Moment) -> Iterator[Found]:
    """AGGRESSIVE, as it was loaded, or as the file has it."""
    loaded = any(
        peer.aggressive
        and any(one.method.startswith("pre-shared key") for one in peer.local_rounds)
        for peer in moment.agreement.peers
    )
    settings = moment.settings
    method = settings.get("leftauth", settings.get("authby", "pubkey"))
    asked_for = settings.get("aggressive") == "yes" and settings.get("keyexchange") == "ikev1"
    if loaded or (asked_for and method in ("psk", "secret", "xauthpsk")):
        yield Found(Concern.AGGRESSIVE, "", "aggressive mode with PSK")


# --- the kernel -------------------------------------------------------------------------


def of_the_kernel(moment: Moment) -> Iterator[Found]:
    """KERNEL and NUMBERS."""
    for ike, child in moment.agreement.sas:
        ends = ((ike.local_host, child.spi_in), (ike.remote_host, child.spi_out))
        for destination, spi in ends:
            if moment.states is None or spi is None or not child.protocol:
                continue
            state = moment.states.get((child.protocol.lower(), destination, spi))
            printed = parse_printed(child.proposal or "")
            for found, wanted in differing(printed.algorithms, state) if state else ():
                yield Found(Concern.KERNEL, "", f"kernel has {found}, not {wanted}")
            if state is None or not child.proposal or printed.unknown:
                continue
            if text := counts_otherwise(printed.algorithms, state):
                yield Found(Concern.NUMBERS, "", text)


REASONS: tuple[Callable[[Moment], Iterator[Found]], ...] = (
    weak_algorithms,
    unknown_algorithms,
    aggressive,
    old_version,
    of_the_kernel,
    not_listed,
    other_mode,
    without_pfs,
    open_to_weaker,
)
