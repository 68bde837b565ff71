# Rejected: "waits for a full bucket"
class Limiter:
    """So many within any period: a log of the times."""

    def __init__(self, burst, period_s):
        self.burst, self.period_s = burst, period_s
        self.logs = {}

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        log = self.logs.setdefault(user, [])
        while log and log[0] <= now - self.period_s:
            log.pop(0)
        if len(log) >= self.burst:
            return log[0] + self.period_s - now
        log.append(now)
        return 0.0
