"""Leases: who holds what until when, with a number that makes a late holder harmless.

A lease ends by itself when its holder's heartbeats stop, and somebody else may have it. The old holder may be only
slow, and still act when it wakes. So each granting has a higher number than all before (a fencing token), whoever acts
shows it, and `Fence` refuses one that is lower than what it has seen. No clock of the holder's is trusted. Sources:
Gray and Cheriton, "Leases", 1989; Kleppmann, "How to do distributed locking", 2016.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseConfig:
    lease_s: float = 10.0  # without a heartbeat
    heartbeat_s: float = 3.0  # what a holder keeps to
    leases_max: int = 10_000  # one more is refused

    def __post_init__(self) -> None:
        if not 0 < self.heartbeat_s < self.lease_s:
            raise ValueError(f"need 0 < heartbeat_s < lease_s, got {self.heartbeat_s:g} and {self.lease_s:g}")
        if self.leases_max < 1:
            raise ValueError(f"leases_max must be >= 1, got {self.leases_max}")


@dataclass(frozen=True, slots=True)
class Lease:
    """``token`` is higher than that of any lease before, of whatever name."""

    name: str
    holder: str
    token: int
    until: float


class Leases:
    """``token`` is the last one given; a table that is restored begins with the highest one that was."""

    __slots__ = ("_config", "_held", "token")

    def __init__(self, config: LeaseConfig, token: int = 0) -> None:
        self._config = config
        self._held: dict[str, Lease] = {}
        self.token = token

    def __len__(self) -> int:
        return len(self._held)

    def holder(self, name: str, now_s: float) -> str | None:
        lease = self._held.get(name)
        return lease.holder if lease and now_s < lease.until else None

    def acquire(self, name: str, holder: str, now_s: float) -> Lease | None:
        """Grant a lease that nobody holds, with a token of its own; None refuses it, to its present holder too."""
        if self.holder(name, now_s) is not None:
            return None
        self._held.pop(name, None)
        if len(self._held) >= self._config.leases_max:
            self._forget_expired(now_s)
        if len(self._held) >= self._config.leases_max:
            return None
        self.token += 1
        return self._hold(Lease(name, holder, self.token, now_s + self._config.lease_s))

    def renew(self, lease: Lease, now_s: float) -> Lease | None:
        """A heartbeat; None says that it came too late, and that what the lease was for is another's now."""
        if not self._holds(lease, now_s):
            return None
        return self._hold(Lease(lease.name, lease.holder, lease.token, now_s + self._config.lease_s))

    def release(self, lease: Lease, now_s: float) -> bool:
        """Give it back before its time; False when it was not held any more."""
        if not self._holds(lease, now_s):
            return False
        del self._held[lease.name]
        return True

    def expired(self, now_s: float) -> list[Lease]:
        """What was left by holders that fell silent, to be taken over."""
        return [lease for lease in self._held.values() if now_s >= lease.until]

    def _holds(self, lease: Lease, now_s: float) -> bool:
        held = self._held.get(lease.name)
        return held is not None and held.token == lease.token and now_s < held.until

    def _hold(self, lease: Lease) -> Lease:
        self._held[lease.name] = lease
        return lease

    def _forget_expired(self, now_s: float) -> None:
        for lease in self.expired(now_s):
            del self._held[lease.name]


class Fence:
    """Stands before one thing that a lease is for."""

    __slots__ = ("highest",)

    def __init__(self, highest: int = 0) -> None:
        self.highest = highest

    def admit(self, token: int) -> bool:
        """Let an action through; False refuses a holder whose successor has acted already."""
        if token < self.highest:
            return False
        self.highest = token
        return True
