def _there(ranges, partitions, after, limit):
    for r in ranges:
        if not r.full:
            return
        if r.last > after:
            yield from partitions[r.partition].read(max(r.first, after + 1), r.last, limit)


def page(ranges, partitions, after, limit):
    out = []
    if limit:
        for c in _there(ranges, partitions, after, limit):
            out.append(c)
            if len(out) == limit:
                break
    return out, (out[-1].seq if out else after)
