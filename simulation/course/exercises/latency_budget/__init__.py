"""Where the milliseconds of a comment go, and whether a budget holds: an analysis of three records."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from operator import truediv
from statistics import fmean
from types import ModuleType
from typing import TYPE_CHECKING

from simulation.course.exercise import Check, Exercise, Misconception
from simulation.course.exercises.latency_budget.made import WARM_UP_S, made
from simulation.course.exercises.latency_budget.run import STAGES, Run, quantile
from simulation.course.numbers import expect, is_near

if TYPE_CHECKING:
    from simulation.course.live import Stage

BUDGET_S = 0.5
SEEDS = range(1, 9)


def way_s(run: Run, seq: int, got_s: float) -> float:
    return got_s - run.meant_s[seq]


def timed(run: Run) -> list[tuple[int, float]]:
    """Deliveries that came, of comments meant to go after the warm-up."""
    return [each for each in run.receipts if run.meant_s[each[0]] >= run.began_s + run.warm_up_s]


def of_stage(run: Run, stage: str) -> list[float]:
    """Seconds of one stage, by delivery."""
    number, found = STAGES.index(stage), []
    for seq, got_s in timed(run):
        _, *stamps = run.stamps[seq]
        times = [run.meant_s[seq], *stamps, got_s]
        found.append(times[number + 1] - times[number])
    return found


def stages_add_up(answer: ModuleType) -> str:
    run = made(1, stall_s=1.0)
    for seq, got_s in run.receipts:
        told = answer.stages(run, seq, got_s)
        if set(told) != set(STAGES):
            raise Misconception(f"the stages are {', '.join(STAGES)}; {sorted(told)} were told.")
        stamps, right = run.stamps[seq], way_s(run, seq, got_s)
        if is_near(sum(told.values()), right):
            _require_stages(run, seq, got_s, told)
            continue
        seen = (
            f"a comment was meant to be posted at {run.meant_s[seq]:.3f} s, the server had read it at "
            f"{stamps.received_s:.3f} s, and a viewer had it at {got_s:.3f} s; its stages add up to "
            f"{1000 * sum(told.values()):.1f} ms, and its way took {1000 * right:.1f}"
        )
        if is_near(sum(told.values()), got_s - stamps.received_s):
            raise Misconception(
                f"{seen}. You count from when the server had read it. While it stands still it reads nothing, and "
                "all that waits for it is not in its own figures (coordinated omission): count from the intention."
            )
        raise Misconception(f"{seen}. Each stage begins where the one before has ended.")
    return f"{len(run.receipts):,} deliveries"


def _require_stages(run: Run, seq: int, got_s: float, told: Mapping[str, float]) -> None:
    _, *stamps = run.stamps[seq]
    for stage, (begins_s, ends_s) in zip(STAGES, pairwise([run.meant_s[seq], *stamps, got_s]), strict=True):
        if abs(told[stage] - (ends_s - begins_s)) > 1e-9:
            raise Misconception(
                f"the stage {stage} of a comment goes from {begins_s:.4f} to {ends_s:.4f} s, which is "
                f"{1000 * (ends_s - begins_s):.2f} ms, and {1000 * told[stage]:.2f} were told, though all of them "
                "add up. The diagram says which stamp ends which stage."
            )


def percentile_of_ways(answer: ModuleType) -> str:
    for seed in SEEDS:
        run = made(seed)
        sums = sum(quantile(of_stage(run, stage), 0.99) for stage in STAGES)
        came = [way_s(run, *each) for each in timed(run)]
        by_comment: dict[int, float] = {}
        for seq, got_s in timed(run):
            by_comment[seq] = min(by_comment.get(seq, math.inf), way_s(run, seq, got_s))
        _expect_s(
            f"of {len(came):,} deliveries the 99th percentile",
            answer.p99_s(run),
            quantile(came, 0.99),
            [
                (
                    sums,
                    "That is the sum of the stages' 99th percentiles. A comment that is unlucky in one stage need "
                    "not be so in the next: percentiles do not add, ways do. Join the records first.",
                ),
                (
                    quantile(list(by_comment.values()), 0.99),
                    "That is of each comment's first viewer: the last ones wait, too.",
                ),
                *((quantile(came, share), f"That is the quantile of {share:g}.") for share in (0.9, 0.95, 1.0)),
                (
                    quantile([way_s(run, *each) for each in run.receipts], 0.99),
                    "That is with the warm-up in it, which is over at `began_s + warm_up_s`.",
                ),
                (quantile(came, 0.5), "That is the median. Half of all viewers wait for longer."),
                (fmean(came), "That is the mean: it hides just those whom the budget is for."),
            ],
            "It is what 99 of 100 deliveries do not exceed. And the three records are in different orders: join "
            "them by a comment's number, not by their places.",
        )
    return f"{len(SEEDS)} runs"


def warm_up_left_out(answer: ModuleType) -> str:
    for seed in SEEDS:
        run = made(seed, cold=True)
        came = [way_s(run, *each) for each in timed(run)]
        by_arrival = [way_s(run, seq, at) for seq, at in run.receipts if at >= run.began_s + run.warm_up_s]
        expect(
            f"of a run with {WARM_UP_S:g} s of warm-up the number of deliveries that count",
            len(answer.ways(run)),
            len(came),
            [
                (
                    len(run.receipts),
                    "A server that has just begun is cold, and nobody asks how it was then: leave the warm-up out.",
                ),
                (
                    len(by_arrival),
                    "That goes by when a viewer got it. What was posted in the warm-up and came late is still of the "
                    "warm-up: go by when it was meant to be posted.",
                ),
            ],
        )
        _expect_s(
            "the 99th percentile after a cold beginning",
            answer.p99_s(run),
            quantile(came, 0.99),
            [
                (quantile([way_s(run, *each) for each in run.receipts], 0.99), "The warm-up is still in it."),
                (quantile(by_arrival, 0.99), "What was posted in the warm-up and came late is still of the warm-up."),
            ],
        )
    return f"{len(SEEDS)} runs"


def missing_is_late(answer: ModuleType) -> str:
    for seed in SEEDS:
        run = made(seed, lost=0.02)
        said, missing = answer.ways(run), _due(run) - len(timed(run))
        if said.count(math.inf) > missing:
            raise Misconception(
                f"of {_due(run):,} deliveries {missing} never came, and {said.count(math.inf)} are said to be late "
                "for ever. Count those that were due after the warm-up: each such comment, times the viewers."
            )
        if said.count(math.inf) != missing:
            raise Misconception(
                f"of {_due(run):,} deliveries {missing} never came, and {said.count(math.inf)} are said to be late "
                "for ever. Whoever counts only what came finds a server that loses the slow ones the faster."
            )
        if (told := answer.p99_s(run)) != math.inf:
            raise Misconception(
                f"of {_due(run):,} deliveries {missing} never came, more than one in a hundred, and the 99th "
                f"percentile is said to be {told:g} s."
            )
    return f"{len(SEEDS)} runs"


def shares_of_the_mean(answer: ModuleType) -> str:
    for seed in SEEDS:
        run = made(seed, cold=True, lost=0.02)
        told = answer.shares(run)
        means = {stage: fmean(of_stage(run, stage)) for stage in STAGES}
        total = sum(means.values())
        ratios, cold = _mean_ratios(run), _shares_with_the_warm_up(run)
        p99s = {stage: quantile(of_stage(run, stage), 0.99) for stage in STAGES}
        if not is_near(sum(told.values()), 1.0):
            raise Misconception(
                f"the shares {_percents(told)} add up to {sum(told.values()):.0%}. Means add, so the means of the "
                "stages are parts of the mean way."
            )
        for stage in STAGES:
            expect(
                f"the share of {stage}",
                told[stage],
                means[stage] / total,
                [
                    (
                        p99s[stage] / sum(p99s.values()),
                        "That is its part of the sum of 99th percentiles, which is nobody's way.",
                    ),
                    (cold[stage], "That is with the warm-up in it."),
                    (
                        ratios[stage],
                        "That is the mean of the deliveries' shares: a way of a millisecond weighs in it as much "
                        "as one of a second. Divide the means.",
                    ),
                ],
            )
    return f"{len(SEEDS)} runs"


def _mean_ratios(run: Run) -> dict[str, float]:
    ways_s = [way_s(run, *each) for each in timed(run)]
    return {stage: fmean(map(truediv, of_stage(run, stage), ways_s)) for stage in STAGES}


def _shares_with_the_warm_up(run: Run) -> dict[str, float]:
    everything = replace(run, warm_up_s=0.0)
    means = {stage: fmean(of_stage(everything, stage)) for stage in STAGES}
    return {stage: mean / sum(means.values()) for stage, mean in means.items()}


def budget_holds(answer: ModuleType) -> str:
    for stall_s, lost, holds in (
        (0.0, 0.0, True),
        (0.05, 0.0, True),
        (1.0, 0.0, False),
        (0.0, 0.05, False),
        (0.0, 0.005, True),
    ):
        run = made(3, stall_s=stall_s, lost=lost)
        if answer.holds(run, BUDGET_S) is holds:
            continue
        what = f"the server stands still for {stall_s:g} s" if stall_s else f"{lost:.1%} of the deliveries never come"
        raise Misconception(
            f"{what if stall_s or lost else 'a run without any trouble'}: the budget of {1000 * BUDGET_S:.0f} ms at "
            f"the 99th percentile {'holds' if holds else 'does not hold'}, and the answer says the other. It is a "
            "bound for 99 % of the ways that were due, not for their mean, and not for all of them."
        )
    return "5 runs"


def _due(run: Run) -> int:
    return run.viewers * sum(at >= run.began_s + run.warm_up_s for at in run.meant_s.values())


def _percents(told: dict[str, float]) -> str:
    return ", ".join(f"{stage} {share:.0%}" for stage, share in told.items())


def _expect_s(asked: str, seen: object, right: float, ideas: list[tuple[float, str]], otherwise: str = "") -> None:
    """In ms, as a learner thinks of it; whoever interpolates between two values is right, too."""
    shown = [(1000 * value, idea) for value, idea in ideas]
    shown.append((1_000_000 * right, "These are milliseconds; all times are in seconds."))
    seen_ms = 1000 * seen if isinstance(seen, float) else seen
    expect(f"{asked}, in ms,", seen_ms, 1000 * right, shown, near=0.01, otherwise=otherwise)


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.latency_budget.measured import measured

    run, p99_s = await measured()
    told = answer.p99_s(run)
    if not is_near(told, p99_s, 0.01):
        raise Misconception(
            f"of a run of the real server the 99th percentile is {p99_s:.4f} s, and {told:.4f} was told."
        )
    shares = answer.shares(run)
    most = max(shares, key=lambda each: shares[each])
    return (
        f"{len(run.receipts):,} deliveries of a real server: p99 {1000 * told:.0f} ms, {most} takes "
        f"{shares[most]:.0%} of the mean; a budget of {1000 * BUDGET_S:.0f} ms "
        f"{'holds' if answer.holds(run, BUDGET_S) else 'does not hold'}"
    )


EXERCISE = Exercise(
    lesson="02",
    place=1,
    name="latency_budget",
    title="From three records to one sentence about the 99th percentile",
    kind="estimate",
    wants=("stages", "ways", "p99_s", "shares", "holds"),
    checks=(
        Check("the stages of a delivery add up to its way, from when it was meant", stages_add_up),
        Check("the 99th percentile is that of the ways", percentile_of_ways),
        Check("the warm-up is left out, by when a comment was meant to be posted", warm_up_left_out),
        Check("what never came is late", missing_is_late),
        Check("the stages' shares of the mean add up to 1", shares_of_the_mean),
        Check("the budget of 500 ms holds when it does", budget_holds),
    ),
    live=live,
)
