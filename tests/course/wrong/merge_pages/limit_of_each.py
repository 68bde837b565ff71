# Rejected: "not of each partition"
from itertools import takewhile


def page(ranges, partitions, after, limit):
    full = [each.last for each in takewhile(lambda each: each.full, ranges)]
    found = sorted(comment for each in partitions for comment in each.read(after + 1, max(full, default=0), limit))
    return found, found[-1].seq if found else after
