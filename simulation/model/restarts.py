"""A process that dies and comes back, as those see it who are connected to it."""

import simpy

from simulation.model.event_loop import Steps


class Process:
    """``down`` comes about when it dies, and is a new event for every life."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.up = True
        self.down = env.event()

    def kill(self) -> None:
        """What it held in memory is gone, and the kernel tells everybody who was connected."""
        self.up = False
        self.down.succeed()

    def start(self, start_s: float) -> Steps:
        """Start it again; it takes connections when that is over."""
        yield self.env.timeout(start_s)
        self.up = True
        self.down = self.env.event()
