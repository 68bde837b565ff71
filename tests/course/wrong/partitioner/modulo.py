# Rejected: "deals everything anew"
from hashlib import blake2b


class Partitioner:
    def __init__(self, partitions, split_per_s, merge_per_s, calm_s):
        self.partitions = partitions

    def place(self, stream, comment, now):
        return int.from_bytes(blake2b(stream.encode()).digest()) % self.partitions
