"""One look at the host: what charon holds of the connections that are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.ipsec_global.orders import Order, Verb, close_child, close_ike
from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa
from check_ipsec.report.sas import child_tag, ike_tag, trap_tag
from check_ipsec.truth.observe import Observation, Question, chosen, matches
from check_ipsec.truth.rows import STARTING, tasks
from check_ipsec.truth.unlisted import Unlisted
from check_ipsec.truth.verdict import Verdict

GONE = {ChildState.DELETING, ChildState.DELETED, ChildState.DESTROYING}
CREATING = {"CHILD_CREATE", "QUICK_MODE"}
UNNAMED = "(unnamed)"  # ike_sa.c: of a peer that has not said yet who it is


class Scene(NamedTuple):
    """All connections as ``observation`` has them, and those asked for: ``chosen``.

    ``foreign`` is what charon holds although the file does not name it, under names
    that are asked for.
    """

    observation: Observation
    chosen: tuple[Verdict, ...]
    foreign: Unlisted


class Holding(NamedTuple):
    """A trap, an IKE_SA or one CHILD_SA that charon holds of chosen connections.

    ``child`` is None where the IKE_SA goes as a whole, both are None for a trap.
    ``order`` takes it away; it is None for an IKE_SA that is being set up for one of
    several connections, of which some are not asked for.
    """

    connections: tuple[str, ...]
    tags: tuple[str, ...]
    order: Order | None
    ike: IkeSa | None = None
    child: ChildSa | None = None


def scene(observation: Observation, question: Question) -> Scene:
    """What the globs of ``question`` leave of an observation of all connections."""
    names = {one.name for one in chosen(observation.configuration.connections, question)}
    verdicts = tuple(v for v in observation.verdicts if v.connection.name in names)

    def asked_for(name: str) -> bool:
        included = matches(name, question.include or ("*",))
        return included and not matches(name, question.exclude)

    loaded, sas, ike_sas, traps, _ = observation.unlisted
    foreign = Unlisted(
        loaded=tuple(filter(asked_for, loaded)),
        sas=tuple((ike, child) for ike, child in sas if asked_for(child.name)),
        ike_sas=tuple(ike for ike in ike_sas if ike.name != UNNAMED and asked_for(ike.name)),
        traps=tuple(trap for trap in traps if asked_for(trap.name)),
    )
    return Scene(observation, verdicts, foreign)


def half_open(seen: Scene) -> tuple[IkeSa, ...]:
    """The IKE_SAs of peers that are about to say who they are."""
    return tuple(ike for ike in seen.observation.unlisted.ike_sas if ike.name == UNNAMED)


def held(seen: Scene) -> tuple[Holding, ...]:
    """What charon holds of the chosen connections, traps first."""
    status = seen.observation.status
    if status is None:
        return ()
    names = {verdict.connection.printed_name: verdict.connection.name for verdict in seen.chosen}
    traps = (
        Holding((names[trap.name],), (trap_tag(trap),), Order(Verb.UNROUTE, names[trap.name]))
        for trap in status.traps
        if trap.name in names
    )
    owners = owners_by_ike(seen.observation)
    sas = (
        holding
        for ike in status.ike_sas
        for holding in held_of(ike, names, owners.get(ike.unique_id, set()))
    )
    return (*traps, *sas)


def owners_by_ike(observation: Observation) -> dict[int, set[str]]:
    """The connections that each IKE_SA may be for, by its unique id."""
    owners: dict[int, set[str]] = defaultdict(set)
    for verdict in observation.verdicts:
        for ike in verdict.ike_sas:
            owners[ike.unique_id].add(verdict.connection.name)
    names = {one.printed_name: one.name for one in observation.configuration.connections}
    for ike in observation.status.ike_sas if observation.status else ():
        if ike.name in names:
            owners[ike.unique_id].add(names[ike.name])
    return owners


def held_of(ike: IkeSa, names: dict[str, str], owners: set[str]) -> Iterator[Holding]:
    """What of one IKE_SA goes; ``names`` are those of the chosen, by how charon prints them."""
    own = [child for child in ike.child_sas if child.name in names]
    others = any(child.name not in names and child.state not in GONE for child in ike.child_sas)
    mine = owners & set(names.values())
    if others:
        for child in own:
            tags = (ike_tag(ike), child_tag(child))
            yield Holding((names[child.name],), tags, close_child(child), ike, child)
    elif mine or own:
        carried = dict.fromkeys(names[child.name] for child in own)
        shared = bool(owners - mine) and not own and is_setting_up(ike)
        yield Holding(
            connections=tuple(carried or sorted(mine)),
            tags=(ike_tag(ike), *map(child_tag, own)),
            order=None if shared else close_ike(ike),
            ike=ike,
        )


def is_setting_up(ike: IkeSa) -> bool:
    """Whether a CHILD_SA may come of it that is not listed yet."""
    return ike.state in STARTING or bool(CREATING & set(tasks(ike)))


def reqids(seen: Scene) -> dict[int, str]:
    """The reqids of the chosen connections, with the name of one that has it."""
    names = {verdict.connection.printed_name: verdict.connection.name for verdict in seen.chosen}
    found = {child.reqid: v.connection.name for v in seen.chosen for _, child in v.sas}
    traps = seen.observation.status.traps if seen.observation.status else ()
    found.update(
        (trap.reqid, names[trap.name]) for trap in traps if trap.reqid and trap.name in names
    )
    return found


def reqids_in_use(seen: Scene) -> set[int]:
    """The reqids of all that charon holds, whosever it is."""
    status = seen.observation.status
    if status is None:
        return set()
    children = (child for ike in status.ike_sas for child in ike.child_sas)
    return {child.reqid for child in children} | {trap.reqid or 0 for trap in status.traps}


def has_trap(seen: Scene, verdict: Verdict) -> bool:
    """Whether charon holds a trap of the connection."""
    traps = seen.observation.status.traps if seen.observation.status else ()
    return any(trap.name == verdict.connection.printed_name for trap in traps)


def left_alone(seen: Scene, expectations: set[Expectation]) -> tuple[Verdict, ...]:
    """The chosen connections that must be one of ``expectations``."""
    return tuple(verdict for verdict in seen.chosen if verdict.expectation in expectations)
