"""consumer_groups: its answer's directions in the model, with confidence; leases and fences; a small live run."""

import asyncio
import pickle
import shutil
from collections.abc import Generator, Sequence
from functools import cache
from typing import Any

import pytest
import simpy

from reference_impl.policy.lease import LeaseConfig
from reference_impl.working import WorkerConfig
from simulation.engines.processes import ProcessError
from simulation.experiments.consumer_groups.family import MEASURES, ConsumerGroups
from simulation.experiments.consumer_groups.live import run_live
from simulation.experiments.consumer_groups.plan import DEAD, JOINS, SLOW, STOPPED, UNFENCED, VARIANTS, Case, Size
from simulation.experiments.consumer_groups.record import Effect, Look, Record
from simulation.experiments.consumer_groups.started import case_as_json, case_in
from simulation.experiments.failover import fleet
from simulation.experiments.running import document
from simulation.model.event_loop import EventLoop
from simulation.model.working import BATCH_MAX, IDLE_S, Hold, Piece, Worker, WorkQueue
from simulation.statistics import confidence_interval

COSTS = {
    "hold_s": [0.001], "add_s": [0.0004], "take_s": [0.0006, 0.0008], "done_s": [0.0005], "enter_s": [0.0003],
    "write_s": [0.002, 0.003], "row_s": [0.00002], "late_s": [0.0006],
}  # fmt: skip
REPLICATIONS = 6
FAMILY = ConsumerGroups()


