# @summary A protocol, and a port behind `/`. Names of services are the host's business: numbers.
type Ipsec::Protoport = Variant[
  Integer[0, 255],
  # lint:ignore:140chars
  Pattern[/\A(?:%any|tcp|udp|icmp|ipv6-icmp|gre|sctp|25[0-5]|2[0-4][0-9]|1[0-9]{2}|[0-9]{1,2})(?:\/(?:%any|%opaque|6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4}))?\z/],
  # lint:endignore
]
