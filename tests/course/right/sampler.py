import heapq
import hmac


def choose(window, budget, seed):
    key = seed.encode()
    ordinary = [c for c in window if not c.priority]
    lucky = set(heapq.nsmallest(max(budget, 0), ((hmac.digest(key, c.id.encode(), "sha256"), c.seq) for c in ordinary)))
    seqs = {s for _, s in lucky}
    return [c for c in window if c.priority or c.seq in seqs]


def shown_to(viewer, window, chosen):
    seen = {c.seq for c in chosen}
    return sorted([*chosen, *(c for c in window if c.author == viewer and c.seq not in seen)])


def account(first, last, shown):
    total = last - first + 1
    n = len([s for s in shown if first <= s <= last])
    return None if n == total else dict(dropped=total - n, shown=n, to=last, **{"from": first})
