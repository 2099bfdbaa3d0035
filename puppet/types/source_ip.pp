# @summary An address that one end gives the other, or asks for.
type Ipsec::Source_ip = Variant[
  Stdlib::IP::Address,
  Pattern[/\A%(?:config[46]?|cfg[46]?|dhcp|radius|modeconfig|modecfg|[A-Za-z0-9_.-]+)\z/],
  Array[Stdlib::IP::Address, 1],
]
