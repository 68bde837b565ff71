"""Authors who post at a steady rate, open loop, and try again with the same key until they have an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import simpy

from reference_impl.policy.retry import Retry, RetryConfig
from simulation.model.event_loop import Steps
from simulation.model.group_commit import GroupCommit


@dataclass(slots=True)
class RetryingAuthors:
    """``tries``: (begun, ended, stored); ``way_s`` draws what a request takes besides its commit.

    After ``answer_s`` a request without an answer is given up, and made again.
    """

    env: simpy.Environment
    commits: GroupCommit
    way_s: Callable[[], float]
    retry: RetryConfig
    answer_s: float
    rng: Random
    meant_s: dict[int, float] = field(default_factory=dict)  # by key
    tries: list[tuple[float, float, int]] = field(default_factory=list)

    def run(self, rate: float, until_s: float) -> Steps:
        key, began_s = 0, self.env.now
        while self.env.now < until_s:
            self.meant_s[key] = self.env.now
            self.env.process(self._post(key))
            key += 1
            yield self.env.timeout(max(0.0, began_s + key / rate - self.env.now))

    def _post(self, key: int) -> Steps:
        retry = Retry(self.retry, self.rng)
        while True:
            began_s = self.env.now
            yield self.env.timeout(self.way_s())
            answer = self.commits.submit(key)
            yield answer | self.env.timeout(self.answer_s)
            said: tuple[bool, float] | None = answer.value if answer.triggered else None
            stored, away_s = said or (False, 0.0)
            status = 201 if stored else 503 if answer.triggered else 0
            self.tries.append((began_s, self.env.now, status))
            pause_s = None if stored else retry.failed(0.0)
            if pause_s is None:
                return
            yield self.env.timeout(max(pause_s, away_s))
