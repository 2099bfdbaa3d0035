# @summary A number as charon's starter keeps it, of 32 bits.
type Ipsec::Number = Integer[0, 4294967295]
