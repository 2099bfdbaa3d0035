# @summary The identity of a node, as its certificate has it.
# @param name
#   Its name.
# @param node
#   What the list of nodes says of it.
# @param domain
#   What stands behind its name.
# @return [String] The identity.
function ipsec::id(Ipsec::Node_name $name, Ipsec::Node $node, Optional[Ipsec::Hostname] $domain) >> String {
  $node['id'] ? {
    Undef   => "CN=${[$name, $domain].filter |$part| { $part =~ NotUndef }.join('.')}",
    default => $node['id'],
  }
}
