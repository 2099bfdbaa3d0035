# @summary A time in seconds, or with its unit: s, m, h or d.
type Ipsec::Duration = Variant[Integer[0, 4294967295], Pattern[/\A[0-9]{1,9}[smhd]?\z/]]
