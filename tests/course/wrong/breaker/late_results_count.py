# Rejected: "of another time"
from collections import deque


class Breaker:
    def __init__(self, window_s, calls_min, failure_share, slow_s, open_s, probes):
        self.window_s, self.calls_min, self.failure_share = window_s, calls_min, failure_share
        self.slow_s, self.open_s, self.probes = slow_s, open_s, probes
        self.period, self.open_until = 0, None
        self.enter(None)

    def state(self, now):
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def admit(self, now):
        state = self.state(now)
        if state == "open" or (state == "half-open" and self.under_way >= self.probes):
            return None
        self.under_way += 1
        return now, self.period

    def ended(self, ticket, status, now):
        began, _ = ticket
        if self.state(now) == "open":
            return
        self.under_way -= 1
        failed = status == 0 or status >= 500 or now - began > self.slow_s
        if self.open_until is None:
            self.count(failed, now)
        elif failed:
            self.enter(now + self.open_s)
        else:
            self.successes += 1
            if self.successes >= self.probes:
                self.enter(None)

    def count(self, failed, now):
        self.window.append((now, failed))
        self.failures += failed
        while self.window[0][0] < now - self.window_s:
            self.failures -= self.window.popleft()[1]
        if len(self.window) >= self.calls_min and self.failures >= self.failure_share * len(self.window):
            self.enter(now + self.open_s)

    def enter(self, open_until):
        self.open_until = open_until
        self.period += 1
        self.under_way = self.successes = self.failures = 0
        self.window = deque()
