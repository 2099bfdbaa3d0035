# @summary A value that a shell in quotes and Icinga hand on as it is.
type Ipsec::Word = Pattern[/\A[^[:cntrl:]'$\\]+\z/]
