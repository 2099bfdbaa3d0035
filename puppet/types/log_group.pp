# @summary A group of charon's log; `default` are those that are not named.
type Ipsec::Log_group = Enum[
  'default', 'app', 'asn', 'cfg', 'chd', 'dmn', 'enc', 'esp', 'ike', 'imc', 'imv', 'job',
  'knl', 'lib', 'mgr', 'net', 'pts', 'tls', 'tnc',
]
