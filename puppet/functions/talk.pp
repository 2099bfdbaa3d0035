# @summary Whether two nodes talk to each other: the same whichever is asked.
# @param one
#   A node.
# @param other
#   Another.
# @param links
#   Pairs of sites; undef for every edge with every main node.
# @return [Boolean] Whether they do.
function ipsec::talk(Ipsec::Node $one, Ipsec::Node $other, Ipsec::Links $links) >> Boolean {
  $sites = [$one['site'], $other['site']]
  $links ? {
    Undef   => $one['role'] != $other['role'],
    default => $links.any |$link| { $link == $sites or $link == $sites.reverse_each.map |$site| { $site } },
  }
}
