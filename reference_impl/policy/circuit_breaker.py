"""Circuit breaker: when to stop asking a dependency that does not answer, and when to try it again.

    state     | a call                               | goes on to
    ----------|--------------------------------------|----------------------------------------------------------
    closed    | begins                               | open, when too many calls fail or none succeeds any more
    open      | is refused, with the time to retry   | half-open, when its time is over
    half-open | begins, a few at once; others refused| closed after enough successes, open again at one failure

Two signs open it, since one alone is either deaf or jumpy. Of many calls a share must fail: at least ``calls_min`` in
the window, so that bad luck at the start of a burst is no sign. Of few calls, such as commits that run one after the
other, several must fail with no success for ``silence_s``; a lone failure is never enough. A call that takes longer
than ``slow_s`` has failed, whatever it answered. Source: Nygard, "Release It!", 2007; the sliding window and slow calls
as in Resilience4j.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from random import Random

SLICES = 10  # of the window; what is older than the window by up to one of them still counts


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerConfig:
    window_s: float = 10.0
    failure_ratio: float = 0.5  # of the window's calls
    calls_min: int = 50
    silence_s: float = 3.0  # without any success, while at least this many have failed in a row:
    failures_min: int = 3
    slow_s: float = 2.0
    probes_max: int = 3  # calls at once while half-open
    successes: int = 3  # of probes, to close
    open_s: float = 1.0  # doubles with each repeat
    open_max_s: float = 10.0
    jitter: float = 0.5  # the part of the open time that is drawn, so that processes do not probe together
    calm_s: float = 60.0  # closed for so long, the next opening is no repeat

    def __post_init__(self) -> None:
        if not 0 < self.failure_ratio <= 1 or not 0 <= self.jitter <= 1:
            raise ValueError(
                f"need 0 < failure_ratio <= 1 and 0 <= jitter <= 1, got {self.failure_ratio:g} and {self.jitter:g}"
            )
        if not 0 < self.open_s <= self.open_max_s:
            raise ValueError(f"need 0 < open_s <= open_max_s, got {self.open_s:g} and {self.open_max_s:g}")
        if self.failures_min < 2:
            raise ValueError(f"failures_min must be >= 2, for a lone failure is no sign, got {self.failures_min}")
        if min(self.calls_min, self.probes_max, self.successes) < 1:
            seen = f"{self.calls_min}, {self.probes_max} and {self.successes}"
            raise ValueError(f"calls_min, probes_max and successes must be >= 1, got {seen}")
        if not (self.window_s > 0 and self.slow_s > 0 and self.silence_s >= 0 and self.calm_s >= 0):
            seen = f"{self.window_s:g}, {self.slow_s:g}, {self.silence_s:g} and {self.calm_s:g}"
            raise ValueError(f"window_s and slow_s must be > 0, silence_s and calm_s >= 0, got {seen}")


STAYS_CLOSED = BreakerConfig(calls_min=1_000_000_000, failures_min=1_000_000_000)
"""For those who want to see what a breaker spares them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let through; after ``slow_at`` it has failed."""

    slow_at: float
    period: int  # what it tells is of the state in which it began


@dataclass(slots=True)
class _Slice:
    number: int
    calls: int = 0
    failures: int = 0


class CircuitBreaker:
    """Each call that `admit` lets through is to be settled once: `succeeded`, `failed` or `abandoned`."""

    __slots__ = (
        "_begun", "_closed_at", "_config", "_period", "_probes", "_rng", "_silent_since", "_slices", "_state",
        "_streak", "_successes", "opened", "repeats", "retry_at",
    )  # fmt: skip

    def __init__(self, config: BreakerConfig, rng: Random) -> None:
        self._config = config
        self._rng = rng
        self._state = State.CLOSED
        self._period = 0
        self._probes = self._successes = 0
        self._slices: deque[_Slice] = deque()
        self._streak = 0  # failures since the last success
        self._silent_since = 0.0  # when the first call of the streak began, at the latest
        self._closed_at = float("-inf")
        self.opened = 0  # times, ever
        self.repeats = 0
        self.retry_at = float("-inf")  # when an open one admits again

    def state(self, now_s: float) -> State:
        if self._state is State.OPEN and now_s >= self.retry_at:
            return State.HALF_OPEN
        return self._state

    def counts(self, now_s: float) -> tuple[int, int]:
        """Calls and failures in the window."""
        self._expire(now_s)
        return sum(each.calls for each in self._slices), sum(each.failures for each in self._slices)

    def admit(self, now_s: float) -> Call | None:
        """Let a call through; None refuses it."""
        state = self.state(now_s)
        if state is State.OPEN:
            return None
        if state is State.HALF_OPEN:
            if self._state is State.OPEN:
                self._enter(State.HALF_OPEN)
            if self._probes >= self._config.probes_max:
                return None
            self._probes += 1
        return Call(now_s + self._config.slow_s, self._period)

    def retry_after_s(self, now_s: float) -> float:
        """How long a refused call should stay away; while probes are under way, about as long as they may take."""
        return self.retry_at - now_s if self.state(now_s) is State.OPEN else self._config.open_s

    def succeeded(self, call: Call, now_s: float) -> None:
        if now_s > call.slow_at:
            self.failed(call, now_s)
        elif call.period == self._period:
            self._streak = 0
            if self._state is State.CLOSED:
                self._count(now_s, failures=0)
            else:
                self._probed(now_s)

    def failed(self, call: Call, now_s: float) -> None:
        if call.period != self._period:
            return
        if self._state is State.HALF_OPEN:
            self._open(now_s)
            return
        if self._streak == 0:
            self._silent_since = min(now_s, call.slow_at - self._config.slow_s)
        self._streak += 1
        self._count(now_s, failures=1)
        if self._failing(now_s):
            self._open(now_s)

    def abandoned(self, call: Call) -> None:
        """Nobody knows how it ended, because its caller has gone."""
        if call.period == self._period and self._state is State.HALF_OPEN:
            self._probes -= 1

    def _failing(self, now_s: float) -> bool:
        calls, failures = self.counts(now_s)
        if calls >= self._config.calls_min and failures >= self._config.failure_ratio * calls:
            return True
        return self._streak >= self._config.failures_min and now_s >= self._silent_since + self._config.silence_s

    def _probed(self, now_s: float) -> None:
        self._probes -= 1
        self._successes += 1
        if self._successes >= self._config.successes:
            self._closed_at = now_s
            self._enter(State.CLOSED)

    def _open(self, now_s: float) -> None:
        config = self._config
        calm = self._state is State.CLOSED and now_s >= self._closed_at + config.calm_s
        self.repeats = 0 if calm else self.repeats + 1
        self.opened += 1
        # The exponent is bounded because 2.0 ** 1024 overflows, long after the maximum has been reached.
        longest_s = min(config.open_max_s, config.open_s * 2.0 ** min(self.repeats, 60))
        self.retry_at = now_s + longest_s * (1 - config.jitter * self._rng.random())
        self._enter(State.OPEN)

    def _enter(self, state: State) -> None:
        self._state = state
        self._period += 1
        self._probes = self._successes = self._streak = 0
        self._slices.clear()

    def _count(self, now_s: float, failures: int) -> None:
        number = self._number(now_s)
        if not self._slices or self._slices[-1].number < number:
            self._expire(now_s)
            self._slices.append(_Slice(number))
        self._slices[-1].calls += 1
        self._slices[-1].failures += failures

    def _expire(self, now_s: float) -> None:
        oldest = self._number(now_s) - SLICES
        while self._slices and self._slices[0].number < oldest:
            self._slices.popleft()

    def _number(self, now_s: float) -> int:
        return int(now_s * SLICES // self._config.window_s)
