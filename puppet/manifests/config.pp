# @summary The files of strongSwan, and what the kernel does with packets that wait.
# @api private
class ipsec::config {
  assert_private()

  $present = $ipsec::ensure == 'present'
  $own = "# made by Puppet, module ipsec\n"

  file {
    default:
      owner => 'root',
      group => 'root',
      ;
    '/etc/ipsec.conf':
      ensure  => stdlib::ensure($present, 'file'),
      mode    => '0644',
      content => epp('ipsec/ipsec.conf.epp'),
      ;
    '/etc/ipsec.secrets':
      ensure    => stdlib::ensure($present, 'file'),
      mode      => '0600',
      show_diff => false,
      backup    => false,
      content   => "${own}include /etc/ipsec.d/secrets/*.secrets\n",
      ;
    '/etc/ipsec.d/connections':
      ensure  => stdlib::ensure($present, 'directory'),
      mode    => '0755',
      recurse => true,
      purge   => true,
      force   => true,
      ;
    '/etc/ipsec.d/secrets':
      ensure    => stdlib::ensure($present, 'directory'),
      mode      => '0700',
      recurse   => true,
      purge     => true,
      force     => true,
      show_diff => false,
      backup    => false,
      ;
    '/usr/local/sbin/ipsec-update':
      ensure => stdlib::ensure($present, 'file'),
      mode   => '0755',
      source => 'puppet:///modules/ipsec/ipsec_update.py',
      ;
    '/etc/strongswan.d/zz-ipsec.conf':
      ensure  => stdlib::ensure($present, 'file'),
      mode    => '0644',
      content => epp('ipsec/strongswan.conf.epp'),
      ;
    '/etc/sysctl.d/60-ipsec.conf':
      ensure  => stdlib::ensure($present, 'file'),
      mode    => '0644',
      content => "${own}net.core.xfrm_larval_drop = ${Integer($ipsec::larval_drop)}\n",
      ;
  }

  # without the module the kernel has its own value again
  $larval_drop = $present ? {
    true    => Integer($ipsec::larval_drop),
    default => 1,
  }
  exec { "net.core.xfrm_larval_drop = ${larval_drop}":
    command => "sysctl -q -w net.core.xfrm_larval_drop=${larval_drop}",
    unless  => "test \"$(sysctl -n net.core.xfrm_larval_drop)\" = ${larval_drop}",
    path    => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  }

  if $present {
    File['/etc/ipsec.conf', '/etc/ipsec.d/connections'] ~> Exec['ipsec update']
    File['/etc/ipsec.secrets', '/etc/ipsec.d/secrets'] ~> Exec['ipsec rereadall']
    File['/etc/strongswan.d/zz-ipsec.conf'] ~> Exec['charon rereads strongswan.conf']

    # not crls, where charon keeps those that it has fetched
    $folders = ['aacerts', 'acerts', 'cacerts', 'certs', 'ocspcerts', 'private']
    $folders.each |$folder| {
      file { "/etc/ipsec.d/${folder}":
        ensure    => directory,
        owner     => 'root',
        group     => 'root',
        mode      => $folder ? { 'private' => '0700', default => '0755' }, # lint:ignore:selector_inside_resource
        recurse   => $ipsec::purge,
        purge     => $ipsec::purge,
        force     => $ipsec::purge,
        show_diff => false,
        backup    => false,
        notify    => Exec['ipsec rereadall'],
      }
    }
  }
}
