"""What a file of charon's settings is made of."""
