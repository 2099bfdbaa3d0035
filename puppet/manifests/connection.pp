# @summary A connection of ipsec.conf, in a file of its own.
#
# @example
#   ipsec::connection { 'cp0001_v6':
#     settings => {
#       'left'    => '2001:db8:1::1',
#       'right'   => '2001:db8:2::1',
#       'rightid' => 'CN=cp0001',
#       'auto'    => 'start',
#     },
#   }
#
# @param settings
#   Keywords and values. What is missing comes from `ipsec::defaults`.
# @param ensure
#   Whether there is such a connection.
define ipsec::connection (
  Ipsec::Settings $settings,
  Enum['present', 'absent'] $ensure = 'present',
) {
  include ipsec

  assert_type(Ipsec::Name, $name)
  if $ipsec::ensure == 'present' {
    file { "/etc/ipsec.d/connections/${name}.conf":
      ensure  => stdlib::ensure($ensure, 'file'),
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      content => epp('ipsec/connection.conf.epp', { 'name' => $name, 'settings' => $settings }),
      require => Class['ipsec::install'],
      before  => Class['ipsec::service'],
      notify  => Exec['ipsec update'],
    }
  }
}
