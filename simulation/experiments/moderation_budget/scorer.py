"""The scorer, and the questions to it: the server's guard before it, and its policy on answers that come or do not."""

from collections.abc import Callable, Generator
from random import Random
from typing import Any

import simpy

from reference_impl.moderation.scoring import Scoring
from reference_impl.moderation.verdict import Verdict
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.deadline import Deadline
from simulation.experiments.moderation_budget.plan import Size, Variant
from simulation.model.event_loop import Steps
from simulation.model.guard import Asking, Guard

Answered = Callable[[], None]
Judging = Generator[simpy.Event, Any, Verdict]


class Scorer:
    """Answers after a time of its own, as many at once as it is asked; during an outage it stands still."""

    def __init__(self, env: simpy.Environment, median_s: float, outage_s: tuple[float, float] | None) -> None:
        self._env = env
        self._median_s = median_s
        self._outage_s = outage_s

    def answer(self, pace: float) -> Asking:
        start_s = self._env.now
        end_s = start_s + self._median_s * pace
        if self._outage_s is not None:
            begins_s, over_s = self._outage_s
            if start_s < over_s and end_s > begins_s:
                end_s += over_s - max(start_s, begins_s)
        yield self._env.timeout(end_s - start_s)
        return True


class Questions:
    """All questions of a server to its scorer; ``waiting`` comments have been asked about and have no answer."""

    def __init__(self, env: simpy.Environment, variant: Variant, size: Size, rng: Random) -> None:
        self._env = env
        self._scorer = Scorer(env, variant.latency_ms / 1000, size.outage_s if variant.outage else None)
        self.scoring = Scoring(variant.scoring)
        timeout_s = variant.scoring.timeout_s
        self._guard = Guard(env, BreakerConfig(slow_s=timeout_s), rng, size.places, timeout_s)
        self.waiting = self.waiting_most = 0

    def wait(self, score: float, pace: float, late: Answered) -> Judging:
        """Ask once, and answer the verdict: the score's, or the fallback; ``late`` is told of a score after that."""
        self._begin()
        done, _ = yield from self._guard.once(lambda: self._scorer.answer(pace), late)
        self.waiting -= 1
        return self.scoring.judged(score) if done else self.scoring.unanswered()

    def follow_up(self, pace: float, answered: Answered) -> Steps:
        """Ask about a comment that is out, as often as it takes, until it is too old to matter."""
        deadline, heard = Deadline.after(self.scoring.config.behind_s, self._env.now), False

        def once() -> None:
            nonlocal heard
            if not heard:
                heard = True
                answered()

        self._begin()
        while not heard:
            done, again_s = yield from self._guard.once(lambda: self._scorer.answer(pace), once)
            if done:
                once()
            elif not deadline.allows(again_s, self._env.now):
                break
            else:
                yield self._env.timeout(again_s)
        self.waiting -= 1

    def _begin(self) -> None:
        self.waiting += 1
        self.waiting_most = max(self.waiting_most, self.waiting)
