"""What the texts of ``ip xfrm`` are made of."""
