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


class Why(NamedTuple):
    """The cause of a state, from charon's log.

    ``age`` is in seconds, None where the log has no times. ``message`` is what charon says,
    ``where`` the place in strongSwan's source that it says it.
    """

    words: str
    age: Optional[int]
    message: str
    where: str


class Verdict(NamedTuple):
    """What is true of one connection.

    ``verified`` says that the kernel confirms the state. ``cleartext`` says that
    traffic between its ends leaves unencrypted now, None where that is not known. ``stale``:
    charon has loaded or negotiated otherwise than the file has it. ``notes`` are facts that
    change no verdict. ``why`` is what charon's log tells of the reason, where it was read.
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
    why: Optional[Why] = None

    @property
    def reason_text(self) -> str:
        """The reason in full, or an empty text."""
        words = self.reason.value if self.reason else ""
        return f"{words}: {self.detail}" if self.detail else words
