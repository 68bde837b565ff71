# Rejected: "A cursor is a place, and no count"
from itertools import takewhile


def page(ranges, partitions, after, limit):
    full = [each.last for each in takewhile(lambda each: each.full, ranges)]
    found = sorted(comment for each in partitions for comment in each.read(1, max(full, default=0), 10**9))
    found = found[after : after + limit]
    return found, after + len(found)
