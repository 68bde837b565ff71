# Rejected: "or a range is used up"


def page(ranges, partitions, after, limit):
    """Reads one range at a time, may answer an empty page that goes on."""
    for r in ranges:
        if r.last <= after:
            continue
        if not r.full:
            break
        found = partitions[r.partition].read(max(after + 1, r.first), r.last, limit)
        return found, found[-1].seq if len(found) == limit else r.last
    return [], after
