"""What is asked for: ipsec.conf as starter resolves it, and what a connection must be."""
