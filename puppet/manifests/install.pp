# @summary The packages of strongSwan.
# @api private
class ipsec::install {
  assert_private()

  $package_ensure = $ipsec::ensure ? {
    'present' => $ipsec::package_ensure,
    default   => 'purged',
  }
  package { $ipsec::packages:
    ensure => $package_ensure,
  }
}
