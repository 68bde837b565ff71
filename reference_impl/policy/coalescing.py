"""Coalescing window: one write per viewer per window when busy, no delay at all when idle.

    state     | offer(item)                      | now >= deadline
    ----------|----------------------------------|--------------------------------
    idle      | send at once, start the quiet    | -
    quiet     | collect, deadline = quiet's end  | -
    collecting| collect (full: send at once)     | send all, start the next quiet

"Quiet" lasts ``window_s`` from the end of the last fan-out, which the shell tells by `sent`: an edge then rests between
two, however long one takes, and writes to each viewer at most once per window. The first event after a pause never
waits. What the batch holds, and how it is written, is the shell's business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoalescingConfig:
    window_s: float = 0.020  # 0 sends every item at once
    items_max: int = 512  # a full window is sent early, so a batch is bounded

    def __post_init__(self) -> None:
        if self.window_s < 0:
            raise ValueError(f"window_s must be >= 0, got {self.window_s}")
        if self.items_max < 1:
            raise ValueError(f"items_max must be >= 1, got {self.items_max}")


class CoalescingWindow(Generic[T]):
    """Collects items and says when to send them; ``deadline`` is when the shell must call `flush`."""

    __slots__ = ("_config", "_items", "_quiet_until", "deadline", "factor")

    def __init__(self, config: CoalescingConfig) -> None:
        self._config = config
        self._items: list[T] = []
        self._quiet_until = float("-inf")
        self.deadline: float | None = None
        self.factor = 1.0  # by which the window is wider than configured, from the next one on

    def __len__(self) -> int:
        return len(self._items)

    @property
    def quiet_until(self) -> float:
        """Before then nothing is sent, unless the window is full."""
        return self._quiet_until

    @property
    def room(self) -> int:
        """How many more items fill the window."""
        return self._config.items_max - len(self._items)

    def offer(self, item: T, now: float) -> list[T]:
        """Take an item; the answer is the batch to send now, empty while the window collects."""
        return self.offer_all((item,), now)

    def offer_all(self, items: Iterable[T], now: float) -> list[T]:
        """Take items that have come together."""
        self._items.extend(items)
        if now >= self._quiet_until or len(self._items) >= self._config.items_max:
            return self.take(now)
        self.deadline = self._quiet_until
        return []

    def flush(self, now: float) -> list[T]:
        """Answer the batch that is due, empty when called early."""
        if self.deadline is None or now < self.deadline:
            return []
        return self.take(now)

    def sent(self, now: float) -> None:
        """The fan-out of the last batch has ended."""
        self._quiet_until = now + self._config.window_s * self.factor

    def take(self, now: float) -> list[T]:
        """Answer what there is, due or not."""
        batch, self._items = self._items, []
        self._quiet_until = now + self._config.window_s * self.factor
        self.deadline = None
        return batch
