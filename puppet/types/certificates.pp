# @summary Where a node's certificate, its key and its authorities come from, one file each.
type Ipsec::Certificates = Struct[{
  'cert' => Stdlib::Filesource,
  'key'  => Stdlib::Filesource,
  'type' => Enum['RSA', 'ECDSA'],
  'ca'   => Array[Stdlib::Filesource, 1, 8],
}]
