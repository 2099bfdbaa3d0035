"""One question, one module; :mod:`check_ipsec.checks.cli` is what all share."""
