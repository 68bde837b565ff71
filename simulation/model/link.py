"""One direction of a link: a sender that serves one message at a time, then a way that all are on at once."""

from random import Random

from simulation.topology import Quality

QUEUE_MAX_S = 30.0  # what would wait for longer is dropped: a queue of bytes, at the bandwidth that the link has


class FifoLink:
    """Keeps when the sender is free, so that a message is a sum and not an event.

    Messages must come in the order of time. What is lost has used the sender up, unless the queue was full. Who waits
    has been told when his turn is: a limit that ends makes those faster who come later, and nobody who is there.
    """

    __slots__ = ("_free_at_s", "_jitter", "_loss")

    def __init__(self, jitter: Random, loss: Random) -> None:
        self._jitter = jitter
        self._loss = loss
        self._free_at_s = 0.0

    def cross_s(self, now_s: float, size_bytes: float, quality: Quality) -> float | None:
        """How long a message takes that comes now: waiting, serialisation, delay, jitter. None when it is lost."""
        starts_s = max(now_s, self._free_at_s)
        if starts_s - now_s > QUEUE_MAX_S:
            return None
        if quality.bandwidth_bytes_per_s is not None:
            self._free_at_s = starts_s + size_bytes / quality.bandwidth_bytes_per_s
            starts_s = self._free_at_s
        if quality.loss and self._loss.random() < quality.loss:
            return None
        jitter_s = self._jitter.uniform(0, quality.jitter_s) if quality.jitter_s else 0.0
        return starts_s - now_s + quality.delay_s + jitter_s
