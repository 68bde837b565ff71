"""The network: messages between nodes, over routes, links and connections that faults act on.

On one machine it is loopback, the kernel and the parsing of a request, which were measured as a whole. What a delivery
takes on its way back is part of the measured fan-out (see `simulation.model.edge`).
"""

from collections.abc import Callable, Generator
from itertools import pairwise
from random import Random
from typing import Any

import simpy

from simulation.link_faults import Fault
from simulation.model.connection import Connection, Reason, TcpConfig
from simulation.model.event_loop import Steps
from simulation.model.link import FifoLink
from simulation.model.topology import Ends, Route, Topology


class Network:
    """``streams`` gives a source of randomness by its name: each direction of a link has two of its own.

    There is no event but where a message must wait its turn at a link of finite bandwidth, and at its end.
    """

    def __init__(
        self,
        env: simpy.Environment,
        topology: Topology | None = None,
        streams: Callable[[str], Random] = Random,
        tcp: TcpConfig | None = None,
    ) -> None:
        self._env = env
        self.topology = topology or Topology()
        self._streams = streams
        self._tcp = tcp or TcpConfig()
        self._links: dict[Ends, FifoLink] = {}
        self._connections: dict[Ends, Connection] = {}
        self.sent_again = 0
        self.connections_lost = 0

    def to_server(self, delay_s: float) -> Steps:
        yield self._env.timeout(delay_s)

    def during(self, fault: Fault, duration_s: float) -> Steps:
        """Have a fault in force for a while; an interrupt ends it early."""
        self.topology.begin(fault)
        try:
            yield self._env.timeout(duration_s)
        finally:
            self.topology.end(fault)

    def send(self, source: str, target: str, size_bytes: float = 0.0) -> Steps:
        """Bring a message to its target, behind all that were sent there before.

        What is lost on the way, or finds no way, is sent again until the connection is given up: `ConnectionLost` is
        raised then, here and for every message behind this one. A sender that is interrupted has broken it too.
        """
        connection = self._connection(source, target)
        number = connection.number()
        try:
            yield from self._deliver(connection, number, size_bytes)
            yield from connection.hand_over(number)
        except simpy.Interrupt:
            self._lose(connection, "interrupted")
            raise

    def _deliver(self, connection: Connection, number: int, size_bytes: float) -> Steps:
        sent_s = self._env.now
        while not (yield from self._try(connection, size_bytes)):
            yield from connection.missed(number, sent_s)
            if connection.timeouts == self._tcp.tries_max:
                self._lose(connection, "loss" if self.topology.route(*connection.ends) else "no way")
                return
            self.sent_again += 1
            sent_s = self._env.now

    def _try(self, connection: Connection, size_bytes: float) -> Generator[simpy.Event, Any, bool]:
        """Send once, by the present way; False when there is none, or the message is lost."""
        if not (route := self.topology.route(*connection.ends)):
            return False
        connection.round_trip_s = 2 * self.topology.delay_s(*connection.ends)
        return (yield from self._carry(route, size_bytes))

    def _carry(self, route: Route, size_bytes: float) -> Generator[simpy.Event, Any, bool]:
        """Go a route once; False when the message is lost, also by a link that is cut when it comes out.

        Links without a limit only add up; at one with a limit the message must be there in person, to keep the order.
        """
        ahead_s = 0.0
        for hop in pairwise(route):
            if ahead_s and self.topology.link(hop).bandwidth_bytes_per_s is not None:
                yield self._env.timeout(ahead_s)
                ahead_s = 0.0
                if not self.topology.is_up(route):
                    return False
            crossing_s = self._link(hop).cross_s(self._env.now + ahead_s, size_bytes, self.topology.link(hop))
            if crossing_s is None:
                return False
            ahead_s += crossing_s
        yield self._env.timeout(ahead_s)
        return self.topology.is_up(route)

    def _connection(self, source: str, target: str) -> Connection:
        ends = source, target
        if ends not in self._connections:
            self._connections[ends] = Connection(self._env, ends, self._tcp)
        return self._connections[ends]

    def _lose(self, connection: Connection, reason: Reason) -> None:
        if connection.reason is None:
            self.connections_lost += 1
            del self._connections[connection.ends]
            connection.lose(reason)

    def _link(self, hop: Ends) -> FifoLink:
        if hop not in self._links:
            name = " > ".join(hop)
            self._links[hop] = FifoLink(self._streams(f"jitter {name}"), self._streams(f"loss {name}"))
        return self._links[hop]
