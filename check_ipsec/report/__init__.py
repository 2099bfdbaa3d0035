"""How bad it is, and how it is said."""
