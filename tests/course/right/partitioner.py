import hashlib
from collections import defaultdict, deque


def _h(*parts):
    return hashlib.sha1("\0".join(map(str, parts)).encode()).digest()


class Partitioner:
    def __init__(self, partitions, split_per_s, merge_per_s, calm_s):
        self.n = partitions
        self.split, self.merge, self.calm = split_per_s, merge_per_s, calm_s
        self.recent = defaultdict(deque)
        self.hot = {}  # stream -> last time it was not calm

    def _hrw(self, key):
        return max(range(self.n), key=lambda p: _h(key, p))

    def place(self, stream, comment, now):
        q = self.recent[stream]
        quiet_from = (q[-1] if q else now) + 1.0
        while q and q[0] <= now - 1.0:
            q.popleft()
        q.append(now)
        rate = len(q)
        if stream in self.hot:
            if rate >= self.merge:
                if now - self.hot[stream] >= self.calm and now - quiet_from >= self.calm:
                    del self.hot[stream]
                else:
                    self.hot[stream] = now
            if stream in self.hot and now - self.hot[stream] >= self.calm:
                del self.hot[stream]
        elif rate > self.split:
            self.hot[stream] = now
        return self._hrw((stream, comment)) if stream in self.hot else self._hrw(stream)
