# Rejected: "Clocks of two machines differ"
from itertools import takewhile


def page(ranges, partitions, after, limit):
    full = [each.last for each in takewhile(lambda each: each.full, ranges)]
    found = [comment for each in partitions for comment in each.read(after + 1, max(full, default=0), limit)]
    found = sorted(found, key=lambda comment: comment.at_ms)[:limit]
    return found, found[-1].seq if found else after
