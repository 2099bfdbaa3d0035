"""What a file of ipsec.conf is made of."""
