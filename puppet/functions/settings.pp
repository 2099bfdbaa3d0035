# @summary Keywords and values as lines of a section of ipsec.conf.
# @param settings
#   Values by keyword; a Boolean is yes or no, several values are joined by commas.
# @return [String] A line for each, by keyword.
function ipsec::settings(Hash[String[1], Any] $settings) >> String {
  $lines = $settings.keys.sort.map |$keyword| {
    $text = $settings[$keyword] ? {
      true    => 'yes',
      false   => 'no',
      Array   => $settings[$keyword].join(','),
      default => String($settings[$keyword]),
    }
    "\t${keyword}=${ipsec::quote($text)}\n"
  }
  $lines.join
}
