# @summary One selector or several.
type Ipsec::Subnets = Variant[Ipsec::Subnet, Array[Ipsec::Subnet, 1]]
