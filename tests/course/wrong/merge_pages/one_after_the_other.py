# Rejected: "One partition's comments stand behind another's"
def page(ranges, partitions, after, limit):
    found = []
    for each in partitions:
        found += each.read(after + 1, ranges[-1].last, limit - len(found))
    return found, max((comment.seq for comment in found), default=after)
