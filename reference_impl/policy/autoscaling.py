"""How many edges a crowd needs.

As many as keep each at its target, as Kubernetes' horizontal autoscaler counts them: the load of all together over the
target of one, rounded up; and fewer only when fewer would have been enough for a whole cool-down, since an edge that
ends sends its viewers away. What is started now is there only after its start-up time, so what counts is the load of
then: as it grows, but never more than twice what is seen, because a jump is no trend.

What the load is, is for whoever looks to say; a saturated measure (the share of a core) cannot tell by how much an
edge is too small, and one that admission protects (the same) does not even tell that it is.
Source: Kubernetes documentation, "Horizontal Pod Autoscaling"; Gandhi et al., "AutoScale: Dynamic, Robust Capacity
Management for Multi-Tier Data Centers", ACM TOCS 30 (2012), on start-up times.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalingConfig:
    target: float = 0.7  # of an edge, in edges' worth of load
    edges_min: int = 1
    edges_max: int = 64
    start_s: float = 2.0  # from the decision until an edge takes viewers
    cool_down_s: float = 300.0

    def __post_init__(self) -> None:
        if not 0 < self.target <= 1:
            raise ValueError(f"target must be above 0 and at most 1, got {self.target:g}")
        if not 1 <= self.edges_min <= self.edges_max:
            raise ValueError(f"need 1 <= edges_min <= edges_max, got {self.edges_min} and {self.edges_max}")
        if self.start_s < 0 or self.cool_down_s < 0:
            raise ValueError(f"times must be >= 0, got {self.start_s:g} and {self.cool_down_s:g}")


class Autoscaler:
    """Looks now and then, and remembers the last load and for how long fewer edges have been enough."""

    __slots__ = ("_config", "_enough", "_enough_since", "_load", "_looked_at")

    def __init__(self, config: AutoscalingConfig) -> None:
        self._config = config
        self._load = 0.0
        self._looked_at: float | None = None
        self._enough_since: float | None = None
        self._enough = 0  # the most that were needed since then

    def wanted(self, load: float, edges: int, now: float) -> int:
        """How many edges there should be: of ``load``, in edges' worth, when there are ``edges`` with those to come."""
        config = self._config
        needed = math.ceil(self._expected(load, now) / config.target)
        needed = min(config.edges_max, max(config.edges_min, needed))
        if needed >= edges:
            self._enough_since = None
            return needed
        if self._enough_since is None:
            self._enough_since, self._enough = now, needed
        self._enough = max(self._enough, needed)
        return self._enough if now - self._enough_since >= config.cool_down_s else edges

    def _expected(self, load: float, now: float) -> float:
        """The load when an edge that is started now is there."""
        before, since = self._load, self._looked_at
        self._load, self._looked_at = load, now
        if since is None or now <= since:
            return load
        growth_per_s = (load - before) / (now - since)
        return load + min(load, max(0.0, growth_per_s * self._config.start_s))
