"""What ``ipsec listcounters`` prints."""
