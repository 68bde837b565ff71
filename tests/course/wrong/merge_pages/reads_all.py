# Rejected: "a reader who scrolls reads the stream squared"
from itertools import takewhile


def page(ranges, partitions, after, limit):
    full = [each.last for each in takewhile(lambda each: each.full, ranges)]
    found = sorted(comment for each in partitions for comment in each.read(1, max(full, default=0), 10**9))
    found = [comment for comment in found if comment.seq > after][:limit]
    return found, found[-1].seq if found else after
