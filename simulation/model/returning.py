"""Viewers who have lost their edge and come back by their client's `Retry`, a crowd at a time.

Time goes in steps: whoever is due in one tries at its end. Those who fail together are drawn together, which is the
same as each for himself (`failed_together`).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

import numpy as np

from reference_impl.policy.retry import RetryConfig, failed_together


class Returning:
    """``waiting`` are those who try again, ``given_up`` those who do not."""

    def __init__(self, config: RetryConfig, step_s: float, rng: Random) -> None:
        self.waiting = self.given_up = 0
        self._config = config
        self._step_s = step_s
        self._rng = rng
        self._due: defaultdict[int, Counter[int]] = defaultdict(Counter)  # by step: how many, by earlier failures

    def failed(self, attempt: int, count: int, now_s: float) -> None:
        """So many have failed at once, each for the time after ``attempt`` earlier failures."""
        again_s = failed_together(self._config, attempt, count, now_s, self._rng)
        self.waiting += len(again_s)
        self.given_up += count - len(again_s)
        steps, counts = np.unique((np.array(again_s) / self._step_s).astype(np.int64), return_counts=True)
        for step, coming in zip(steps.tolist(), counts.tolist(), strict=True):
            self._due[step][attempt + 1] += coming

    def due(self, step: int) -> list[tuple[int, int]]:
        """Who tries in this step: (earlier failures, how many)."""
        found = sorted(self._due.pop(step, Counter()).items())
        self.waiting -= sum(count for _, count in found)
        return found


def spread(count: int, weights: Sequence[int]) -> list[int]:
    """Part a crowd by weights, as evenly as whole viewers go."""
    ends = [count * sum(weights[: at + 1]) // sum(weights) for at in range(len(weights))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
