"""The parts of :mod:`check_ipsec.grammar.vici`, a kind of answer each."""
