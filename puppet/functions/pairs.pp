# @summary The connections of a node of the mesh, by name: their ends, and what to do when a peer is gone.
#
# Fails where the list contradicts itself: a node that is not in it, an address or an identity
# that two nodes have, a site that no node is in.
#
# @param own
#   The node, by its name in the list, or that name with the domain.
# @param nodes
#   All nodes.
# @param links
#   Pairs of sites that talk to each other; undef for every edge with every main node.
# @param domain
#   What the names in certificates have behind those of the nodes.
# @return [Hash] left, right, rightid and dpdaction of each connection.
function ipsec::pairs(
  String[1] $own,
  Hash[Ipsec::Node_name, Ipsec::Node, 1] $nodes,
  Ipsec::Links $links = undef,
  Optional[Ipsec::Hostname] $domain = undef,
) >> Hash {
  $known = $nodes.keys.filter |$name| { $own in [$name, "${name}.${domain}"] }
  if $known.empty {
    fail("ipsec::mesh: ${own} is none of the nodes")
  }
  $name = $known[0]
  $node = $nodes[$name]

  $nodes.each |$one, $its| {
    unless $its['v4'] or $its['v6'] {
      fail("ipsec::mesh: ${one} has no address")
    }
  }
  $ids = $nodes.map |$one, $its| { ipsec::id($one, $its, $domain) }
  $addresses = $nodes.values.map |$its| { [$its['v4'], $its['v6']] }.flatten.filter |$one| { $one =~ NotUndef }
  [$ids, $addresses].each |$all| {
    $twice = $all.map |$one| { $one.downcase }.group_by |$one| { $one }.filter |$one, $found| { $found.length > 1 }
    unless $twice.empty {
      fail("ipsec::mesh: two nodes have ${twice.keys[0]}")
    }
  }
  $sites = $nodes.values.map |$its| { $its['site'] }
  $links.then |$pairs| { $pairs.flatten }.lest || { [] }.each |$site| {
    unless $site in $sites {
      fail("ipsec::mesh: no node is in site ${site}, which links name")
    }
  }

  $peers = $nodes.filter |$peer, $its| { $peer != $name and ipsec::talk($node, $its, $links) }
  $peers.reduce({}) |$found, $one| {
    [$peer, $its] = $one
    $restarts = $node['role'] ? {
      $its['role'] => compare($name, $peer) < 0,
      default      => $node['role'] == 'edge',
    }
    $dpdaction = $restarts ? {
      true    => 'restart',
      default => 'clear',
    }
    $families = ['v4', 'v6'].filter |$family| { $node[$family] and $its[$family] }
    if $families.empty {
      fail("ipsec::mesh: ${name} and ${peer} have no family in common")
    }
    $found + $families.reduce({}) |$all, $family| {
      $all + {
        "${peer}_${family}" => {
          'left'      => $node[$family],
          'right'     => $its[$family],
          'rightid'   => ipsec::id($peer, $its, $domain),
          'dpdaction' => $dpdaction,
        },
      }
    }
  }
}
