# @summary The plugins of check_ipsec on a host, the agent that runs them, and series for graphs.
#
# The package brings the plugins, the rules for sudo, the CheckCommands of Icinga 2 and the
# timers of ipsec-metrics; the daemon of the agent is the site's own, and reloaded when what it
# reads has changed. It needs no class ipsec: whatever lays strongSwan, it is monitored.
#
# @example Over NRPE, of a mesh in which a peer may be away
#   ipsec::monitoring::agent: nrpe
#   ipsec::monitoring::options:
#     check_ipsec: {critical: "10%", not_connected: warning}
#     check_ipsec_certs: {warning: "21:"}
#   ipsec::monitoring::metrics: [prometheus]
#
# @param ensure
#   `absent` takes away what the class has laid.
# @param package
#   The package of the plugins.
# @param package_ensure
#   Its release.
# @param package_source
#   A .deb, for a site without a repository that has the package.
# @param agent
#   Who asks: `nrpe` has its commands written with their options; `icinga`, the agent of
#   Icinga 2, has the options from its host object, which `export` makes; `none`.
# @param options
#   Options of the plugins: thresholds, and which status what is to be.
# @param users
#   Users, beside nagios and icinga, that run the plugins.
# @param metrics
#   Formats in which ipsec-metrics writes series every minute.
# @param metrics_carbon
#   HOST:PORT of carbon, for the format graphite.
# @param metrics_options
#   Further options of ipsec-metrics.
# @param export
#   Whether a host object for Icinga 2 is exported, which `ipsec::monitoring::collector` has
#   written where Icinga runs.
# @param export_address
#   The address that it has.
# @param export_import
#   Templates that it imports.
# @param export_vars
#   Further variables that it has, such as `ipsec_sites`.
class ipsec::monitoring (
  Enum['present', 'absent'] $ensure = 'present',
  String[1] $package = 'monitoring-plugins-ipsec',
  String[1] $package_ensure = 'installed',
  Optional[Stdlib::Unixpath] $package_source = undef,
  Enum['nrpe', 'icinga', 'none'] $agent = 'nrpe',
  Ipsec::Options $options = {},
  Array[Pattern[/\A[a-z_][a-z0-9_-]{0,31}\z/]] $users = [],
  Array[Enum['prometheus', 'graphite', 'influx', 'json']] $metrics = [],
  Pattern[/\A(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}\z/] $metrics_carbon = 'localhost:2003',
  Array[Pattern[/\A[^[:cntrl:][:space:]'"$\\]+\z/]] $metrics_options = [],
  Boolean $export = false,
  Stdlib::IP::Address::Nosubnet $export_address = $facts['networking']['ip'],
  Array[Ipsec::Word] $export_import = ['generic-host'],
  Hash[Pattern[/\A[a-z][a-z0-9_]*\z/], Variant[Boolean, Numeric, Ipsec::Word, Array[Ipsec::Word]]] $export_vars = {},
) {
  $present = $ensure == 'present'
  $package_state = $present ? {
    true    => $package_ensure,
    default => 'purged',
  }
  $package_from = $package_source ? {
    Undef   => {},
    default => { 'provider' => 'dpkg', 'source' => $package_source },
  }
  package { $package:
    ensure => $package_state,
    *      => $package_from,
  }

  file {
    default:
      owner => 'root',
      group => 'root',
      ;
    '/etc/nagios/nrpe.d/monitoring-plugins-ipsec.cfg':
      ensure  => stdlib::ensure($present and $agent == 'nrpe', 'file'),
      mode    => '0644',
      content => epp('ipsec/nrpe.cfg.epp', { 'options' => $options }),
      ;
    '/etc/sudoers.d/monitoring-plugins-ipsec-site':
      ensure       => stdlib::ensure($present and !$users.empty, 'file'),
      mode         => '0440',
      validate_cmd => '/usr/sbin/visudo -c -f %',
      content      => epp('ipsec/sudoers.epp', { 'users' => $users }),
      ;
    '/etc/default/ipsec-metrics':
      ensure  => stdlib::ensure($present and !$metrics.empty, 'file'),
      mode    => '0644',
      content => epp('ipsec/metrics.epp', { 'carbon' => $metrics_carbon, 'options' => $metrics_options }),
      ;
  }

  ['prometheus', 'graphite', 'influx', 'json'].each |$format| {
    $written = $present and $format in $metrics
    service { "ipsec-metrics-${format}.timer":
      ensure   => stdlib::ensure($written, 'service'),
      enable   => $written,
      provider => 'systemd',
    }
  }
  $timers = Service[
    'ipsec-metrics-prometheus.timer', 'ipsec-metrics-graphite.timer',
    'ipsec-metrics-influx.timer', 'ipsec-metrics-json.timer'
  ]

  $files = File[
    '/etc/nagios/nrpe.d/monitoring-plugins-ipsec.cfg',
    '/etc/sudoers.d/monitoring-plugins-ipsec-site',
    '/etc/default/ipsec-metrics'
  ]
  if $present {
    Package[$package] -> $files -> $timers
  } else {
    $timers -> $files -> Package[$package]
  }

  # an agent that does not run reads it all when it starts
  $unit = $agent ? {
    'nrpe'   => 'nagios-nrpe-server',
    'icinga' => 'icinga2',
    default  => undef,
  }
  if $unit {
    exec { "systemctl reload ${unit}":
      onlyif      => "systemctl is-active -q ${unit}",
      path        => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      refreshonly => true,
      subscribe   => [Package[$package], File['/etc/nagios/nrpe.d/monitoring-plugins-ipsec.cfg']],
    }
  }

  if $export and $present {
    @@file { "/etc/icinga2/conf.d/ipsec/${trusted['certname']}.conf":
      ensure  => file,
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      content => epp('ipsec/icinga-host.conf.epp', {
          'host'    => $trusted['certname'],
          'address' => $export_address,
          'imports' => $export_import,
          'agent'   => $agent,
          'options' => $options,
          'vars'    => $export_vars,
      }),
      tag     => 'ipsec::monitoring',
    }
  }
}
