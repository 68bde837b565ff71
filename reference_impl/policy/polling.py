"""How long a poll is held, and when the next one is welcome: the server says, and not the same to all.

A crowd that was answered at the same moment would otherwise be back at the same moment. Where a cache answers for the
server all are told the same pause, and each makes its own of it.
"""

from dataclasses import dataclass
from random import Random

ITEMS_MAX = 500  # messages in one answer
WAIT_MAX_S = 55.0  # proxies end a silent request after a minute
MANIFEST_FRESH_S = 1  # for so long a cache answers with the manifest of a stream's segments that it has
MANIFEST_REMEMBERED_S = 0.2  # and the server itself with the one it has made, when several caches ask


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingConfig:
    busy_s: float = 1.0  # a viewer's mean pause while there is something to say
    plain_s: float = 2.0  # between polls that are never held

    def __post_init__(self) -> None:
        if self.busy_s < 0 or self.plain_s <= 0:
            raise ValueError(f"pauses must be positive, got {self.busy_s} and {self.plain_s}")


class Pacing:
    """Draws holds and pauses."""

    def __init__(self, config: PollingConfig, rng: Random) -> None:
        self._config = config
        self._rng = rng

    def hold_s(self, wait_s: float) -> float:
        """Hold a request that found nothing for half of what it offered to wait, or longer."""
        return self._rng.uniform(0.5, 1.0) * min(wait_s, WAIT_MAX_S)

    def pause_s(self, *, held: bool, full: bool, empty: bool) -> float:
        """When to ask again: at once if there is more than fitted, or if a held request has brought nothing."""
        if full or (held and empty):
            return 0.0
        return spread_s(self._config.busy_s if held else self._config.plain_s, self._rng)


def spread_s(pause_s: float, rng: Random) -> float:
    """A pause that is one's own, of what all are told: as long in the mean, and half of it at least."""
    return rng.uniform(0.5, 1.5) * pause_s
