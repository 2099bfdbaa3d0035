# @summary Settings of strongswan.conf and sections of them, as lines.
# @param options
#   Values by name; a Hash is a section.
# @param indent
#   What stands before each line.
# @return [String] The lines, by name.
function ipsec::strongswan(Hash[String[1], Ipsec::Option] $options, String $indent = '') >> String {
  $lines = $options.keys.sort.map |$name| {
    $value = $options[$name]
    $value ? {
      Hash    => "${indent}${name} {\n${ipsec::strongswan($value, "${indent}  ")}${indent}}\n",
      Boolean => "${indent}${name} = ${String($value, '%y')}\n",
      default => "${indent}${name} = ${ipsec::quote(String($value))}\n",
    }
  }
  $lines.join
}
