"""The states of the kernel, by what they are looked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from check_ipsec.model.kernel import States, Template, XfrmPolicy, XfrmState
from check_ipsec.truth.packet import UNMARKED, covers
from check_ipsec.truth.selectors import Flow

TRANSPORT = "transport"
COMPRESSION = "comp"
ANY_HOST = ("0.0.0.0", "::")


def is_usable(state: XfrmState) -> bool:
    """Whether it can carry traffic; a larval one has no SPI or no algorithm."""
    return bool(state.spi and (state.encryption or state.authentication or state.compression))


class StateTable:
    """The states that can carry traffic, by what they are looked for."""

    def __init__(self, states: States) -> None:
        self._by_id: dict[tuple[str, str, int], list[XfrmState]] = defaultdict(list)
        self._by_reqid: dict[int, list[XfrmState]] = defaultdict(list)
        self._unread = states.unread
        for state in filter(is_usable, states.states):
            self._by_id[state.protocol, state.destination, state.spi].append(state)
            self._by_reqid[state.reqid].append(state)

    def by_spi(self, protocol: str, destination: str, spi: int | None) -> XfrmState | None:
        """The state with an SPI towards a host."""
        return next(iter(self._by_id.get((protocol, destination, spi or 0), ())), None)

    def of_reqid(self, reqid: int, destination: str) -> Iterator[XfrmState]:
        """The states of a reqid towards a host, without those of IPComp."""
        for state in self._by_reqid.get(reqid, ()):
            if state.destination == destination and state.protocol != COMPRESSION:
                yield state

    def compressing(self, reqid: int) -> tuple[XfrmState, ...]:
        """The states of IPComp of a reqid."""
        states = self._by_reqid.get(reqid, ())
        return tuple(state for state in states if state.protocol == COMPRESSION)

    def has(self, reqid: int) -> bool:
        """Whether any state has this reqid."""
        return reqid in self._by_reqid

    def may_hide(self, one_host: str, other_host: str) -> bool:
        """Whether a state between two hosts may be among those that are unread."""
        return any(
            {one.source or one_host, one.destination or other_host} == {one_host, other_host}
            for one in self._unread
        )

    def fitting(
        self, template: Template, policy: XfrmPolicy, flow: Flow, host: str
    ) -> tuple[XfrmState, ...]:
        """The states that a template of an ``out`` policy may take towards a host."""
        if template.spi:
            candidates = self._by_id.get((template.protocol, host, template.spi), [])
        else:
            candidates = self._by_reqid.get(template.reqid, [])
        return tuple(
            state
            for state in candidates
            if state.destination == host
            and state.protocol == template.protocol
            and state.mode == template.mode
            and state.reqid == template.reqid
            and suits(state, policy)
            and (state.selector is None or covers(state.selector, flow))
        )


def suits(state: XfrmState, policy: XfrmPolicy) -> bool:
    """Whether mark, if_id and direction of a state are those that an ``out`` policy wants."""
    if state.mark and (policy.mark or UNMARKED).value & state.mark.mask != state.mark.value:
        return False
    return (state.if_id or 0) == (policy.if_id or 0) and state.direction in (None, "out")


def came_through(template: Template, state: XfrmState) -> bool:
    """Whether a packet that came through a state satisfies a template (xfrm_state_ok)."""
    in_tunnel = template.mode != TRANSPORT
    return (
        state.protocol == template.protocol
        and state.mode == template.mode
        and template.reqid in (0, state.reqid)
        and template.spi in (0, state.spi)
        and not (in_tunnel and template.source not in (*ANY_HOST, state.source))
    )
