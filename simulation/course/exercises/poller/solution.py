"""The server sets the pace, each viewer spreads it, and failures double a pause that only an answer takes back."""

from random import Random

BASE_S = 1.0
CAP_S = 60.0


class Poller:
    def __init__(self, cursor: str, rng: Random) -> None:
        self.cursor = cursor
        self.due_s: float | None = 0.0
        self.rng = rng
        self.failures = 0

    def asked(self, now: float) -> None:
        self.due_s = None

    def answered(self, next_cursor: str, poll_after_s: float, now: float) -> None:
        self.cursor, self.failures = next_cursor, 0
        self.due_s = now + self.rng.uniform(0.5, 1.5) * poll_after_s

    def failed(self, retry_after_s: float | None, now: float) -> None:
        ceiling_s = min(CAP_S, BASE_S * 2.0 ** min(self.failures, 10))
        self.failures += 1
        self.due_s = now + (retry_after_s or 0.0) + self.rng.random() * ceiling_s
