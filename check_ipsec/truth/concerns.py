"""What can be wrong with what was agreed on, each in a few fixed words.

=============== ======================================================================
concern         where
=============== ======================================================================
FORBIDDEN       an algorithm of an SA MUST NOT be used (``floor``), or ESP that encrypts
                does not authenticate
DISCOURAGED     an algorithm of an SA SHOULD NOT be used
SMALL_GROUP     the key exchange of an SA is weaker than 2048 bit of MODP, and no
                additional one makes up for it
NOT_ENCRYPTED   ESP does not encrypt; of AH nobody expects it
NOT_LISTED      an SA has none of the proposals that the file insists on (``!``)
OPEN            the file does not insist on its proposals, and charon takes those that are
                its defaults too; or it lists something of the rows above
IKEV1           an IKE_SA is IKEv1, or the file asks for that
AGGRESSIVE      IKEv1 in aggressive mode with a pre-shared key, which anybody who listens
                may then guess at leisure
NO_PFS          a CHILD_SA is rekeyed without a key exchange of its own: no proposal of
                the file has one; or an SA has none that is of IKEv1, or was made after
                its IKE_SA
MODE            an SA has another mode than the file
KERNEL          the kernel's state of an SA has another algorithm than charon says
NUMBERS         the kernel's state of an SA has not the sequence numbers that charon says
UNKNOWN         an algorithm, or a keyword of the file, that no known release has; or an
                SA that could not be read, or of which charon prints no proposal
=============== ======================================================================
"""

from typing import NamedTuple

from check_ipsec.truth.reasons import Heading


class Concern(Heading):
    """The fixed words, which the runbook has as headings."""

    FORBIDDEN = "must not be used"
    DISCOURAGED = "should not be used"
    SMALL_GROUP = "group below 2048 bit"
    NOT_ENCRYPTED = "NULL encryption"
    NOT_LISTED = "not among the proposals"
    OPEN = "open to weaker"
    IKEV1 = "IKEv1"
    AGGRESSIVE = "aggressive mode with a pre-shared key"
    NO_PFS = "rekeyed without PFS"
    MODE = "another mode"
    KERNEL = "kernel has another algorithm"
    NUMBERS = "kernel has other sequence numbers"
    UNKNOWN = "not known"


class Found(NamedTuple):
    """A concern: about what (``IKE``, ``ESP``, ``AH``, or an empty text), and which words."""

    concern: Concern
    about: str
    text: str
