"""What is early is held; what is missing has a deadline that stands until something is passed on."""

from typing import Any

PATIENCE_S = 0.050


class Follower:
    def __init__(self, epoch: int, seq: int) -> None:
        self.epoch, self.next, self.known = epoch, seq + 1, seq
        self.held: dict[int, Any] = {}
        self.deadline: float | None = None

    def receive(self, epoch: int, seq: int, item: Any, now: float) -> list[Any]:
        self._begin_anew(epoch)
        if epoch < self.epoch or seq < self.next:
            return []
        self.held[seq] = item
        self.known = max(self.known, seq)
        due = []
        while self.next in self.held:
            due.append(self.held.pop(self.next))
            self.next += 1
        self._arm(now, progressed=bool(due))
        return due

    def head(self, epoch: int, seq: int, now: float) -> None:
        self._begin_anew(epoch)
        if epoch == self.epoch:
            self.known = max(self.known, seq)
            self._arm(now, progressed=False)

    def missing(self, now: float) -> range:
        if self.deadline is None or now < self.deadline:
            return range(0)
        self.deadline = now + PATIENCE_S
        return range(self.next, self.known + 1)

    def _begin_anew(self, epoch: int) -> None:
        if epoch > self.epoch:
            self.epoch, self.next, self.known = epoch, 1, 0
            self.held, self.deadline = {}, None

    def _arm(self, now: float, *, progressed: bool) -> None:
        if self.next > self.known:
            self.deadline = None
        elif self.deadline is None or progressed:
            self.deadline = now + PATIENCE_S
