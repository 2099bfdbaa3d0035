"""What the kernel's counts of errors mean, in words for an operator.

By Linux, Documentation/networking/xfrm_proc.rst, and where net/xfrm/ counts them.
"""

MEANINGS = {
    "XfrmInError": "packets that came in failed otherwise",
    "XfrmInBufferError": "no buffer was free for packets that came in",
    "XfrmInHdrError": "headers that came in are damaged",
    "XfrmInNoStates": "a peer uses SAs that are not here",
    "XfrmInStateProtoError": "packets do not fit their SA: damaged, or another key",
    "XfrmInStateModeError": "packets came in another mode than their SA has",
    "XfrmInStateSeqError": "sequence numbers were seen before, or are too old",
    "XfrmInStateExpired": "SAs that packets came in through have expired",
    "XfrmInStateMismatch": "packets do not fit the encapsulation of their SA",
    "XfrmInStateInvalid": "SAs that packets came in through are not ready or gone",
    "XfrmInTmplMismatch": "packets came in otherwise protected than their policy asks for",
    "XfrmInNoPols": "packets came in through SAs that no policy knows",
    "XfrmInPolBlock": "a policy blocks packets that come in",
    "XfrmInPolError": "policies for packets that come in have errors",
    "XfrmInStateDirError": "packets came in through SAs for the other direction",
    "XfrmInIptfsError": "packets that came in aggregated have errors",
    "XfrmOutError": "packets that leave failed otherwise",
    "XfrmOutBundleGenError": "SAs could not be put together for packets that leave",
    "XfrmOutBundleCheckError": "SAs were no longer right for packets that leave",
    "XfrmOutNoStates": "no SA was there for packets that leave",
    "XfrmOutStateProtoError": "packets that leave could not be encrypted",
    "XfrmOutStateModeError": "packets do not fit the mode of the SA that they leave through",
    "XfrmOutStateSeqError": "the sequence numbers of an SA are used up",
    "XfrmOutStateExpired": "SAs that packets leave through have expired",
    "XfrmOutPolBlock": "a policy blocks packets that leave",
    "XfrmOutPolDead": "policies of packets that leave are gone",
    "XfrmOutPolError": "policies of packets that leave have errors",
    "XfrmOutStateInvalid": "SAs that packets leave through are not ready or gone",
    "XfrmOutStateDirError": "packets leave through SAs for the other direction",
    "XfrmFwdHdrError": "headers of packets that are forwarded are damaged",
    "XfrmAcquireError": "packets came before the SA that was asked for",
}


def meaning(name: str) -> str:
    """What a counter means; nothing, where a newer kernel has added it."""
    return MEANINGS.get(name, "")
