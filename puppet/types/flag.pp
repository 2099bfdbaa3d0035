# @summary What ipsec.conf calls yes or no. A bare yes or no in YAML is a Boolean.
type Ipsec::Flag = Variant[Boolean, Enum['yes', 'no']]
