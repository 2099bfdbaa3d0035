"""Real charon daemons with real kernel ESP, in User-Mode Linux.

``uml`` boots the guest, ``hosts`` makes the hosts inside it, ``scenarios`` say
what is configured and broken, ``capturing`` writes what the daemon and the
kernel say. ``capture`` is the command that joins them.
"""
