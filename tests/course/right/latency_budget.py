import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from math import inf

from simulation.course.exercises.latency_budget.run import STAGES


def stages(run, seq, got_s):
    s = run.stamps[seq]
    marks = [run.meant_s[seq], s.admitted_s, s.durable_s, s.hub_s, s.flushed_s, got_s]
    return dict(zip(STAGES, (b - a for a, b in itertools.pairwise(marks)), strict=False))


def _counted(run):
    start = run.began_s + run.warm_up_s
    return {seq: at for seq, at in run.meant_s.items() if at > start}


def ways(run):
    meant = _counted(run)
    got = defaultdict(list)
    for seq, at in run.receipts:
        if seq in meant:
            got[seq].append(at - meant[seq])
    out = []
    for seq in meant:
        out += got[seq] + [inf] * (run.viewers - len(got[seq]))
    return out


def p99_s(run):
    w = sorted(ways(run))
    n = len(w)
    k = (99 * n + 99) // 100  # ceil
    return w[k - 1]


def shares(run):
    meant = _counted(run)
    total = Counter()
    for seq, at in run.receipts:
        if seq in meant:
            total.update(stages(run, seq, at))
    whole = sum(total.values())
    return {k: total[k] / whole for k in STAGES}


def holds(run, budget_s):
    w = sorted(ways(run))
    return bisect_right(w, budget_s) * 100 >= 99 * len(w)
