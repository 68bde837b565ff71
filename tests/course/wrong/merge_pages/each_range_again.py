# Rejected: "a comment twice"
def page(ranges, partitions, after, limit):
    out = []
    full = [r for r in ranges if r.full]
    first_open = next((r.first for r in ranges if not r.full), 10**9)
    for r in full:
        out += partitions[r.partition].read(after + 1, first_open - 1, limit)
    out = sorted(out)[:limit]
    return out, out[-1].seq if out else after
