"""Configuration, daemon and kernel joined: what is true of each connection."""
