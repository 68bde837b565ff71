"""Runs made for the checks: stages that are unlucky at different times, a stall, a cold beginning, what never came."""

from random import Random

from simulation.course.exercises.latency_budget.run import Run, Stamps

BEGAN_S, WARM_UP_S = 100.0, 2.0
EVERY_S = 0.02
COLD_S = 0.9  # more, for every comment that is meant to go in the warm-up


def made(
    seed: int, *, comments: int = 400, viewers: int = 5, stall_s: float = 0.0, cold: bool = False, lost: float = 0.0
) -> Run:
    """``stall_s``: for how long the server reads nothing, half way. ``lost``: the share of deliveries without a trace.

    Each stage is slow for one comment in fifty, another one than the other stages'.
    """
    rng = Random(seed)
    # None is meant to go just when the warm-up is over: whether that one counts is nobody's misconception.
    meant_s = {seq: BEGAN_S + EVERY_S * (seq - 0.5) for seq in range(1, comments + 1)}
    stalled_s = BEGAN_S + EVERY_S * comments * 0.75
    stamps, receipts = {}, []
    for seq, meant in meant_s.items():
        slow = [seq % 50 == 10 * stage + 3 for stage in range(5)]
        times = [meant + 0.002 * rng.random()]
        if stalled_s <= meant < stalled_s + stall_s:
            times = [stalled_s + stall_s + 0.0001 * (seq % 50)]
        if cold and meant < BEGAN_S + WARM_UP_S:
            times = [times[0] + COLD_S]
        for stage in range(4):
            times.append(times[-1] + (0.040 if slow[stage] else 0.002) * (0.9 + 0.2 * rng.random()))
        stamps[seq] = Stamps(*times)
        for _ in range(viewers):
            socket_s = (0.040 if slow[4] else 0.004) * (0.5 + rng.random())
            if rng.random() >= lost:
                receipts.append((seq, times[-1] + socket_s))
    rng.shuffle(receipts)
    order = list(meant_s)
    rng.shuffle(order)
    return Run(BEGAN_S, WARM_UP_S, viewers, {seq: meant_s[seq] for seq in order}, stamps, receipts)
