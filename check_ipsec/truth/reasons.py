"""Why a connection is not simply established, each in a few fixed words."""

import re
from enum import Enum


class Heading(Enum):
    """Fixed words that the runbook has as headings."""

    @property
    def anchor(self) -> str:
        """The place in the runbook: the words, as in a link to a heading."""
        return re.sub(r"[^\w -]", "", self.value.lower()).replace(" ", "-")


class Reason(Heading):
    """The fixed words; a detail may follow them after a colon."""

    SWITCHED_OFF = "auto= absent or ignore"
    NOT_LOADED = "not loaded"
    CLIENTS = "clients connected"
    SHUNT_NOT_INSTALLED = "shunt not installed"
    KERNEL_NOT_ASKED = "the kernel could not be asked"
    NOT_UNDERSTOOD = "not understood"
    NO_KERNEL_STATE = "kernel has no such SA"
    OTHER_STATE = "kernel has another SA"
    NO_OUTBOUND_POLICY = "outbound policy missing"
    NO_INBOUND_POLICY = "inbound policy missing"
    POLICY_UNFIT = "policy does not fit the SA"
    POLICY_OPTIONAL = "policy does not require IPsec"
    POLICY_BYPASS = "a policy without IPsec comes first"
    POLICY_BLOCKS = "a policy blocks"
    POLICY_OTHER = "another policy comes first"
    LOADED_DIFFERENTLY = "loaded differently"
    NEGOTIATED_DIFFERENTLY = "negotiated differently"
    COVERS_A_PART = "covers only a part"
    NO_KERNEL_TRAP = "trap missing in the kernel"
    TRAP_NOT_INSTALLED = "trap not installed"
    REAUTHENTICATING = "reauthenticating, break before make"
    PEER_SILENT = "peer does not answer"
    NEGOTIATING = "negotiating"
    NO_CHILD_SA = "IKE up, no CHILD_SA"
    CLOSING = "closing"
    ONLY_TRAP = "only a trap waits for traffic"
    NO_SA = "no SA"
    PARTIAL_ANSWER = "not in charon's partial answer"
    NOT_TOLD_APART = "not told apart from"
    NO_DAEMON = "no answer from charon"
