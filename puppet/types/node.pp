# @summary A host of the mesh. `id` is its identity where that is not `CN=NAME`.
type Ipsec::Node = Struct[{
  'site'         => Ipsec::Site,
  'role'         => Enum['edge', 'main'],
  Optional['v4'] => Stdlib::IP::Address::V4::Nosubnet,
  Optional['v6'] => Stdlib::IP::Address::V6::Nosubnet,
  Optional['id'] => Ipsec::Text,
}]
