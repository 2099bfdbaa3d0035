# @summary What to do when a peer is gone, or has closed.
type Ipsec::Action = Enum['none', 'clear', 'hold', 'restart']
