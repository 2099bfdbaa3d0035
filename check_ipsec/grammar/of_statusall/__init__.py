"""The parts of :mod:`check_ipsec.grammar.statusall`, a section of the text each."""
