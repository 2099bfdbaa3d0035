# @summary A selector: an address, a network or `%dynamic`, with `[protocol/port]` or without.
type Ipsec::Subnet = Variant[
  Stdlib::IP::Address,
  Pattern[/\A(?:%dynamic|[0-9a-fA-F.:]+(?:\/[0-9]{1,3})?)\[[a-z0-9%-]+(?:\/[a-z0-9%-]+)?\]\z/],
  Enum['%dynamic'],
]
