"""A fan-out's system calls in one call to C, where a compiler is there; without one the server does without.

The interpreter is free for the log's thread while it runs.
"""

import ctypes
from array import array
from collections.abc import Callable
from pathlib import Path

import structlog

from reference_impl.compiled import NotCompiled, compiled

SOURCE = Path(__file__).with_suffix(".c")

BatchSend = Callable[["array[int]", bytes], list[tuple[int, int]]]
"""Send bytes to all sockets; the answer names those that took less: (index, bytes taken)."""

log = structlog.get_logger(__name__)


def load_batch_send() -> BatchSend | None:
    """Compile, if that has not been done, and load; None (and a line in the log) when it cannot be had."""
    try:
        return _bind(ctypes.CDLL(str(compiled(SOURCE, "-shared", "-fPIC"))))
    except (NotCompiled, OSError) as error:
        log.info("no_batch_send", reason=str(error), meaning="each viewer is written to by itself, at some cost")
        return None


def _bind(library: ctypes.CDLL) -> BatchSend:
    function = library.batch_send
    function.restype = ctypes.c_int
    function.argtypes = [
        ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    behind, sent = array("i"), array("l")

    def batch_send(sockets: "array[int]", payload: bytes) -> list[tuple[int, int]]:
        if len(behind) < len(sockets):
            behind.extend([0] * (len(sockets) - len(behind)))
            sent.extend([0] * (len(sockets) - len(sent)))
        slow = function(
            sockets.buffer_info()[0], len(sockets), payload, len(payload),
            behind.buffer_info()[0], sent.buffer_info()[0],
        )  # fmt: skip
        return list(zip(behind[:slow], sent[:slow], strict=True))

    return batch_send
