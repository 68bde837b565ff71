# Rejected: "the classic lost comment"
def page(ranges, partitions, after, limit):
    found = sorted(comment for each in partitions for comment in each.read(after + 1, ranges[-1].last, limit))[:limit]
    return found, found[-1].seq if found else after
