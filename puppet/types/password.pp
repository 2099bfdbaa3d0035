# @summary A secret that ipsec.secrets can hold in quotes.
type Ipsec::Password = Variant[Sensitive[Pattern[/\A[^"[:cntrl:]]+\z/]], Pattern[/\A[^"[:cntrl:]]+\z/]]
