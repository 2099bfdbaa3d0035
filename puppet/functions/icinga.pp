# @summary A value in Icinga's language.
# @param value
#   What it is.
# @return [String] How it is written.
function ipsec::icinga(Variant[Boolean, Numeric, Ipsec::Word, Array[Ipsec::Word]] $value) >> String {
  $value ? {
    Array   => "[ ${$value.map |$one| { ipsec::icinga($one) }.join(', ')} ]",
    String  => "\"${regsubst($value, '"', '\\\\"', 'G')}\"",
    default => String($value),
  }
}
