"""A key is its user's; it stands for a body from the first request on, and for an answer once that is durable."""

from typing import Any

Scope = tuple[str, str]


class Keys:
    def __init__(self, lifetime_s: float) -> None:
        self.lifetime_s = lifetime_s
        self.in_flight: dict[Scope, Any] = {}  # the bodies
        self.known: dict[Scope, tuple[float, Any, Any]] = {}  # stored when, body, answer; the oldest first

    def begin(self, user: str, key: str, body: Any, now: float) -> tuple[str, Any]:
        self._forget(now)
        scope = user, key
        if scope in self.in_flight:
            return ("in-flight" if self.in_flight[scope] == body else "reused"), None
        if scope in self.known:
            _, first, answer = self.known[scope]
            return ("replay", answer) if first == body else ("reused", None)
        self.in_flight[scope] = body
        return "store", None

    def stored(self, user: str, key: str, answer: Any, now: float) -> None:
        scope = user, key
        self.known[scope] = now, self.in_flight.pop(scope), answer

    def failed(self, user: str, key: str, now: float) -> None:
        self.in_flight.pop((user, key), None)

    def _forget(self, now: float) -> None:
        while self.known and next(iter(self.known.values()))[0] + self.lifetime_s < now:
            del self.known[next(iter(self.known))]
