# @summary Routes to the peers whose path MTU is locked, made again at each boot.
# @api private
#
# @param present
#   Whether there are any.
# @param mtu
#   Their MTU.
# @param addresses
#   The peers.
class ipsec::mesh::routes (
  Boolean $present,
  Variant[Integer[1280, 9000], Boolean[false]] $mtu,
  Array[Stdlib::IP::Address::Nosubnet] $addresses,
) {
  assert_private()

  $program = '/usr/local/sbin/ipsec-routes'
  $list = '/etc/ipsec.d/routes'
  $unit = '/etc/systemd/system/ipsec-routes.service'

  file {
    default:
      ensure => stdlib::ensure($present, 'file'),
      owner  => 'root',
      group  => 'root',
      ;
    $program:
      mode   => '0755',
      source => 'puppet:///modules/ipsec/ipsec_routes.py',
      ;
    $list:
      mode    => '0644',
      content => epp('ipsec/routes.epp', { 'mtu' => $mtu, 'addresses' => $addresses }),
      ;
    $unit:
      mode    => '0644',
      content => epp('ipsec/ipsec-routes.service.epp', { 'program' => $program, 'list' => $list }),
      ;
  }
  service { 'ipsec-routes':
    enable   => $present,
    provider => 'systemd',
  }

  if $present {
    Class['ipsec::install'] -> File[$list] -> Exec['routes to the peers']
    File[$program, $unit] -> Exec['routes to the peers']
    File[$unit] -> Service['ipsec-routes']
    exec { 'routes to the peers':
      command => "${program} apply ${list}",
      unless  => "${program} check ${list}",
    }
  } else {
    exec { 'no routes to the peers':
      command => "${program} flush",
      onlyif  => "/usr/bin/test -x ${program}",
    }
    Exec['no routes to the peers'] -> File[$program, $list]
    Service['ipsec-routes'] -> File[$unit]
  }
}
