"""Per-stream order at an edge: release events by contiguous ``seq``, notice gaps, ask for what is missing.

The broker is a hint: it may lose, repeat or reorder. An event ahead of its turn is held; when its turn has not come
``patience_s`` later (time for stragglers), the missing range is due to be read from the log. A head reported by the
log, ahead of all that came, opens a gap in the same way, which finds a lost last event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingConfig:
    patience_s: float = 0.050
    held_max: int = 10_000  # events held ahead of a gap; past it new ones are dropped and read from the log later

    def __post_init__(self) -> None:
        if self.patience_s < 0:
            raise ValueError(f"patience_s must be >= 0, got {self.patience_s}")
        if self.held_max < 1:
            raise ValueError(f"held_max must be >= 1, got {self.held_max}")


class Sequencer(Generic[T]):
    """Puts one stream's events in order; ``deadline`` is when `missing` must be asked for."""

    __slots__ = ("_config", "_held", "_seen", "deadline", "next_seq")

    def __init__(self, config: OrderingConfig, next_seq: int) -> None:
        self._config = config
        self._held: dict[int, T] = {}
        self._seen = next_seq - 1  # highest sequence number known to exist
        self.next_seq = next_seq
        self.deadline: float | None = None

    def offer(self, seq: int, item: T, now: float) -> list[T]:
        """Take an event; the answer is what may now be released, in order. Repeats are dropped."""
        if seq < self.next_seq or seq in self._held:
            return []
        self._seen = max(self._seen, seq)
        if seq != self.next_seq and len(self._held) >= self._config.held_max:
            return []
        self._held[seq] = item
        released = self._release()
        self._arm(now, progressed=bool(released))
        return released

    def offer_all(self, first: int, items: Sequence[T], now: float) -> list[T]:
        """Take events ``first``, ``first + 1``, … that have come together, as one `offer` each would."""
        if self._held or first != self.next_seq:
            return [released for seq, item in enumerate(items, first) for released in self.offer(seq, item, now)]
        self.next_seq += len(items)
        self._seen = max(self._seen, self.next_seq - 1)
        if items:
            self._arm(now, progressed=True)
        return list(items)

    def head_is(self, seq: int, now: float) -> None:
        """The log says that events up to ``seq`` exist."""
        self._seen = max(self._seen, seq)
        self._arm(now, progressed=False)

    def missing(self, now: float) -> range:
        """Answer the sequence numbers to read from the log, empty before the deadline; asking re-arms it.

        One range has all that is missing, and what is held in between: where a part of a stream's channels is lost, one
        of every few events is missing, and to ask for each by itself would take ``patience_s`` for each.
        """
        if self.deadline is None or now < self.deadline:
            return range(0)
        self.deadline = now + self._config.patience_s
        last = self._seen
        while last in self._held:
            last -= 1
        return range(self.next_seq, last + 1)

    def _release(self) -> list[T]:
        released = []
        while self.next_seq in self._held:
            released.append(self._held.pop(self.next_seq))
            self.next_seq += 1
        return released

    def _arm(self, now: float, *, progressed: bool) -> None:
        if self.next_seq > self._seen:
            self.deadline = None
        elif self.deadline is None or progressed:
            self.deadline = now + self._config.patience_s
