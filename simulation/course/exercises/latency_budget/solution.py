"""Join by number, count from the intention, and let what is missing count as late."""

import math

from simulation.course.exercises.latency_budget.run import STAGES, Run, quantile


def stages(run: Run, seq: int, got_s: float) -> dict[str, float]:
    stamps = run.stamps[seq]
    times = run.meant_s[seq], stamps.admitted_s, stamps.durable_s, stamps.hub_s, stamps.flushed_s, got_s
    return {stage: end - begin for stage, begin, end in zip(STAGES, times, times[1:], strict=False)}


def ways(run: Run) -> list[float]:
    timed = _timed(run)
    came = [got_s - run.meant_s[seq] for seq, got_s in run.receipts if seq in timed]
    return came + [math.inf] * (len(timed) * run.viewers - len(came))


def p99_s(run: Run) -> float:
    return quantile(ways(run), 0.99)


def shares(run: Run) -> dict[str, float]:
    timed = _timed(run)
    rows = [stages(run, seq, got_s) for seq, got_s in run.receipts if seq in timed]
    sums = {stage: sum(row[stage] for row in rows) for stage in STAGES}
    return {stage: of_it / sum(sums.values()) for stage, of_it in sums.items()}


def holds(run: Run, budget_s: float) -> bool:
    return p99_s(run) <= budget_s


def _timed(run: Run) -> set[int]:
    return {seq for seq, at_s in run.meant_s.items() if at_s >= run.began_s + run.warm_up_s}
