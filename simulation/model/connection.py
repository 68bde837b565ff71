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

    def timeout_s(self, round_trip_s: float, tries: int) -> float:
        """How long to wait for an acknowledgement of the try after ``tries`` others."""
        return min(self.rto_max_s, (round_trip_s + self.rto_min_s) * 2.0**tries)


class Connection:
    """One way of one connection: messages are numbered as they leave and handed over in that order.

    A message that overtook another (by jitter, or because that one was lost) waits for it: head-of-line blocking.
    """

    __slots__ = ("_env", "_handed_over", "_held", "_lost", "_sent", "ends", "reason", "round_trip_s")

    def __init__(self, env: simpy.Environment, ends: tuple[str, str]) -> None:
        self._env = env
        self.ends = ends
        self.round_trip_s = 0.0  # as last seen
        self.reason: Reason | None = None  # why it was lost
        self._sent = 0
        self._handed_over = 0
        self._held: dict[int, simpy.Event] = {}
        self._lost = env.event()

    def number(self) -> int:
        """Take the next message's number."""
        self._sent += 1
        return self._sent

    def hand_over(self, number: int) -> Steps:
        """Wait until all before it are handed over; ConnectionLost when one of them never is."""
        self._check()
        if number > self._handed_over + 1:
            turn = self._held[number] = self._env.event()
            yield from self.wait(turn)
        self._handed_over = number
        if number + 1 in self._held:
            self._held.pop(number + 1).succeed()

    def wait(self, event: simpy.Event) -> Steps:
        """Wait for an event; ConnectionLost as soon as the connection is."""
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
