"""Ports for processes that keep theirs when they are killed and started again."""

import itertools
import os
import socket

FIRST, LAST = 10_000, 32_767  # below those that a system gives away by itself, to whoever connects or asks for any


_numbers = itertools.count(os.getpid() * 101)  # processes that look for one at the same time begin at different places


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
