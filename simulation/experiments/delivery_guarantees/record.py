"""What viewers saw of what authors meant, written down the same way by real processes and by the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


@dataclass(slots=True)
class Screen:
    """One viewer's: when each comment was shown first, how many were again, and how many behind a later one."""

    drops: bool
    first_s: dict[int, float] = field(default_factory=dict)  # by number
    last: int = -1
    again: int = 0
    behind: int = 0

    def show(self, number: int, at_s: float) -> None:
        if number in self.first_s:
            if self.drops:
                return
            self.again += 1
        else:
            self.first_s[number] = at_s
        self.behind += number < self.last
        self.last = max(self.last, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run, in seconds of any clock. ``receipts`` has shape (n, 3): viewer, seq, time, in order of time.

    ``numbers``: which comment stands at a ``seq`` of the log; ``cpu_s`` of all processes of the server.
    """

    meant_s: Mapping[int, float]  # by number
    numbers: Mapping[int, int]
    receipts: Times
    viewers: int
    requests: int
    cpu_s: float
    received_bytes: float
    drops: bool

    def values(self) -> dict[str, float]:
        """What the family measures, by the measures' names."""
        screens = self.screens()
        posts = len(self.meant_s)
        pairs = posts * self.viewers
        shown = sum(len(screen.first_s) for screen in screens)
        stored = set(self.numbers.values())
        seen = {number for screen in screens for number in screen.first_s}
        waits_ms = self.waits_s(screens) * 1000
        return {
            "lost_pct": 100 * (1 - shown / pairs),
            "doubled_pct": 100 * sum(screen.again for screen in screens) / pairs,
            "behind_pct": 100 * sum(screen.behind for screen in screens) / pairs,
            "unstored_pct": 100 * (1 - len(stored) / posts),
            "unseen_pct": 100 * len(stored - seen) / posts,
            "stored_again_pct": 100 * (len(self.numbers) - len(stored)) / posts,
            "p50_ms": float(np.percentile(waits_ms, 50)),
            "p99_ms": float(np.percentile(waits_ms, 99)),
            "requests": self.requests / posts,
            "cpu_ms": 1000 * self.cpu_s / posts,
            "bytes": self.received_bytes / pairs,
        }

    def screens(self) -> list[Screen]:
        screens = [Screen(self.drops) for _ in range(self.viewers)]
        for viewer, seq, at_s in self.receipts.tolist():
            if (number := self.numbers.get(int(seq))) is not None:
                screens[int(viewer)].show(number, at_s)
        return screens

    def waits_s(self, screens: list[Screen]) -> Times:
        """From when a comment was meant to be sent until a viewer was first shown it."""
        waits = [at_s - self.meant_s[number] for screen in screens for number, at_s in screen.first_s.items()]
        return np.array(waits or [np.nan])
