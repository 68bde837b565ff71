"""Ports for processes that keep theirs when they are killed and started again."""

import fcntl
import itertools
import os
import socket
import tempfile
from functools import cache
from pathlib import Path

FIRST, LAST = 10_000, 32_767  # below those that a system gives away by itself, to whoever connects or asks for any


# Processes that look for ports at the same time begin far apart: by the golden section, however near their numbers are.
_numbers = itertools.count(os.getpid() * round((LAST - FIRST) * 0.618))


def free_port() -> int:
    """A port of the loopback that nobody has and nobody is given unasked, and none that was answered before.

    It is kept for this process until that ends: one whose owner is only starting, or is started again, is free to bind.
    """
    for number in itertools.islice(_numbers, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST + 1)
        if _free(port) and _kept(port):
            return port
    raise OSError(f"no port from {FIRST} to {LAST} is free")


def _free(port: int) -> bool:
    """Whether it can be bound."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _kept(port: int) -> bool:
    """Whether it is no other process's: the kernel gives up a process's locks when that ends, however it does."""
    try:
        fcntl.lockf(_register(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


@cache
def _register() -> int:
    """A file of this user's, of which a byte is locked for each port; closed it would lose the locks."""
    path = Path(tempfile.gettempdir()) / f"livecomments-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
