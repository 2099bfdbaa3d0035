"""One reading of a host, parsed."""
