"""The interview's time: three boxes, and how long each has taken."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BOXES_MIN = {"requirements": 8, "design": 12, "deep dives": 25}
TOTAL_MIN = sum(BOXES_MIN.values())


@dataclass(slots=True)
class Clock:
    """``now`` answers seconds; it is given in tests."""

    now: Callable[[], float] = time.monotonic
    _began_s: dict[str, float] = field(default_factory=dict)
    _ended_s: float | None = None

    def begin(self, box: str) -> None:
        """Begin a box; one that was begun goes on, and one that a later one has followed is over."""
        self._began_s.setdefault(box, self.now())

    def end(self) -> None:
        self._ended_s = self._ended_s if self._ended_s is not None else self.now()

    @property
    def ended(self) -> bool:
        return self._ended_s is not None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """While the machine works the candidate does not pay for it."""
        since_s = self.now()
        try:
            yield
        finally:
            away_s = self.now() - since_s
            self._began_s = {box: began_s + away_s for box, began_s in self._began_s.items()}

    def taken_s(self, box: str) -> float:
        """Until the next box was begun, the end, or now."""
        began = list(self._began_s)
        if box not in began:
            return 0.0
        followed = began[began.index(box) + 1 :]
        end_s = self._began_s[followed[0]] if followed else self._until_s()
        return end_s - self._began_s[box]

    def _until_s(self) -> float:
        return self.now() if self._ended_s is None else self._ended_s

    @property
    def total_s(self) -> float:
        return sum(self.taken_s(box) for box in BOXES_MIN)

    def over(self) -> list[str]:
        """The boxes that took longer than they may."""
        return [box for box, minutes in BOXES_MIN.items() if self.taken_s(box) > 60 * minutes]

    def __str__(self) -> str:
        """What a look at it says: whole minutes, and what is over."""
        if not self._began_s:
            return f"It has not begun: {TOTAL_MIN} min."
        box = list(self._began_s)[-1]
        gone, total = (int(seconds / 60) for seconds in (self.taken_s(box), self.total_s))
        warns = " This box is full: go on." if box in self.over() else ""
        return f"Of {box} {gone} of {BOXES_MIN[box]} min are gone, of all {total} of {TOTAL_MIN}.{warns}"
