# @summary A secret that ipsec.secrets can hold in quotes. Not a bare String: Puppet shows a wrong one.
type Ipsec::Password = Sensitive[Pattern[/\A[^"[:cntrl:]]+\z/]]
