"""Hot keys: which keys get so much of the load that one copy of each does not carry it.

Each key has a counter that loses half of itself in ``half_life_s``, which makes it a rate. Only ``keys_max`` keys are
followed; a new one takes the place of the coldest and starts with that one's count, so that a hot key cannot slip in
unseen, and no count is too low (Space-Saving; Metwally and others, "Efficient Computation of Frequent and Top-k
Elements in Data Streams", 2005). How many copies a key should have rises at once, and falls only when a good deal
fewer would do.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HotKeysConfig:
    copy_per_s: float = 1_000.0  # what one copy carries
    copies_max: int = 16
    cool_at: float = 0.5  # of what fewer copies would carry; below it there are fewer
    half_life_s: float = 5.0
    keys_max: int = 256

    def __post_init__(self) -> None:
        if not (self.copy_per_s > 0 and self.half_life_s > 0 and 0 < self.cool_at <= 1):
            seen = f"{self.copy_per_s:g}, {self.half_life_s:g} and {self.cool_at:g}"
            raise ValueError(f"need copy_per_s > 0, half_life_s > 0 and 0 < cool_at <= 1, got {seen}")
        if self.copies_max < 1 or self.keys_max < 1:
            raise ValueError(f"copies_max and keys_max must be >= 1, got {self.copies_max} and {self.keys_max}")


@dataclass(slots=True)
class _Key:
    count: float
    at: float
    copies: int = 1


class HotKeys:
    """Counts uses of keys; a key that is not followed has one copy."""

    __slots__ = ("_config", "_keys", "_total")

    def __init__(self, config: HotKeysConfig) -> None:
        self._config = config
        self._keys: dict[str, _Key] = {}
        self._total = _Key(0.0, 0.0)

    def __len__(self) -> int:
        return len(self._keys)

    def used(self, key: str, now_s: float, times: int = 1) -> int:
        """Count a use; the answer is how many copies the key should have."""
        found = self._keys.get(key) or self._follow(key, now_s)
        self._add(found, now_s, times)
        self._add(self._total, now_s, times)
        return self._judge(found)

    def copies(self, key: str, now_s: float) -> int:
        found = self._keys.get(key)
        if found is None:
            return 1
        self._add(found, now_s, 0)
        return self._judge(found)

    def hot(self, now_s: float) -> dict[str, int]:
        """The keys that should have more than one copy, and how many."""
        found = {key: self.copies(key, now_s) for key in self._keys}
        return {key: copies for key, copies in found.items() if copies > 1}

    def per_s(self, key: str, now_s: float) -> float:
        """A key's rate; of one that is not followed 0."""
        found = self._keys.get(key)
        return self._rate(self._decayed(found, now_s)) if found else 0.0

    def skew(self, now_s: float) -> float:
        """The hottest key's share of all uses, 0 when there are none."""
        total = self._decayed(self._total, now_s)
        highest = max((self._decayed(each, now_s) for each in self._keys.values()), default=0.0)
        return min(1.0, highest / total) if total else 0.0

    def _follow(self, key: str, now_s: float) -> _Key:
        count = 0.0
        if len(self._keys) >= self._config.keys_max:
            coldest = min(self._keys, key=lambda each: self._decayed(self._keys[each], now_s))
            count = self._decayed(self._keys.pop(coldest), now_s)
        self._keys[key] = _Key(count, now_s)
        return self._keys[key]

    def _add(self, key: _Key, now_s: float, times: int) -> None:
        key.count = self._decayed(key, now_s) + times
        key.at = max(key.at, now_s)

    def _decayed(self, key: _Key, now_s: float) -> float:
        age_s = max(0.0, now_s - key.at)
        return key.count * math.exp2(-age_s / self._config.half_life_s)

    def _rate(self, count: float) -> float:
        """A steady rate keeps its counter at rate times half-life over ln 2."""
        return count * math.log(2) / self._config.half_life_s

    def _judge(self, key: _Key) -> int:
        rate, config = self._rate(key.count), self._config
        needed = min(config.copies_max, max(1, math.ceil(rate / config.copy_per_s)))
        if needed > key.copies:
            key.copies = needed
        while key.copies > needed and rate < (key.copies - 1) * config.copy_per_s * config.cool_at:
            key.copies -= 1
        return key.copies
