# @summary A node's certificate, its key and its authorities, where charon may read them.
#
# Copies, not the files of Puppet's agent: AppArmor keeps charon out of their folder, and a
# renewed one is a change that Puppet sees. Of a file with several certificates charon reads the
# first only, and trusts no authority that another one has signed: each has a file of its own.
#
# @api private
#
# @param present
#   Whether there are any.
# @param certificates
#   Where they come from; undef for those of Puppet's agent.
class ipsec::mesh::certificates (
  Boolean $present,
  Optional[Ipsec::Certificates] $certificates,
) {
  assert_private()

  $agent = $facts['ipsec_puppet']
  if $present and $certificates =~ Undef and $agent =~ Undef {
    fail('ipsec::mesh: this host has no certificate of Puppet (fact ipsec_puppet): set ipsec::mesh::certificates')
  }
  $sources = $certificates ? {
    Undef   => $agent,
    default => $certificates,
  }
  $authorities = $present ? {
    true    => $sources['ca'],
    default => [],
  }
  $from = $certificates ? {
    Undef   => 'content',
    default => 'source',
  }

  # who has read none has nothing to read again, and would begin every connection twice
  $told = $facts.dig('ipsec', 'certificate') ? {
    true    => [Exec['ipsec rereadall'], Exec['ipsec reload']],
    default => Exec['ipsec rereadall'],
  }

  if $present {
    file {
      default:
        owner     => 'root',
        group     => 'root',
        show_diff => false,
        backup    => false,
        notify    => $told,
        before    => Class['ipsec::service'],
        ;
      '/etc/ipsec.d/certs/mesh.pem':
        ensure => file,
        mode   => '0644',
        source => $sources['cert'],
        ;
      '/etc/ipsec.d/private/mesh.pem':
        ensure => file,
        mode   => '0600',
        source => $sources['key'],
        ;
    }
    ipsec::secret { 'mesh':
      type => $sources['type'],
      file => '/etc/ipsec.d/private/mesh.pem',
    }
  } else {
    file { ['/etc/ipsec.d/certs/mesh.pem', '/etc/ipsec.d/private/mesh.pem']:
      ensure => absent,
      backup => false,
    }
  }

  # one that is no more is no longer trusted
  Integer[0, 7].each |$number| {
    $path = "/etc/ipsec.d/cacerts/mesh-${number}.pem"
    if $authorities[$number] =~ NotUndef {
      file { $path:
        ensure => file,
        owner  => 'root',
        group  => 'root',
        mode   => '0644',
        before => Class['ipsec::service'],
        notify => Exec['ipsec rereadall'],
        *      => { $from => $authorities[$number] },
      }
    } else {
      $rereads = $ipsec::ensure ? {
        'present' => Exec['ipsec rereadall'],
        default   => undef,
      }
      file { $path:
        ensure => absent,
        notify => $rereads,
      }
    }
  }
}
