# @summary A status of a plugin.
type Ipsec::Status = Enum['ok', 'warning', 'critical', 'unknown']
