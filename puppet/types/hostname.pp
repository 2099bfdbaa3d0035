# @summary A name of DNS; its last label begins with a letter, so no wrong address is one.
type Ipsec::Hostname = Pattern[/\A(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\z/]
