# @summary A setting of strongswan.conf, or a section of them.
type Ipsec::Option = Variant[Boolean, Numeric, Ipsec::Text, Hash[Pattern[/\A[A-Za-z0-9_-]+\z/], Ipsec::Option]]
