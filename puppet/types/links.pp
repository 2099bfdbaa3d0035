# @summary Pairs of sites whose nodes talk to each other; without them every edge with every main node.
type Ipsec::Links = Optional[Array[Tuple[Ipsec::Site, Ipsec::Site]]]
