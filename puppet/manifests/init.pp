# @summary strongSwan with ipsec.conf, and nothing that cuts traffic when it changes.
#
# The daemon is started and stopped by its unit only, never by `ipsec restart`, which takes
# charon out of its service. A change of ipsec.conf is `ipsec update`, which leaves alone what
# has not changed; of secrets and authorities `ipsec rereadall`; of strongswan.conf a HUP for
# charon, which rereads it: what it reads at its start only, as the number of its threads,
# waits for the next start.
#
# @example A gateway, in Hiera
#   ipsec::connections:
#     branch:
#       left: 192.0.2.1
#       right: 198.51.100.7
#       rightid: "CN=branch"
#       leftcert: own.pem
#       auto: start
#
# @param ensure
#   `absent` takes away all that the module has laid, the mesh too: packages, files, routes.
# @param packages
#   The packages, in the order in which they go.
# @param package_ensure
#   The release of the packages.
# @param service
#   The unit that runs charon for ipsec.conf.
# @param conflicting_services
#   Units that would run a second charon; they are stopped and disabled.
# @param defaults
#   `conn %default`: what every connection has that does not say otherwise. Merged with the
#   module's own.
# @param setup
#   `config setup`. What it says holds for connections that are loaded after it.
# @param connections
#   Connections by name, as in `ipsec::connection`.
# @param includes
#   Further files of ipsec.conf, as patterns. Those of connections are included anyway.
# @param secrets
#   Secrets by name, with the parameters of `ipsec::secret`.
# @param charon
#   The section `charon` of strongswan.conf.
# @param logging
#   Levels of charon's log by group, from -1 to 4, in syslog or the journal.
# @param larval_drop
#   The kernel's `net.core.xfrm_larval_drop`: whether a packet that waits for an SA is dropped
#   (true, the kernel's own value), or held back.
# @param purge
#   Whether certificates and keys below /etc/ipsec.d go that Puppet has not laid there. What is
#   in the folders of connections and secrets is the module's own and goes always.
class ipsec (
  Array[String[1], 1] $packages,
  Pattern[/\A[A-Za-z0-9@_.-]+\z/] $service,
  Array[Pattern[/\A[A-Za-z0-9@_.-]+\z/]] $conflicting_services,
  Ipsec::Settings $defaults,
  Hash[Ipsec::Log_group, Integer[-1, 4]] $logging,
  Hash[Pattern[/\A[A-Za-z0-9_-]+\z/], Ipsec::Option] $charon,
  Enum['present', 'absent'] $ensure = 'present',
  String[1] $package_ensure = 'installed',
  Ipsec::Setup $setup = {},
  Hash[Ipsec::Name, Ipsec::Settings] $connections = {},
  Array[Stdlib::Unixpath] $includes = [],
  Variant[Sensitive[Hash[Ipsec::Name, Hash]], Hash[Ipsec::Name, Hash]] $secrets = {},
  Boolean $larval_drop = true,
  Boolean $purge = false,
) {
  contain ipsec::install
  contain ipsec::config
  contain ipsec::service

  if $ensure == 'present' {
    Class['ipsec::install'] -> Class['ipsec::config'] -> Class['ipsec::service']

    $connections.each |$name, $settings| {
      ipsec::connection { $name: settings => $settings }
    }
    $secrets.unwrap.each |$name, $parameters| {
      $secret = $parameters['secret'] ? {
        Undef     => {},
        Sensitive => {},
        default   => { 'secret' => Sensitive($parameters['secret']) },
      }
      ipsec::secret { $name: * => $parameters + $secret }
    }
  } else {
    Class['ipsec::service'] -> Class['ipsec::config'] -> Class['ipsec::install']
  }
}
