# Rejected: "cuts itself into very unequal arcs"
from bisect import bisect
from hashlib import blake2b


def hashed(text):
    return blake2b(text.encode()).digest()


class Partitioner:
    def __init__(self, partitions, split_per_s, merge_per_s, calm_s):
        self.ring = sorted((hashed(f"partition {each}"), each) for each in range(partitions))

    def place(self, stream, comment, now):
        return self.ring[bisect(self.ring, (hashed(stream), 0)) % len(self.ring)][1]
