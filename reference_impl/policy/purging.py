"""Which addresses a cache is to ask for again, and when: at once, once more a little later, and after a failure.

The second time is for an answer that was on its way to the cache while the first one overtook it. The list is bounded:
when it is full the oldest address is dropped, which a cache then keeps until it forgets it by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeConfig:
    pending_max: int = 10_000  # addresses
    again_s: float = 2.0  # after a success
    retry_s: float = 0.5  # after a failure
    failures_max: int = 5

    def __post_init__(self) -> None:
        if self.pending_max < 1 or self.failures_max < 1:
            raise ValueError(f"need room and a try, got {self.pending_max} and {self.failures_max}")


@dataclass(slots=True)
class _Pending:
    due_s: float
    failures: int = 0
    last: bool = False


class Purges:
    """The addresses that one cache has yet to ask for."""

    def __init__(self, config: PurgeConfig) -> None:
        self._config = config
        self._pending: dict[str, _Pending] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._pending)

    def offer(self, addresses: Iterable[str], now: float) -> None:
        """Take them; of an address that waits already everything begins anew."""
        for address in addresses:
            self._pending.pop(address, None)
            if len(self._pending) >= self._config.pending_max:
                del self._pending[next(iter(self._pending))]
                self.dropped += 1
            self._pending[address] = _Pending(now)

    def take(self, now: float, most: int) -> list[str]:
        """The addresses that are due, the oldest first; each is to be settled."""
        return [address for address, pending in self._pending.items() if now >= pending.due_s][:most]

    def next_due(self) -> float | None:
        return min((pending.due_s for pending in self._pending.values()), default=None)

    def succeeded(self, address: str, began_s: float, now: float) -> None:
        pending = self._current(address, began_s)
        if pending is None:
            return
        if pending.last:
            del self._pending[address]
        else:
            pending.last, pending.due_s, pending.failures = True, now + self._config.again_s, 0

    def failed(self, address: str, began_s: float, now: float) -> bool:
        """Whether that was its last try."""
        pending = self._current(address, began_s)
        if pending is None:
            return False
        pending.failures += 1
        pending.due_s = now + self._config.retry_s * 2 ** (pending.failures - 1)
        if pending.failures < self._config.failures_max:
            return False
        del self._pending[address]
        return True

    def _current(self, address: str, began_s: float) -> _Pending | None:
        """None when it was dropped, or offered again while it was asked for: that counts anew."""
        pending = self._pending.get(address)
        return None if pending is None or pending.due_s > began_s else pending
