"""A policy answers and never waits: whoever sleeps inside one holds up all that share its loop."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from simulation.course.exercise import Misconception


@contextmanager
def never_waits(instead: str) -> Iterator[None]:
    """While the block runs an answer that would sleep, or wait at a full queue, is told what to do ``instead``."""

    def found(what: str) -> Callable[..., Any]:
        def waits(*_: Any, **__: Any) -> None:
            raise Misconception(f"it waits ({what}), and everybody else on its loop waits with it: {instead}")

        return waits

    with patch.object(time, "sleep", found("time.sleep")), patch.object(threading.Condition, "wait", found("a lock")):
        yield
