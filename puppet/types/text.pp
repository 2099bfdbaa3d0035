# @summary What a value of ipsec.conf can hold, in quotes if need be: one line, not empty.
type Ipsec::Text = Pattern[/\A[^[:cntrl:]]+\z/]
