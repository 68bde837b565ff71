# Rejected: "for the oldest comment of a window to leave it"
from collections import defaultdict, deque


class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.period_s = burst, period_s
        self.log = defaultdict(deque)

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        log = self.log[user]
        while log and log[0] + self.period_s <= now + 1e-9:
            log.popleft()
        if len(log) >= self.burst:
            return log[0] + self.period_s - now
        log.append(now)
        return 0.0
