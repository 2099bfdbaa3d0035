# @summary The keywords of `config setup`. Levels of the log belong into `ipsec::logging`.
type Ipsec::Setup = Struct[{
  Optional['cachecrls']       => Ipsec::Flag,
  Optional['strictcrlpolicy'] => Variant[Ipsec::Flag, Enum['ifuri']],
  Optional['uniqueids']       => Variant[Ipsec::Flag, Enum['replace', 'keep', 'never']],
}]
