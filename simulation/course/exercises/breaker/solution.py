"""Three states; a ticket knows when it was given and in which period, and each change of state begins a new one."""

from collections import deque


class Breaker:
    def __init__(
        self, window_s: float, calls_min: int, failure_share: float, slow_s: float, open_s: float, probes: int
    ) -> None:
        self.window_s = window_s
        self.calls_min = calls_min
        self.failure_share = failure_share
        self.slow_s = slow_s
        self.open_s = open_s
        self.probes = probes
        self.period = 0
        self.open_until: float | None = None  # None while closed
        self._enter(None)

    def state(self, now: float) -> str:
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def admit(self, now: float) -> tuple[float, int] | None:
        state = self.state(now)
        if state == "open" or (state == "half-open" and self.under_way >= self.probes):
            return None
        self.under_way += 1
        return now, self.period

    def ended(self, ticket: tuple[float, int], status: int, now: float) -> None:
        began, period = ticket
        if period != self.period:
            return
        self.under_way -= 1
        failed = status == 0 or status >= 500 or now - began > self.slow_s
        if self.open_until is None:
            self._count(failed, now)
        elif failed:
            self._enter(now + self.open_s)
        else:
            self.successes += 1
            if self.successes >= self.probes:
                self._enter(None)

    def _count(self, failed: bool, now: float) -> None:
        self.window.append((now, failed))
        self.failures += failed
        while self.window[0][0] < now - self.window_s:
            self.failures -= self.window.popleft()[1]
        if len(self.window) >= self.calls_min and self.failures >= self.failure_share * len(self.window):
            self._enter(now + self.open_s)

    def _enter(self, open_until: float | None) -> None:
        self.open_until = open_until
        self.period += 1
        self.under_way = self.successes = self.failures = 0
        self.window: deque[tuple[float, bool]] = deque()
