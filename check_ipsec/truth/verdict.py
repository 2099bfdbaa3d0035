"""What is true of a connection: the result that everything else only words."""

from enum import Enum
from typing import NamedTuple, Optional

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import ChildSa, IkeSa, Peer
from check_ipsec.truth.reasons import Reason


class State(Enum):
    """The state of a connection, in the words of the output."""

    ESTABLISHED = "established"
    CONNECTING = "connecting"
    NOT_CONNECTED = "not connected"
    UNVERIFIED = "unverified"
    ON_DEMAND = "on demand"
    CLIENTS = "clients"
    SHUNT = "shunt"
    LOADED = "loaded"
    IGNORED = "ignored"


class Finding(NamedTuple):
    """A state and why; ``detail`` goes on where the reason's fixed words end."""

    state: State
    reason: Optional[Reason] = None
    detail: str = ""


class Verdict(NamedTuple):
    """What is true of one connection.

    ``verified`` says that the kernel confirms the state. ``cleartext`` says that
    traffic between its ends leaves unencrypted now, None where that is not known. ``stale``:
    charon has loaded or negotiated otherwise than the file has it. ``notes`` are facts that
    change no verdict.
    """

    connection: Connection
    expectation: Expectation
    state: State
    reason: Optional[Reason]
    detail: str
    verified: bool
    cleartext: Optional[bool]
    stale: bool
    peers: tuple[Peer, ...]
    ike_sas: tuple[IkeSa, ...]
    sas: tuple[tuple[IkeSa, ChildSa], ...]
    notes: tuple[str, ...]

    @property
    def reason_text(self) -> str:
        """The reason in full, or an empty text."""
        words = self.reason.value if self.reason else ""
        return f"{words}: {self.detail}" if self.detail else words
