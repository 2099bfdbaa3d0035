# @summary The name of a connection, which is also that of its file, and of secrets.
type Ipsec::Name = Pattern[/\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z/]
