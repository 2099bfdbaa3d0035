# @summary A secret of ipsec.secrets, in a file of its own that no report shows.
#
# @example The key of a certificate
#   ipsec::secret { 'own':
#     type => 'ECDSA',
#     file => '/etc/ipsec.d/private/own.pem',
#   }
#
# @param type
#   What kind of secret.
# @param file
#   The file of a key.
# @param secret
#   The secret itself, or the passphrase of the file.
# @param selectors
#   Whom it is for; without them, anybody.
define ipsec::secret (
  Enum['RSA', 'ECDSA', 'PKCS8', 'P12', 'PSK', 'EAP', 'XAUTH', 'NTLM'] $type,
  Optional[Stdlib::Unixpath] $file = undef,
  Optional[Ipsec::Password] $secret = undef,
  Array[Pattern[/\A[^"[:cntrl:]]+\z/]] $selectors = [],
) {
  include ipsec

  assert_type(Ipsec::Name, $name)
  $is_key = $type in ['RSA', 'ECDSA', 'PKCS8', 'P12']
  if $is_key != ($file =~ NotUndef) or ($file =~ Undef and $secret =~ Undef) {
    $wanted = $is_key ? { true => 'a file', default => 'a secret and no file' }
    fail("ipsec::secret ${name}: ${type} needs ${wanted}")
  }
  if $ipsec::ensure == 'present' {
    file { "/etc/ipsec.d/secrets/${name}.secrets":
      ensure    => file,
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      show_diff => false,
      backup    => false,
      content   => Sensitive(epp('ipsec/secret.epp', {
            'type'      => $type,
            'file'      => $file,
            'secret'    => $secret,
            'selectors' => $selectors,
      })),
      require   => Class['ipsec::install'],
      before    => Class['ipsec::service'],
      notify    => Exec['ipsec rereadall'],
    }
  }
}
