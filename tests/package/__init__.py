"""The Debian package on fresh systems, with the daemons that run its commands."""