@cache
def values(variant: str, repeat: int) -> dict[str, float]:
    return dict(FAMILY.simulate(variant, repeat, COSTS).values)


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("4x2", "4x1", "lag_p99_ms"),
        ("4x2", "1x1", "backlog_most"),
        ("2x4", "4x4", "fairness"),
        (DEAD, SLOW, "lag_p99_ms"),
        (SLOW, DEAD, "unowned_pct"),
        (STOPPED, UNFENCED, "doubled"),
        (UNFENCED, STOPPED, "refused"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    """By intervals that do not overlap."""
    low, high = (
        confidence_interval([values(variant, repeat)[measure] for repeat in range(REPLICATIONS)], 0.95)
        for variant in (less, more)
    )
    assert low.mean + low.half_width < high.mean - high.half_width


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_work_takes_effect_and_behind_a_fence_once(variant: str) -> None:
    runs = [values(variant, repeat) for repeat in range(REPLICATIONS)]
    assert {each["lost"] for each in runs} == {0}
    assert (sum(each["doubled"] for each in runs) > 0) == (variant == UNFENCED)


def test_a_dead_workers_part_has_nobody_until_its_lease_is_over_and_a_heartbeat_comes() -> None:
    size = Size()
    for repeat in range(REPLICATIONS):
        without_s = values(DEAD, repeat)["unowned_pct"] / 100 * size.after_s * VARIANTS[DEAD].partitions
        assert size.lease.lease_s - size.lease.heartbeat_s <= without_s
        assert without_s <= size.lease.lease_s + size.lease.heartbeat_s + 0.2


def test_one_who_joins_has_half_of_the_partitions_within_two_heartbeats() -> None:
    size = Size()
    for repeat in range(REPLICATIONS):
        found = values(JOINS, repeat)
        assert found["fairness"] > 0.8
        assert 0 < found["unowned_pct"] / 100 * size.after_s < size.lease.heartbeat_s


def test_a_repeat_is_the_same_again_and_another_is_not() -> None:
    first, again, other = (FAMILY.simulate(STOPPED, repeat, COSTS) for repeat in (1, 1, 2))
    assert pickle.dumps(first) == pickle.dumps(again)
    assert first.values.keys() == {measure.name for measure in MEASURES}
    assert first.values != other.values


def test_both_engines_have_the_same_work_and_worker_processes_are_told_it() -> None:
    case = FAMILY.case(STOPPED, 3)
    assert case_in(case_as_json(case)) == case
    assert case.arrivals() == FAMILY.case(DEAD, 3).arrivals() != FAMILY.case(DEAD, 4).arrivals()
    assert {case.partition(user) for _, user in case.arrivals()} == {0, 1, 2, 3}


def test_the_model_and_the_servers_workers_go_by_the_same_numbers() -> None:
    assert (WorkerConfig().batch_max, WorkerConfig().idle_s) == (BATCH_MAX, IDLE_S)


def test_the_answer_says_which_is_worse_whatever_the_figures_are(tmp_path: Any) -> None:
    seen = [FAMILY.simulate(variant, 0, COSTS) for variant in VARIANTS]
    said = FAMILY.answer(seen)
    assert said.count(". ") == 1
    assert "the slow one is the worse" in said
    swapped = [
        type(each)(
            {SLOW: DEAD, DEAD: SLOW}.get(each.variant, each.variant), each.engine, 0, each.values, each.facts
        )
        for each in seen
    ]  # fmt: skip
    assert "the dead one is the worse" in FAMILY.answer(swapped)
    FAMILY.plot(document(FAMILY, seen, None), tmp_path / "groups.png")
    assert (tmp_path / "groups.png").read_bytes().startswith(b"\x89PNG")


def record(effects: Sequence[Effect], looks: Sequence[Look], variant: str = DEAD) -> Record:
    return Record(
        case=Case(VARIANTS[variant], 0), added_s=[0.0, 1.0, 2.0], effects=effects, begun={0: 1, 1: 2, 2: 1},
        refused=1, looks=looks, befell_s=1.0,
    )  # fmt: skip


def test_a_record_counts_what_was_done_again_doubled_or_lost() -> None:
    twice = [Effect(0, 0, 0.1), Effect(1, 1, 3.0), Effect(1, 2, 3.5)]
    found = record(twice, [Look(0.0, 7, [0, 1, 2, 3])]).values()
    assert (found["again"], found["refused"], found["doubled"], found["lost"]) == (1, 1, 1, 1)
    assert (found["backlog_most"], found["recovery_s"]) == (7, pytest.approx(2.0))
    assert found["lag_p50_ms"] == pytest.approx(1050)


def test_a_part_that_a_dead_worker_has_by_its_lease_is_nobodys() -> None:
    looks = [Look(0.5, 0, [-1, -1, -1, -1]), Look(1.5, 0, [0, 1, 2, 3]), Look(3.0, 0, [-1, 1, 2, 3])]
    assert record([Effect(0, 1, 0.1)], looks).values()["unowned_pct"] == pytest.approx(25)
    assert record([Effect(0, 1, 0.1)], looks, SLOW).values()["unowned_pct"] == pytest.approx(12.5)


class World:
    """Two workers on one part, whose work takes a second; ``done`` tells whose it was."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.queue = WorkQueue(1, LeaseConfig(lease_s=1.5, heartbeat_s=0.5))
        self.loops = [EventLoop(self.env) for _ in range(2)]
        self.done: list[tuple[str, int]] = []
        for number, loop in enumerate(self.loops):
            Worker(loop, f"{number}", self.queue, self._handler(loop), 0.1 * number)

    def _handler(self, loop: EventLoop) -> Any:
        def handle(hold: Hold, pieces: Sequence[Piece]) -> Generator[simpy.Event, Any, bool]:
            yield self.env.timeout(1.0)
            yield from loop.run(0.0)
            self.done.append((hold.lease.holder, len(pieces)))
            return not hold.is_over()

        return handle


def test_what_a_killed_worker_had_taken_the_next_one_does() -> None:
    world = World()
    world.queue.add(0, 0.0)
    world.env.run(until=0.5)
    world.loops[0].kill()
    world.env.run(until=5.0)
    assert (world.done, world.queue.backlog) == ([("1", 1)], 0)


def test_a_stopped_workers_late_hand_forgets_nothing_that_is_anothers() -> None:
    world = World()
    world.queue.add(0, 0.0)
    world.env.run(until=0.5)
    world.loops[0].stop()
    world.env.run(until=2.3)  # the other has taken it, and is not done
    world.loops[0].resume()
    world.env.run(until=2.4)
    assert (world.done, world.queue.backlog) == ([("0", 1)], 1)
    world.env.run(until=6.0)
    assert (world.done, world.queue.backlog) == ([("0", 1), ("1", 1)], 0)


def test_without_any_redis_it_is_said_where_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(fleet, "find_spec", lambda _: None)
    with pytest.raises(ProcessError, match="apt-get install redis-server"):
        asyncio.run(run_live(FAMILY.case("1x1", 0)))


@pytest.mark.slow
def test_a_live_run_does_all_work_and_none_twice_though_a_worker_is_stopped_and_wakes() -> None:
    # A batch takes long enough to be stopped in on a busy machine, too, and the stop to be done by others meanwhile.
    short = Size(
        per_s=10.0, piece_s=0.2, before_s=0.5, after_s=5.0, stopped_s=4.0,
        lease=LeaseConfig(lease_s=0.6, heartbeat_s=0.2),
    )  # fmt: skip
    seen = asyncio.run(ConsumerGroups(short).live(STOPPED, 0))
    assert seen.values.keys() == {measure.name for measure in MEASURES}
    assert (seen.values["doubled"], seen.values["lost"]) == (0, 0)
    assert seen.values["refused"] > 0
    assert seen.values["unowned_pct"] > 0
