"""One text format, one module: a sample, the EBNF, one production per rule."""
