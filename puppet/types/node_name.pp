# @summary The name of a node, as its connections at the others have it. Lower case: it is compared.
type Ipsec::Node_name = Pattern[/\A[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?\z/]
