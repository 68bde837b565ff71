"""Deadline: how long a call may still take, passed down from its caller.

It is a point in time, so that whoever is called on the way takes his share off by himself, and nobody begins what
cannot be done in time. Source: Google, "Site Reliability Engineering", chapter 22 ("Propagate deadlines"), 2016.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    at_s: float

    @classmethod
    def after(cls, limit_s: float, now_s: float) -> "Deadline":
        if not limit_s > 0:
            raise ValueError(f"limit_s must be > 0, got {limit_s:g}")
        return cls(now_s + limit_s)

    def remaining_s(self, now_s: float) -> float:
        return max(0.0, self.at_s - now_s)

    def allows(self, needed_s: float, now_s: float) -> bool:
        """Whether something that takes so long should be started."""
        return now_s + needed_s < self.at_s
