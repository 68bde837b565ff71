"""A connection as TCP keeps it: in order, with lost messages sent again, until it has tried for too long."""

from dataclasses import dataclass
from typing import Literal

import simpy

from simulation.model.event_loop import Steps

Reason = Literal["no way", "loss", "interrupted"]


class ConnectionLost(Exception):  # noqa: N818 - named for what has happened
    """Neither this message nor any behind it arrives; the next one opens a connection anew."""

    def __init__(self, source: str, target: str, reason: Reason) -> None:
        super().__init__(f"the connection from {source} to {target} is lost: {reason}")
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpConfig:
    """When a message is sent again: after the round trip and a minimum, then after twice as long, and so on.

    The times are Linux's; the tries are as many as fit into about 30 s, after which the server's kernel gives up too.
    Fast retransmit is left out: a lone message has none behind it that would tell.
    Source: RFC 6298; tcp(7), TCP_USER_TIMEOUT.
    """

    rto_min_s: float = 0.2
    rto_max_s: float = 120.0
    tries_max: int = 7

    def __post_init__(self) -> None:
        if not (0 < self.rto_min_s <= self.rto_max_s and self.tries_max >= 1):
            seen = f"{self.rto_min_s:g}, {self.rto_max_s:g} and {self.tries_max}"
            raise ValueError(f"need 0 < rto_min_s <= rto_max_s and tries_max >= 1, got {seen}")

    def timeout_s(self, round_trip_s: float, timeouts: int) -> float:
        """How long to wait for an acknowledgement after so many waits in vain."""
        return min(self.rto_max_s, (round_trip_s + self.rto_min_s) * 2.0**timeouts)


class Connection:
    """One way of one connection: messages are numbered as they leave and handed over in that order.

    A message that overtook another waits for it: head-of-line blocking. Only the oldest one has the timer; when it has
    got through after all, what else was missed is sent again at once.
    """

    __slots__ = (
        "_env", "_handed_over", "_held", "_lost", "_recovered", "_sent", "_tcp", "ends", "reason", "round_trip_s",
        "timeouts",
    )  # fmt: skip

    def __init__(self, env: simpy.Environment, ends: tuple[str, str], tcp: TcpConfig) -> None:
        self._env = env
        self._tcp = tcp
        self.ends = ends
        self.round_trip_s = 0.0  # as last seen
        self.timeouts = 0  # one after another
        self.reason: Reason | None = None  # why it was lost
        self._sent = 0
        self._handed_over = 0
        self._held: dict[int, simpy.Event] = {}  # each until all before it are handed over
        self._recovered = env.event()
        self._lost = env.event()

    def number(self) -> int:
        """Take the next message's number."""
        self._sent += 1
        return self._sent

    def hand_over(self, number: int) -> Steps:
        """Wait until all before it are handed over; ConnectionLost when one of them never is."""
        self._check()
        if number > self._handed_over + 1:
            yield from self._wait(self._turn(number))
        self._handed_over = number
        if self.timeouts:
            self.timeouts = 0
            self._recovered.succeed()
            self._recovered = self._env.event()
        if number + 1 in self._held:
            self._held.pop(number + 1).succeed()

    def missed(self, number: int, sent_s: float) -> Steps:
        """Wait until a message is to be sent again that did not arrive; ConnectionLost when that is never."""
        if number > self._handed_over + 1:
            recovered = self._recovered
            yield from self._wait(self._turn(number) | recovered)
            if recovered.triggered:
                self._held.pop(number, None)
                yield from self._wait(self._env.timeout(self.round_trip_s / 2))  # the acknowledgement's way
                return
        due_s = sent_s + self._tcp.timeout_s(self.round_trip_s, self.timeouts)
        yield from self._wait(self._env.timeout(max(0.0, due_s - self._env.now)))
        self.timeouts += 1

    def _turn(self, number: int) -> simpy.Event:
        self._held[number] = self._env.event()
        return self._held[number]

    def _wait(self, event: simpy.Event) -> Steps:
        yield event | self._lost
        self._check()

    def lose(self, reason: Reason) -> None:
        """Let everybody know who waits. Only the first reason counts."""
        if self.reason is None:
            self.reason = reason
            self._lost.succeed()

    def _check(self) -> None:
        if self.reason is not None:
            raise ConnectionLost(*self.ends, self.reason)
