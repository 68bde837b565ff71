"""The world around a follower, in simulated time: a broker that does what it does, and a log that can be asked."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from simulation.course.exercise import Misconception

LOG_S = 0.020  # until the log's answer is there
STEPS_MAX = 30_000


class Coming(NamedTuple):
    """An event from the broker; with ``head`` it is the log's word that it exists."""

    at_s: float
    seq: int
    epoch: int = 7
    head: bool = False


@dataclass
class Played:
    passed_on: list[tuple[float, int, int]] = field(default_factory=list)  # when, epoch, seq
    asked: list[tuple[float, range]] = field(default_factory=list)


class World:
    """``log`` is how far each epoch goes; before ``back_s`` the log answers nothing."""

    def __init__(self, follower: Any, log: dict[int, int], back_s: float = 0.0) -> None:
        self._follower = follower
        self._log = log
        self._back_s = back_s
        self._place = (7, 0)
        self._epoch = 7  # the newest that anything has come of
        self._number = count()
        self._coming: list[tuple[float, int, Coming]] = []
        self.played = Played()

    def play(self, coming: Iterable[Coming], until_s: float) -> Played:
        for each in coming:
            self._put(each)
        for _ in range(STEPS_MAX):
            due = self._follower.deadline
            next_s = self._coming[0][0] if self._coming else float("inf")
            if min(next_s, float("inf") if due is None else due) > until_s:
                return self.played
            if due is not None and due <= next_s:
                self._wake(due)
            else:
                self._bring(heapq.heappop(self._coming)[2])
        raise Misconception(f"{STEPS_MAX:,} events and questions in {until_s:g} s: the deadline comes ever again.")

    def _put(self, coming: Coming) -> None:
        heapq.heappush(self._coming, (coming.at_s, next(self._number), coming))

    def _bring(self, coming: Coming) -> None:
        at_s, seq, epoch, head = coming
        self._epoch = max(self._epoch, epoch)
        if head:
            self._follower.head(epoch, seq, at_s)
            return
        for each in self._follower.receive(epoch, seq, (epoch, seq), at_s) or ():
            self._pass_on(at_s, *each)

    def _wake(self, due_s: float) -> None:
        wanted = self._follower.missing(due_s)
        if not isinstance(wanted, range):
            raise Misconception(f"missing() answered {wanted!r}; it is a range of `seq`, range(0) for nothing.")
        if wanted:
            self.played.asked.append((due_s, wanted))
            self._answer(due_s, wanted)
        if self._follower.deadline is not None and self._follower.deadline <= due_s:
            raise Misconception(
                f"woken at its deadline, {due_s:.3f} s, the follower names the same one again: whoever waits for it "
                "asks for ever. `missing` sets the next deadline, 50 ms on, or None."
            )

    def _answer(self, asked_s: float, wanted: range) -> None:
        if asked_s >= self._back_s:
            for seq in range(max(1, wanted.start), min(wanted.stop - 1, self._log[self._epoch]) + 1):
                self._put(Coming(asked_s + LOG_S, seq, self._epoch))

    def _pass_on(self, at_s: float, epoch: int, seq: int) -> None:
        before, self._place = self._place, (epoch, seq)
        if before[0] == epoch and seq <= before[1]:
            raise Misconception(
                f"event {seq} was passed on again, {before[1] - seq} places behind the newest. Knowing recent ids "
                "is not enough: a repeat comes when a connection does, and that is long after. The position knows "
                "them all: whatever is not beyond it has been passed on."
            )
        if epoch < before[0]:
            raise Misconception(
                f"after event {before[1]} of epoch {before[0]} came {seq} of epoch {epoch}, of a log that is no "
                "more. Positions order by (epoch, seq), and what was held of an old epoch goes with it."
            )
        if epoch > before[0] and seq != 1:
            raise Misconception(
                f"of the new epoch {epoch} event {seq} was passed on first. What comes first need not be the first: "
                "an epoch begins at 1, and what is before is missing like any other."
            )
        if seq != (before[1] + 1 if epoch == before[0] else 1):
            raise Misconception(
                f"event {seq} was passed on right after {before[1]}: what is between comes behind it, or never. Who "
                "drops repeats has not put anything in order yet; hold what is early until its turn comes."
            )
        self.played.passed_on.append((at_s, epoch, seq))
