# Rejected: "as if it knew of another one's heat"
import hashlib


def _h(*parts):
    return int.from_bytes(hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


class Partitioner:
    streams = {}  # noqa: RUF012

    def __init__(self, partitions, split_per_s, merge_per_s, calm_s):
        self.n = partitions
        self.split, self.merge, self.calm = split_per_s, merge_per_s, calm_s

    def _home(self, *key):
        return max(range(self.n), key=lambda p: _h(p, *key))

    def place(self, stream, comment, now):
        s = self.streams.setdefault(stream, {"second": int(now), "count": 0, "hot": False, "since": None})
        while s["second"] < int(now):
            if s["count"] > self.split:
                s["hot"], s["since"] = True, None
            elif s["hot"]:
                if s["count"] >= self.merge:
                    s["since"] = None
                elif s["since"] is None:
                    s["since"] = s["second"]
                if s["since"] is not None and s["second"] + 1 - s["since"] >= self.calm:
                    s["hot"], s["since"] = False, None
            s["second"] += 1
            s["count"] = 0
        s["count"] += 1
        return self._home(stream, comment) if s["hot"] else self._home(stream)
