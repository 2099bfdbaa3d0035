# @summary Options of a plugin as a shell takes them.
# @param options
#   Values by name.
# @return [String] Each with a blank before it.
function ipsec::arguments(Hash[String[1], Any] $options) >> String {
  $words = $options.keys.sort.map |$name| {
    $key = "--${regsubst($name, '_', '-', 'G')}"
    $value = $options[$name]
    $value ? {
      true    => [$key],
      false   => [],
      Array   => $value.map |$one| { "${key}='${one}'" },
      default => $name ? {
        'verbose' => [*Integer[1, $value].map |$one| { $key }],
        default   => ["${key}='${value}'"],
      },
    }
  }
  $words.flatten.map |$word| { " ${word}" }.join
}
