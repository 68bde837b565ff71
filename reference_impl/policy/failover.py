"""Which of several equal addresses to ask: the one that answered last, and no failed one before its time is up.

After a failure an address rests for a time that doubles with full jitter (`policy/retry.py`), so that an outage is
asked about now and then and not by everybody at once.
"""

from collections.abc import Sequence
from random import Random

from reference_impl.policy.retry import Retry, RetryConfig


class Failover:
    """``config.attempts_max`` is not a limit here: after so many failures the backoff stays at its cap."""

    __slots__ = ("_addresses", "_again_s", "_config", "_retries")

    def __init__(self, addresses: Sequence[str], config: RetryConfig, rng: Random) -> None:
        if not addresses:
            raise ValueError("at least one address is needed, got none")
        self._addresses = list(dict.fromkeys(addresses))
        self._config = config
        self._retries = {address: Retry(config, rng) for address in self._addresses}
        self._again_s: dict[str, float] = {}

    def candidates(self, now: float) -> list[str]:
        """The addresses that may be asked now, the best first; none while all of them rest."""
        return [address for address in self._addresses if self._again_s.get(address, now) <= now]

    def again_s(self, now: float) -> float:
        """How long until one of them may be asked."""
        return max(0.0, min(self._again_s.get(address, now) for address in self._addresses) - now)

    def succeeded(self, address: str) -> None:
        """It answered, so it is asked first from now on."""
        self._retries[address].succeeded()
        self._again_s.pop(address, None)
        if self._addresses[0] != address:
            self._addresses.remove(address)
            self._addresses.insert(0, address)

    def failed(self, address: str, now: float) -> None:
        again_s = self._retries[address].failed(now)
        self._again_s[address] = now + self._config.cap_s if again_s is None else again_s
