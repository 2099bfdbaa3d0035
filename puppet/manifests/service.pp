# @summary The unit of charon, and how a running charon learns of a change.
# @api private
class ipsec::service {
  assert_private()

  $present = $ipsec::ensure == 'present'

  service {
    default:
      provider => 'systemd',
      ;
    $ipsec::conflicting_services:
      ensure => stopped,
      enable => false,
      ;
    $ipsec::service:
      ensure => $present ? { true => 'running', default => 'stopped' }, # lint:ignore:selector_inside_resource
      enable => $present,
      ;
  }

  if $present {
    Service[$ipsec::conflicting_services] -> Service[$ipsec::service]

    # a charon that has just been started, or is not to run, needs none of them
    exec {
      default:
        path        => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
        refreshonly => true,
        require     => Service[$ipsec::service],
        ;
      'charon rereads strongswan.conf':
        command => 'sh -c "kill -HUP $(cat /run/charon.pid)"',
        onlyif  => 'test -s /run/charon.pid',
        before  => Exec['ipsec rereadall'],
        ;
      'ipsec rereadall':
        onlyif    => 'test -S /run/charon.ctl',
        tries     => 3,
        try_sleep => 1,
        ;
      'ipsec update':
        command => '/usr/local/sbin/ipsec-update /etc/ipsec.d/connections',
        onlyif  => 'test -s /run/starter.charon.pid',
        require => Exec['ipsec rereadall'],
        ;
      # a certificate that has changed under the same name
      'ipsec reload':
        onlyif  => 'test -s /run/starter.charon.pid',
        require => Exec['ipsec update'],
        ;
    }
  }
}
