"""Group commit: everything that waits while one commit runs goes into the next one.

One fsync makes a whole batch durable, so the log's rate grows with the load instead of the latency. There is no timer:
an idle log commits a lone comment at once. The queue is bounded; a full one refuses, and the caller answers 503.
Source: Gawlick and Kinkade, "Varieties of Concurrency Control in IMS/VS Fast Path", 1985.
"""

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCommitConfig:
    batch_max: int = 512  # comments in one commit
    waiting_max: int = 10_000  # comments waiting; one more is refused

    def __post_init__(self) -> None:
        if self.batch_max < 1 or self.waiting_max < 1:
            raise ValueError(f"batch_max and waiting_max must be >= 1, got {self.batch_max} and {self.waiting_max}")


class CommitQueue(Generic[T]):
    """Waiting appends, at most one batch of them being committed."""

    __slots__ = ("_config", "_waiting", "committing")

    def __init__(self, config: GroupCommitConfig) -> None:
        self._config = config
        self._waiting: deque[T] = deque()
        self.committing = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def room(self) -> int:
        """How many more items may wait."""
        return self._config.waiting_max - len(self._waiting)

    def offer(self, item: T) -> bool:
        """Queue an append; False refuses it because the queue is full."""
        if len(self._waiting) >= self._config.waiting_max:
            return False
        self._waiting.append(item)
        return True

    def start(self) -> list[T]:
        """Answer the batch to commit now, empty while another commit runs or nothing waits."""
        if self.committing or not self._waiting:
            return []
        batch = list(islice(self._waiting, self._config.batch_max))
        for _ in batch:
            self._waiting.popleft()
        self.committing = True
        return batch

    def finish(self) -> None:
        """The running commit ended, well or badly; `start` may give the next batch."""
        self.committing = False
