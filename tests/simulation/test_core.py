"""Cores that processes share: exact shares by hand, and against a plain step-by-step account of random work."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
import simpy

from simulation.model.core import Core
from simulation.model.event_loop import EventLoop, Steps

Piece = tuple[float, float]  # when it comes, what it costs


def at(env: simpy.Environment, when_s: float, what: Callable[[], None]) -> None:
    def wait() -> Steps:
        yield env.timeout(when_s - env.now)
        what()

    env.process(wait())


def ends_of(pieces: list[Piece], cores: int = 1, stalls: Sequence[Piece] = ()) -> list[float]:
    env = simpy.Environment()
    core, ends = Core(env, cores), [0.0] * len(pieces)

    def one(number: int, comes_s: float, cost_s: float) -> Steps:
        yield env.timeout(comes_s)
        yield from core.run(cost_s)
        ends[number] = env.now

    for number, piece in enumerate(pieces):
        env.process(one(number, *piece))
    for begins_s, lasts_s in stalls:
        at(env, begins_s, lambda lasts_s=lasts_s: core.stall(lasts_s))
    env.run()
    assert core.busy_s == pytest.approx(sum(cost_s for _, cost_s in pieces))
    return ends


def step_by_step(pieces: list[Piece], cores: int, stalls: Sequence[Piece]) -> list[float]:
    """The same by going from change to change, with what is left of each piece written down."""
    left = {number: cost_s for number, (_, cost_s) in enumerate(pieces)}
    ends, now = [0.0] * len(pieces), 0.0
    changes = sorted(
        {come_s for come_s, _ in pieces} | {edge for begin, last in stalls for edge in (begin, begin + last)}
    )
    while left:
        here = [number for number in left if pieces[number][0] <= now]
        stalled = any(begin <= now < begin + last for begin, last in stalls)
        rate = 0.0 if stalled or not here else min(1.0, cores / len(here))
        after = [change for change in changes if change > now]
        first = min((left[number] for number in here), default=0.0)
        until = min([now + first / rate] if rate else after, default=after[0] if after else now)
        until = min([until, *after])
        for number in here:
            left[number] -= rate * (until - now)
            if left[number] < 1e-12:
                ends[number] = until
                del left[number]
        now = until
    return ends


def test_two_pieces_share_a_core_while_both_are_there() -> None:
    assert ends_of([(0, 1), (0.5, 1)]) == pytest.approx([1.5, 2.0])


def test_a_short_piece_overtakes_a_long_one() -> None:
    assert ends_of([(0, 10), (1, 1)]) == pytest.approx([11, 3])


def test_no_piece_runs_on_two_cores_at_once() -> None:
    assert ends_of([(0, 1)], cores=2) == pytest.approx([1])
    assert ends_of([(0, 1), (0, 1), (0, 1)], cores=2) == pytest.approx([1.5] * 3)


def test_a_stall_puts_everything_off_and_overlapping_stalls_are_one() -> None:
    assert ends_of([(0, 1), (0.2, 0.1)], stalls=[(0.1, 0.5), (0.4, 0.4)]) == pytest.approx([1.8, 1.0])
    assert ends_of([(1, 1)], stalls=[(0, 0.5)]) == pytest.approx([2])


def test_work_without_a_cost_ends_at_once_and_negative_costs_are_refused() -> None:
    assert ends_of([(0, 1), (0.5, 0)]) == pytest.approx([1, 0.5])
    with pytest.raises(ValueError, match="cost_s must be"):
        Core(simpy.Environment()).start(-1)
    with pytest.raises(ValueError, match="cores must be"):
        Core(simpy.Environment(), 0)


@pytest.mark.parametrize("seed", range(20))
def test_random_work_ends_when_a_step_by_step_account_says(seed: int) -> None:
    rng = Random(seed)
    cores = rng.randint(1, 3)
    pieces = [(rng.uniform(0, 20), rng.expovariate(1.5)) for _ in range(60)]
    stalls = [(rng.uniform(0, 20), rng.uniform(0, 1)) for _ in range(4)]
    assert ends_of(pieces, cores, stalls) == pytest.approx(step_by_step(pieces, cores, stalls))


def test_suspended_work_keeps_what_is_left_and_leaves_the_core_to_others() -> None:
    env = simpy.Environment()
    core = Core(env)
    first, second = core.start(2), core.start(2)
    ends: dict[str, float] = {}
    first.callbacks.append(lambda _: ends.update(first=env.now))
    second.callbacks.append(lambda _: ends.update(second=env.now))
    at(env, 1, lambda: core.suspend(first))  # each has had half a second
    at(env, 2, lambda: core.resume(first))
    env.run()
    assert ends == pytest.approx({"second": 3.0, "first": 4.0})
    core.suspend(first)  # over already
    assert core.busy_s == pytest.approx(4)


def test_loops_on_one_core_slow_each_other_down_and_a_thread_slows_both() -> None:
    env = simpy.Environment()
    core, ends = Core(env), []

    def done(steps: Steps) -> Steps:
        yield from steps
        ends.append(env.now)

    for loop in (EventLoop(env, core=core), EventLoop(env, core=core)):
        env.process(done(loop.run(1)))
        env.process(done(loop.run(1)))
    env.process(done(core.run(2)))
    env.run()
    assert ends == pytest.approx([3, 3, 6, 6, 6])  # by thirds; a loop's second callback waits for its first
