# @summary A host's connections to its peers, of a list of nodes that all hosts have.
#
# Every peer is two connections, `NAME_v4` and `NAME_v6`, as far as both have such addresses.
# Both ends follow from the one list by the same rules, so they mirror each other: who talks to
# whom is a pair of sites, and of two ends the edge, or of equals the first by name, is the one
# that starts anew when its peer is gone (`dpdaction=restart`); the other one clears.
#
# @example In Hiera, for all hosts
#   ipsec::mesh::nodes:
#     cp0001: {site: ams, role: edge, v4: 192.0.2.1, v6: "2001:db8:1::1"}
#     cp0101: {site: iad, role: main, v4: 198.51.100.1, v6: "2001:db8:2::1"}
#   ipsec::mesh::domain: example.org
#
# @param nodes
#   All hosts of the mesh, by name.
# @param ensure
#   `absent` takes the connections, certificates and routes away, and leaves strongSwan.
# @param node
#   Which of them this host is.
# @param domain
#   What the names in certificates have behind those of the nodes.
# @param links
#   Pairs of sites whose nodes talk to each other, whatever their roles; without it every edge
#   talks to every main node.
# @param auto
#   `start` brings connections up; `route` holds traffic back until they are; `add` waits for
#   the peer, for a mesh that is to be switched on later.
# @param drop
#   Whether a shunt drops, for each peer, what no SA protects: nothing leaves in clear text.
# @param settings
#   Further keywords for all connections.
# @param certificates
#   Certificates other than those of Puppet's agent.
# @param mtu
#   The path MTU that routes to the peers are locked to; false leaves routes alone.
class ipsec::mesh (
  Hash[Ipsec::Node_name, Ipsec::Node, 1] $nodes,
  Enum['present', 'absent'] $ensure = 'present',
  String[1] $node = $trusted['certname'],
  Optional[Ipsec::Hostname] $domain = undef,
  Ipsec::Links $links = undef,
  Enum['add', 'route', 'start'] $auto = 'start',
  Boolean $drop = false,
  Ipsec::Settings $settings = {},
  Optional[Ipsec::Certificates] $certificates = undef,
  Variant[Integer[1280, 9000], Boolean[false]] $mtu = 1450,
) {
  include ipsec

  $present = $ensure == 'present' and $ipsec::ensure == 'present'
  $pairs = $present ? {
    true    => ipsec::pairs($node, $nodes, $links, $domain),
    default => {},
  }

  $pairs.each |$name, $pair| {
    $ends = { 'left' => $pair['left'], 'right' => $pair['right'] }
    ipsec::connection { $name:
      settings => {
        'leftcert'  => 'mesh.pem',
        'auto'      => $auto,
        'dpdaction' => $pair['dpdaction'],
      } + $settings + $ends + { 'rightid' => $pair['rightid'] },
    }
    if $drop {
      ipsec::connection { "${name}_drop":
        settings => $ends + {
          'type'        => 'drop',
          'auto'        => 'route',
          'leftsubnet'  => $pair['left'],
          'rightsubnet' => $pair['right'],
        },
      }
    }
  }

  class { 'ipsec::mesh::certificates':
    present      => $present,
    certificates => $certificates,
  }
  class { 'ipsec::mesh::routes':
    present   => $present and $mtu =~ Integer,
    mtu       => $mtu,
    addresses => $pairs.map |$name, $pair| { $pair['right'] },
  }
  contain ipsec::mesh::certificates
  contain ipsec::mesh::routes
}
