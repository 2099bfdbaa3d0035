# @summary The name of a site.
type Ipsec::Site = Pattern[/\A[a-z0-9][a-z0-9_-]*\z/]
