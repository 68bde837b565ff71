# Rejected: "The cursor has passed a range that is not full"
from itertools import takewhile


def page(ranges, partitions, after, limit):
    full = [each.last for each in takewhile(lambda each: each.full, ranges)]
    found = sorted(comment for each in partitions for comment in each.read(after + 1, max(full, default=0), limit))
    found = found[:limit]
    return found, found[-1].seq if len(found) == limit else ranges[-1].last
