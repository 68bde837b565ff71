"""Who may connect: so many viewers in all, so many behind one address, so many that join in a second."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from reference_impl.policy.rate import RateConfig, RateLimiter

FULL_RETRY_S = 10.0  # until somebody may have left
SPREAD_S = 5.0  # those who are turned away together shall not come back together
EVERYBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    viewers_max: int = 50_000
    per_address_max: int = 200
    joins_per_s: int = 2_000

    def __post_init__(self) -> None:
        if min(self.viewers_max, self.per_address_max, self.joins_per_s) < 1:
            raise ValueError(f"limits must be >= 1, got {self}")


@dataclass(frozen=True, slots=True)
class Crowded:
    """Why nobody more comes in, and when it may be tried again."""

    reason: str
    retry_s: float

    def away_s(self, rng: Random) -> float:
        """For how long one who is turned away is told to stay away."""
        return self.retry_s + rng.random() * SPREAD_S


class Connections:
    """Counts them; an ``address`` of None has no limit of its own.

    ``joined`` and ``refused`` count tries since the beginning: together they are how many want to come in, which
    neither the viewers nor the work of an edge that lets in few of them tell.
    """

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._joins = RateLimiter(RateConfig(burst=config.joins_per_s, period_s=1.0))
        self._of_address: Counter[str] = Counter()
        self.viewers = self.joined = self.refused = 0

    def enter(self, address: str | None, now: float, *, joins: bool) -> Crowded | None:
        """Count one more, or say why not; one that only asks in passing does not count as joining."""
        crowded = self._full(address)
        if crowded is None and joins and not (admission := self._joins.admit(EVERYBODY, now)).admitted:
            crowded = self._too_many(admission.retry_at - now)
        if crowded is not None:
            self.refused += joins
            return crowded
        self.viewers += 1
        self.joined += joins
        if address is not None:
            self._of_address[address] += 1
        return None

    def turn_away(self, address: str | None, now: float) -> Crowded | None:
        """Why one who wants to join would not be let in, before any work is done for him; None is no promise."""
        crowded, until = self._full(address), self._joins.refused_until(EVERYBODY, now)
        if crowded is None and until is not None:
            crowded = self._too_many(until - now)
        self.refused += crowded is not None
        return crowded

    def _full(self, address: str | None) -> Crowded | None:
        config = self._config
        if self.viewers >= config.viewers_max:
            return Crowded(f"this server takes {config.viewers_max} viewers", FULL_RETRY_S)
        if address is not None and self._of_address[address] >= config.per_address_max:
            return Crowded(f"an address may have {config.per_address_max} connections", FULL_RETRY_S)
        return None

    def _too_many(self, retry_s: float) -> Crowded:
        return Crowded(f"{self._config.joins_per_s} viewers have joined in the last second", retry_s)

    def enter_all(self, count: int, now: float) -> int:
        """So many who have no limit of their own join at once; answer how many come in, the first ones."""
        for entered in range(count):  # the same instant refuses everybody behind the first whom it refuses
            if self.enter(None, now, joins=True) is not None:
                return entered
        return count

    def leave(self, address: str | None) -> None:
        self.viewers -= 1
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]
