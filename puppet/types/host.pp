# @summary An end of a connection: an address, a network, a name, any, or several of them.
type Ipsec::Host = Variant[
  Stdlib::IP::Address,
  Ipsec::Hostname,
  Enum['%any', '%any4', '%any6', '%defaultroute'],
  Array[Variant[Stdlib::IP::Address, Ipsec::Hostname], 1],
]
