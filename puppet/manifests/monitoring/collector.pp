# @summary Where Icinga 2 runs: the host objects that `ipsec::monitoring` has exported.
#
# The services follow from them by the rules of the package monitoring-plugins-ipsec
# (/etc/icinga2/conf.d/monitoring-plugins-ipsec.conf). Hosts that export nothing any more go.
# Icinga is reloaded only with a configuration that it accepts.
class ipsec::monitoring::collector {
  file { '/etc/icinga2/conf.d/ipsec':
    ensure  => directory,
    owner   => 'root',
    group   => 'root',
    mode    => '0755',
    recurse => true,
    purge   => true,
    force   => true,
    notify  => Exec['reload icinga2'],
  }
  File <<| tag == 'ipsec::monitoring' |>> ~> Exec['reload icinga2']
  exec { 'reload icinga2':
    command     => 'systemctl reload icinga2',
    onlyif      => ['systemctl is-active -q icinga2', 'icinga2 daemon -C'],
    path        => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    refreshonly => true,
  }
}
