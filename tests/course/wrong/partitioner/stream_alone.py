# Rejected: "A hash of the stream alone cannot spread it"
from hashlib import blake2b


class Partitioner:
    def __init__(self, partitions, split_per_s, merge_per_s, calm_s):
        self.partitions = partitions

    def place(self, stream, comment, now):
        return max(range(self.partitions), key=lambda each: blake2b(f"{each} {stream}".encode()).digest())
