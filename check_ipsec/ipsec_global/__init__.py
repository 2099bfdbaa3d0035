"""The operator command: charon is asked, then looked at again until the truth is known."""
