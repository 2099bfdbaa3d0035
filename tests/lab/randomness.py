"""Random numbers for a guest that has just booted and will make keys for tests only."""

import fcntl
import struct
from pathlib import Path

# linux/random.h, RNDADDENTROPY
ADD_ENTROPY = 0x40085203


def credit(seed: bytes) -> None:
    """Lets the kernel count its generator as seeded: else the first key waits for 8 s."""
    with Path("/dev/random").open("wb") as device:
        fcntl.ioctl(device, ADD_ENTROPY, struct.pack("ii", len(seed) * 8, len(seed)) + seed)
