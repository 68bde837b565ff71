"""The network between clients and the server: on one machine it is loopback, the kernel and the parsing of a request.

What a delivery takes on its way back is part of the measured fan-out (see `simulation.model.edge`).
"""

import simpy

from simulation.model.event_loop import Steps


class Network:
    def __init__(self, env: simpy.Environment) -> None:
        self._env = env

    def to_server(self, delay_s: float) -> Steps:
        yield self._env.timeout(delay_s)
