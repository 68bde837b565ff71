# Rejected: "a pause taken for calm"
from collections import defaultdict, deque
from hashlib import blake2b


class Partitioner:
    def __init__(self, partitions, split_per_s, merge_per_s, calm_s):
        self.partitions, self.split_per_s, self.merge_per_s = partitions, split_per_s, merge_per_s
        self.recent, self.hot, self.turn = defaultdict(deque), set(), 0

    def per_s(self, stream, now):
        times = self.recent[stream]
        times.append(now)
        while times[0] <= now - 1:
            times.popleft()
        return len(times)

    def highest(self, name):
        return max(range(self.partitions), key=lambda each: blake2b(f"{each} {name}".encode()).digest())

    def place(self, stream, comment, now):
        per_s = self.per_s(stream, now)
        if per_s > self.split_per_s:
            self.hot.add(stream)
        elif per_s < self.merge_per_s:
            self.hot.discard(stream)
        return self.highest(comment if stream in self.hot else stream)
