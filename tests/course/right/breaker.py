from collections import deque
from typing import NamedTuple


class T(NamedTuple):
    life: int
    at: float


class Breaker:
    def __init__(self, window_s, calls_min, failure_share, slow_s, open_s, probes):
        self.cfg = {"w": window_s, "n": calls_min, "share": failure_share}
        self.cfg |= {"slow": slow_s, "open": open_s, "probes": probes}
        self.life = 0
        self.mode = "closed"
        self.calls = deque()
        self.out = self.good = 0
        self.until = 0.0

    def _go(self, mode, now):
        self.life += 1
        self.mode = mode
        self.calls.clear()
        self.out = self.good = 0
        self.until = now + self.cfg["open"]

    def state(self, now):
        if self.mode == "open" and now >= self.until:
            self._go("half-open", now)
        return self.mode

    def admit(self, now):
        s = self.state(now)
        if s == "open":
            return None
        if s == "half-open":
            if self.out == self.cfg["probes"]:
                return None
            self.out += 1
        return T(self.life, now)

    def ended(self, ticket, status, now):
        self.state(now)
        if ticket.life != self.life:
            return
        bad = not 200 <= status < 500 or now - ticket.at > self.cfg["slow"]
        if self.mode == "half-open":
            self.out -= 1
            if bad:
                self._go("open", now)
            else:
                self.good += 1
                if self.good >= self.cfg["probes"]:
                    self._go("closed", now)
            return
        self.calls.append((now, bad))
        while self.calls and self.calls[0][0] <= now - self.cfg["w"]:
            self.calls.popleft()
        failed = sum(b for _, b in self.calls)
        if len(self.calls) >= self.cfg["n"] and failed >= self.cfg["share"] * len(self.calls):
            self._go("open", now)
