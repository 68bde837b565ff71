"""Redis between the API and edges: a writer with an outbox, a listener at each edge, and their ways back."""

from collections import deque
from collections.abc import Callable

from reference_impl.policy.retry import Retry
from simulation.model.event_loop import Steps
from simulation.model.restarts import Process

STALE_S = 2.0  # what has waited longer in the outbox has been found in the log by everybody


class Link:
    """A connection to Redis that is made again whenever it is lost; ``cost_s`` draws what making it takes."""

    def __init__(self, redis: Process, retry: Retry, cost_s: Callable[[], float]) -> None:
        self._redis = redis
        self._retry = retry
        self._cost_s = cost_s
        self.up = True
        self.made: Callable[[], None] = lambda: None

    def lost(self) -> None:
        """Its end has been noticed."""
        if self.up:
            self.up = False
            self._redis.env.process(self._again())

    def _again(self) -> Steps:
        env = self._redis.env
        while not self.up:
            yield env.timeout(self._retry.failed(0.0) or 0.0)
            if self._redis.up:
                yield env.timeout(self._cost_s())
                self.up = self._redis.up
        self.made()


class Listener(Link):
    """It always reads, so it notices at once; ``receive`` takes an event of the log."""

    def __init__(
        self, redis: Process, retry: Retry, cost_s: Callable[[], float], receive: Callable[[int], None]
    ) -> None:
        super().__init__(redis, retry, cost_s)
        self.receive = receive
        redis.env.process(self._watch())

    def _watch(self) -> Steps:
        yield self._redis.down
        self.lost()


class RedisBroker:
    """What the API publishes reaches each listener that is connected ``hop_s`` later."""

    def __init__(self, redis: Process, writer: Link, listeners: list[Listener], hop_s: Callable[[], float]) -> None:
        self._redis = redis
        self._writer = writer
        self._listeners = listeners
        self._hop_s = hop_s
        self._outbox: deque[tuple[float, int]] = deque()
        writer.made = self._flush

    def publish(self, seq: int) -> None:
        """A writer reads only what answers it, so it is its next message that tells it of a loss."""
        if not self._redis.up:
            self._writer.lost()
        if self._writer.up:
            self._redis.env.process(self._send(seq))
        else:
            self._outbox.append((self._redis.env.now, seq))

    def _flush(self) -> None:
        oldest_s = self._redis.env.now - STALE_S
        waiting, self._outbox = self._outbox, deque()
        for at_s, seq in waiting:
            if at_s >= oldest_s:
                self.publish(seq)

    def _send(self, seq: int) -> Steps:
        yield self._redis.env.timeout(self._hop_s())
        for listener in self._listeners:
            if listener.up and self._redis.up:
                listener.receive(seq)
