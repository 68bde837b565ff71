"""The interview's time: three boxes, and how long each has taken."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

BOXES_MIN = {"requirements": 8, "design": 12, "deep dives": 25}


@dataclass(slots=True)
class Clock:
    """``now`` answers seconds; it is given in tests."""

    now: Callable[[], float] = time.monotonic
    _began_s: dict[str, float] = field(default_factory=dict)
    _ended_s: float | None = None

    def begin(self, box: str) -> str:
        """Begin a box; the answer says what is left. One that was begun goes on."""
        self._began_s.setdefault(box, self.now())
        return f"{box}: {BOXES_MIN[box]} minutes, of which {self.taken_s(box) / 60:.0f} are gone"

    def end(self) -> None:
        self._ended_s = self._ended_s if self._ended_s is not None else self.now()

    def taken_s(self, box: str) -> float:
        """Until the next box was begun, the end, or now."""
        if box not in self._began_s:
            return 0.0
        began = self._began_s[box]
        end_s = self._ended_s if self._ended_s is not None else self.now()
        return min([each for each in self._began_s.values() if each > began] + [end_s]) - began

    def over(self) -> list[str]:
        """The boxes that took longer than they may."""
        return [box for box, minutes in BOXES_MIN.items() if self.taken_s(box) > 60 * minutes]
