"""Runs a module, or another program, that ends when its parent does, even if that is killed (SIGKILL); Linux only.

    python -m simulation.engines.with_parent PARENT MODULE [ARGUMENT…]
    python with_parent.py PARENT -- PROGRAM [ARGUMENT…]

Processes of a run have sessions of their own, so that Ctrl-C reaches the run alone, which then ends them in order. One
that is killed cannot; the kernel sends them SIGTERM then, and each ends as it does when it is told to.
"""

import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept by exec, and meant of the thread that has started the process


def module(name: str, arguments: Sequence[str]) -> list[str]:
    """The command line of ``python -m name``."""
    python = [sys.executable, "-m"]
    bound = [*python, "simulation.engines.with_parent", str(os.getpid())]
    return [*(bound if _can() else python), name, *arguments]


def program(command: Sequence[str]) -> list[str]:
    """The command line of another program, for which Python is there for some milliseconds, without its packages."""
    return [*([sys.executable, "-IS", __file__, str(os.getpid()), "--"] if _can() else []), *command]


def _can() -> bool:
    return sys.platform == "linux"


def main() -> None:
    parent, name, *arguments = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the parent has ended already")
    if name == "--":
        os.execvp(arguments[0], arguments)
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
