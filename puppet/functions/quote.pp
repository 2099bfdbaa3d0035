# @summary A text as ipsec.conf and strongswan.conf hold it, in quotes where need be.
# @param text
#   What it stands for.
# @return [String] How it is written.
function ipsec::quote(Ipsec::Text $text) >> String {
  $text ? {
    /\A(?!version|include)[A-Za-z0-9_.:,\/%@!*+-]+\z/ => $text,
    default => "\"${regsubst($text, '(["\\\\])', '\\\\\\1', 'G')}\"",
  }
}
