"""Ctrl-C before a command has anything open that wants an end, and after all of it has ended.

Python's own way, an exception wherever the program happens to be, is then a traceback of half-imported modules or of
the interpreter's end, or is lost in a library that catches everything. Whatever opens something takes the signal over.
"""

import os
import signal

STATUS = 130  # as a shell tells of SIGINT


def end_at_once() -> None:
    """From now on Ctrl-C ends this process with `STATUS`, and nothing is said; where it is ignored it still is."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(STATUS))


def leave_alone() -> None:
    """From now on Ctrl-C changes nothing: the process is about to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
