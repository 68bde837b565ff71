"""Ports for processes that keep theirs when they are killed and started again."""

import itertools
import os
import socket

FIRST, LAST = 10_000, 32_767  # below those that a system gives away by itself, to whoever connects or asks for any


# Processes that look for ports at the same time begin far apart: by the golden section, however near their numbers are.
# A port whose owner is being started again is free for a moment, and must not be another's then.
_numbers = itertools.count(os.getpid() * round((LAST - FIRST) * 0.618))


def free_port() -> int:
    """A port of the loopback that nobody has and nobody is given unasked, and none that was answered before."""
    for number in itertools.islice(_numbers, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"no port from {FIRST} to {LAST} is free")
