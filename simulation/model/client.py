"""The authors: each post goes when it was meant to go, whatever became of the earlier ones (open loop)."""

from collections.abc import Sequence

import simpy

from simulation.model.api import Api
from simulation.model.event_loop import Steps
from simulation.trace import Post


class Authors:
    def __init__(self, env: simpy.Environment, api: Api) -> None:
        self._env = env
        self._api = api

    def run(self, schedule: Sequence[Post]) -> Steps:
        """Start every post at its time; each goes its way by itself."""
        for post in schedule:
            yield self._env.timeout(max(0.0, post.at_s - self._env.now))
            self._env.process(self._api.post(post))
