"""What ships beside the code and follows from it: made from the commands' own parsers."""
