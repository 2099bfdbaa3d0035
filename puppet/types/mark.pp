# @summary A mark of the kernel, with a mask or without.
type Ipsec::Mark = Variant[
  Integer[0, 4294967295],
  Pattern[/\A(?:%unique(?:-dir)?|[1-9][0-9]{0,9}|0|0x[0-9a-fA-F]{1,8})(?:\/0x[0-9a-fA-F]{1,8})?\z/],
]
