"""The Puppet module: what it lays, read by the project's own parser and by charon's starter."""
