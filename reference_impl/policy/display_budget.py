"""Display budget: which comments of a crowded stream are shown, the same ones to everybody.

Nobody reads 2,000 comments a second, and no network carries them to a million screens. What is accepted is stored; what
is shown is a sample, a new one for each window of the log's own time (an event's ``at_ms``):

    window   | a comment                                          | when the window ends
    ---------|----------------------------------------------------|------------------------------------------
    calm     | shown at once while the allowance lasts, else shed | crowded next, if any was shed
    crowded  | collected                                          | those of lowest rank are shown, as many as
             |                                                    | the allowance has; calm next, if none was shed

A window's allowance is its share of ``per_s``, and what calm windows have left over, for at most ``burst_s``. The rank
is a keyed hash of the comment's id: a sample in which every comment of a window has the same chance (bottom-k; Cohen
and Kaplan, "Summarizing data using bottom-k sketches", 2007). Only the log's order and time decide, so edges that never
speak with each other show the same. Events of priority are never shed, and keep their place.

A budget can be cut for a while, by an edge that is overloaded. Everything is decided as before, and of what would be
shown a smaller allowance is kept, by the same rank. So such an edge shows a part of what the others show, and nothing
that they do not.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from typing import Generic, TypeVar

PER_S_MIN, PER_S_MAX = 0.5, 100.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayBudgetConfig:
    per_s: float
    seed: str = ""  # a stream's own, so that an author's luck on one is not his luck on another
    window_ms: int = 200
    burst_s: float = 2.0
    patience_s: float = 0.050  # for stragglers, when nothing later comes that would end a window

    def __post_init__(self) -> None:
        if not PER_S_MIN <= self.per_s <= PER_S_MAX:
            raise ValueError(f"per_s must be {PER_S_MIN:g} to {PER_S_MAX:g}, got {self.per_s:g}")
        if self.window_ms < 1 or self.burst_s < 0:
            raise ValueError(f"window_ms must be >= 1 and burst_s >= 0, got {self.window_ms} and {self.burst_s:g}")


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """An event of the log that could be shown."""

    item: T
    seq: int
    at_ms: int  # never goes back along ``seq``
    id: str
    priority: bool


class DisplayBudget(Generic[T]):
    """``deadline`` is when the shell must call `flush`."""

    __slots__ = (
        "_allowance", "_collected", "_config", "_crowded", "_cut", "_factor", "_left", "_seed", "_shed", "_window",
        "deadline",
    )  # fmt: skip

    def __init__(self, config: DisplayBudgetConfig) -> None:
        self._config = config
        self._seed = blake2b(config.seed.encode(), digest_size=16).digest()
        self._window = -1  # its number since the Unix epoch
        self._allowance = 0
        self._crowded = self._shed = False
        self._collected: list[Candidate[T]] = []
        self._factor = self._cut = 1.0  # of the next window, and of this one
        self._left = 0  # of a cut allowance
        self.deadline: float | None = None

    @property
    def pending(self) -> int | None:
        """The first event that is not decided yet."""
        return self._collected[0].seq if self._collected else None

    def offer(self, candidate: Candidate[T], now: float) -> list[Candidate[T]]:
        """Take the next event; the answer is what is to be shown now, in order."""
        shown: list[Candidate[T]] = []
        window = candidate.at_ms // self._config.window_ms
        if window > self._window:
            shown = self._close()
            self._begin(window)
        if self._crowded or self._collected:
            self._collect(candidate, now)
        else:
            shown += self._judge_at_once(candidate)
        return shown

    def offer_all(self, candidates: Sequence[Candidate[T]], now: float) -> list[Candidate[T]]:
        """Take events that have come together; the same as offering one after another."""
        shown: list[Candidate[T]] = []
        at = 0
        while at < len(candidates):
            shown += self.offer(candidates[at], now)
            at += 1
            if self._collected:  # so is everything else of this window
                end_ms = (self._window + 1) * self._config.window_ms
                stop = bisect_left(candidates, end_ms, at, key=lambda each: each.at_ms)
                self._collected += candidates[at:stop]
                at = stop
        return shown

    def flush(self, now: float) -> list[Candidate[T]]:
        """Answer the sample of a window that nothing later has ended; empty when called early."""
        if self.deadline is None or now < self.deadline:
            return []
        self._crowded = False  # what still comes of this window finds what is left of its allowance
        return self._close()

    def end(self) -> list[Candidate[T]]:
        """Decide all that is collected, because the budget is to be another one."""
        return self._close()

    def cut(self, factor: float) -> None:
        """Keep this part of the budget from the next window on; 1 is all of it."""
        if not 0 < factor <= 1:
            raise ValueError(f"factor must be > 0 and <= 1, got {factor:g}")
        self._factor = factor

    def _begin(self, window: int) -> None:
        """The allowance is a whole number that follows from the window's number, so that every edge has the same."""
        saved_from = max(self._window + 1, window - int(self._config.burst_s * 1000 / self._config.window_ms))
        if self._window < 0:  # one who comes into a crowd has saved nothing
            saved_from = window
        self._grant_cut(saved_from, window)
        self._crowded, self._shed = self._shed and window == self._window + 1, False
        self._allowance = self._granted(self._allowance, saved_from, window, 1.0)
        self._window = window

    def _grant_cut(self, saved_from: int, window: int) -> None:
        """The same of a cut allowance, which has saved nothing before it was cut."""
        if self._cut != self._factor:
            self._cut, self._left, saved_from = self._factor, 0, window
        self._left = self._granted(self._left, saved_from, window, self._cut)

    def _granted(self, left: int, saved_from: int, window: int, factor: float) -> int:
        per_s = self._config.per_s * factor
        per_window = per_s * self._config.window_ms / 1000
        gained = int((window + 1) * per_window) - int(saved_from * per_window)
        return min(left + gained, int(per_s * self._config.burst_s) + 1)

    def _judge_at_once(self, candidate: Candidate[T]) -> list[Candidate[T]]:
        if candidate.priority:
            return [candidate]
        if not self._allowance:
            self._shed = True
            return []
        self._allowance -= 1
        return self._kept([candidate])

    def _collect(self, candidate: Candidate[T], now: float) -> None:
        if self.deadline is None:
            self.deadline = now + self._config.window_ms / 1000 + self._config.patience_s
        self._collected.append(candidate)

    def _close(self) -> list[Candidate[T]]:
        self.deadline = None
        collected, self._collected = self._collected, []
        if not collected:
            return []
        ordinary = [each for each in collected if not each.priority]
        if len(ordinary) <= self._allowance:
            self._allowance -= len(ordinary)
            return self._kept(collected)
        self._shed = True
        shown = self._lowest(collected, self._allowance)
        self._allowance = 0
        return self._kept(shown)

    def _kept(self, shown: list[Candidate[T]]) -> list[Candidate[T]]:
        """What a cut leaves of what would be shown; nothing else is decided by it."""
        if self._cut == 1.0:
            return shown
        kept = self._lowest(shown, self._left)
        self._left -= sum(not each.priority for each in kept)
        return kept

    def _lowest(self, candidates: list[Candidate[T]], count: int) -> list[Candidate[T]]:
        ordinary = [each for each in candidates if not each.priority]
        chosen = {each.seq for each in nsmallest(count, ordinary, key=self._rank)}
        return [each for each in candidates if each.priority or each.seq in chosen]

    def _rank(self, candidate: Candidate[T]) -> bytes:
        return blake2b(candidate.id.encode(), digest_size=8, key=self._seed).digest()
