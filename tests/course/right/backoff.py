class Backoff:
    def __init__(self, base_s, cap_s, stable_s, rng):
        self._params = (base_s, cap_s, stable_s)
        self._rng = rng
        self._ceiling = min(base_s, cap_s)
        self._since = None

    def connected(self, now):
        self._since = now

    def lost(self, now, *, retry_after_s=0.0, slot_s=None):
        base, cap, stable = self._params
        since, self._since = self._since, None
        if since is not None and now - since >= stable:
            self._ceiling = min(base, cap)
        if slot_s is not None:
            return slot_s
        wait = self._rng.uniform(retry_after_s, retry_after_s + self._ceiling)
        self._ceiling = min(cap, 2 * self._ceiling)
        return wait
