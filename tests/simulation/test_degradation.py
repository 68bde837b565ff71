"""degradation: its answer's directions in the model, with confidence; what is written down; a small live run."""

import asyncio
import json
import pickle
import time
from array import array
from collections.abc import Generator
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
import simpy

from reference_impl.policy.bulkhead import BulkheadConfig
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.degradation import DegradationConfig, LadderConfig, Rung
from simulation.experiments.degradation.family import MEASURES, Degradation
from simulation.experiments.degradation.live import case_for, run_live
from simulation.experiments.degradation.load import IDLE_MAX_S, Sender
from simulation.experiments.degradation.plan import LAG_MAX_MS, VARIANTS, Case, Kind, Request, Size, Step, Variant
from simulation.experiments.degradation.record import Outcome, Record
from simulation.experiments.degradation.requests import case_of, told
from simulation.experiments.degradation.sim import Simulated
from simulation.experiments.degradation.watcher import Watcher
from simulation.model.event_loop import Steps
from simulation.model.guard import Guard
from simulation.statistics import confidence_interval

COSTS = {  # of a machine that is fifteen times slower than one is, so that less happens
    "capacity_per_s": 180.0, "post_s": 1.2e-3, "answer_s": 1.2e-3, "row_s": 5e-5, "commit_work_s": 3e-3,
    "sync_s": 1e-3, "pin_s": 8e-3, "reaction_s": 5e-3, "page_s": 5e-3, "page_read_s": 15e-3, "send_s": 9e-5,
    "comment_s": 3e-6, "slack_s": 7e-4, "limited_s": 1e-3, "read_only_s": 2e-3,
    "crowding": 1.2,
}  # fmt: skip
SMALL = Size(steps=(Step(0.5, 1.0), Step(3.0, 16.0), Step(0.5, 7.0)), viewers=100)
FAMILY = Degradation(SMALL)
REPLICATIONS = 4


class Quick(Variant):
    """A ladder that is climbed by every sample of an overload: the real one's first rungs take longer than a test."""

    @property
    def degradation(self) -> DegradationConfig:
        return DegradationConfig(ladder=LadderConfig(up_after_s=0.0), lag_max_s=LAG_MAX_MS / 1000)


@cache
def simulated(variant: str, repeat: int) -> Record:
    case = Case(
        variant=Quick(name="quick", ladder=True) if variant == "quick" else VARIANTS[variant],
        capacity_per_s=COSTS["capacity_per_s"], repeat=repeat, size=SMALL,
    )  # fmt: skip
    return Simulated(case, COSTS).run()


def values(variant: str, repeat: int) -> dict[str, float]:
    return simulated(variant, repeat).values()


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("ladder", "no-ladder", "hints_per_s"),
        ("no-ladder", "limits", "refused_pct"),
        ("no-ladder", "quick", "refused_pct"),
        ("quick", "no-ladder", "accepted_per_s"),
        ("quick", "no-ladder", "hints_per_s"),
        ("no-ladder", "quick", "recovery_s"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    differences = [values(more, repeat)[measure] - values(less, repeat)[measure] for repeat in range(REPLICATIONS)]
    interval = confidence_interval(differences, 0.95)
    assert interval.mean - interval.half_width > 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_request_ends_and_no_comment_is_lost(variant: str) -> None:
    record = simulated(variant, 0)
    assert len(record.requests) == len(case_for(variant, 0, COSTS["capacity_per_s"], SMALL).schedule())
    assert values(variant, 0)["lost"] == values(variant, 0)["doubled"] == 0
    assert values(variant, 0)["moderated_pct"] == 100


def test_the_ladder_is_climbed_a_rung_at_a_time_and_takes_away_what_its_rungs_say() -> None:
    record = simulated("quick", 0)
    rungs = record.rungs[:, 1]
    assert rungs.max() == Rung.READ_ONLY
    assert set(np.diff(rungs)) <= {-1, 0, 1}
    from_s = record.rungs[rungs >= Rung.NO_HINTS, 0][0]
    assert not np.any((record.sums_s > from_s) & (record.sums_s < SMALL.spans[SMALL.top][1]))
    up_there = record.requests[(record.requests[:, 1] > record.rungs[rungs == Rung.READ_ONLY, 0][0])]
    soon = up_there[up_there[:, 1] < up_there[0, 1] + LadderConfig().down_after_s - 2.0]
    assert not np.any(soon[soon[:, 0] == Kind.POST, 3] == Outcome.DONE)
    assert np.all(soon[soon[:, 0] == Kind.MODERATION, 3] == Outcome.DONE)
    assert simulated("no-ladder", 0).rungs[:, 1].max() == Rung.FULL


def test_a_repeat_is_one_of_its_number_and_the_same_requests_meet_all_variants() -> None:
    again = pickle.loads(pickle.dumps(FAMILY)).simulate("limits", 0, COSTS)
    assert again.values == values("limits", 0)
    assert set(again.values) == {measure.name for measure in MEASURES}
    json.dumps(dict(again.facts), allow_nan=False)
    schedules = [case_for(variant, 1, 50.0, SMALL).schedule() for variant in VARIANTS]
    assert schedules[0] == schedules[1] == schedules[2] != case_for("ladder", 2, 50.0, SMALL).schedule()


def test_the_load_is_as_many_times_the_capacity_as_the_steps_say() -> None:
    size = Size(steps=(Step(0.5, 10.0), Step(3.0, 10.0)))
    requests = [each for each in case_for("ladder", 0, 100.0, size).schedule() if each.kind is not Kind.MODERATION]
    per_s = [sum(begin_s <= each.due_s < end_s for each in requests) / 10 for begin_s, end_s in size.spans]
    assert per_s == pytest.approx([50, 300], rel=0.1)
    assert [size.multiple(at_s) for at_s in (0.0, 9.9, 10.0, 99.0)] == [0.5, 0.5, 3.0, 3.0]


def test_limits_allow_all_authors_together_less_than_the_server_holds() -> None:
    burst, period_s = case_for("limits", 0, 1_000.0, SMALL).rate
    assert 400 * burst / period_s == pytest.approx(0.8 * 0.92 * 1_000)
    assert case_for("ladder", 0, 1_000.0, SMALL).rate[0] >= 1_000_000


def test_a_case_told_to_another_process_is_the_same() -> None:
    case = case_for("limits", 3, 123.0, SMALL)
    assert case_of(json.loads(json.dumps(told(case)))) == case


def record_of(*posts: tuple[float, float, Outcome], seen: int = 0) -> Record:
    """Of two seconds at three times the capacity and two after them."""
    return Record(
        size=Size(steps=(Step(3.0, 2.0), Step(0.5, 2.0))),
        requests=np.array([(Kind.POST, *post) for post in posts]),
        seen=np.array([(number, 0.5, 0.75) for number in range(seen)]).reshape(-1, 3),
        frames_s=np.array([0.5, 1.5, 2.5]),
        sums_s=np.array([1.0]),
        rungs=np.array([(0.5, 0.0), (1.5, 1.0), (2.5, 4.0)]),
    )


def test_figures_are_of_what_was_due_at_the_highest_load() -> None:
    found = record_of(
        (0.5, 0.6, Outcome.DONE), (1.0, 3.5, Outcome.DONE), (1.2, 1.3, Outcome.REFUSED), (1.4, 3.4, Outcome.GIVEN_UP),
        (2.1, 2.7, Outcome.DONE), (2.2, 2.3, Outcome.DONE), seen=4,
    ).values()  # fmt: skip
    assert (found["accepted_per_s"], found["refused_pct"], found["given_up_pct"]) == (1.0, 25.0, 25.0)
    assert (found["frames_per_s"], found["hints_per_s"]) == (1.0, 0.5)
    assert (found["first_rung_x"], found["read_only_x"]) == (3.0, 0.5)
    assert found["recovery_s"] == pytest.approx(0.7)  # the one that was due then, and late
    assert found["seen_p99_ms"] == pytest.approx(250)
    assert (found["lost"], found["doubled"]) == (0.0, 0.0)


def test_a_comment_that_nobody_saw_is_lost() -> None:
    assert record_of((0.5, 0.6, Outcome.DONE), (0.7, 0.8, Outcome.DONE), seen=1).values()["lost"] == 1


def test_a_viewer_reads_the_same_from_pieces_of_any_size() -> None:
    comment = b'event: comment\ndata: {"text":"@@7 1500000000 What a goal!"}\n\n'
    frame = b"5c\r\n" + comment + b"event: reactions\ndata: {}\n\n\r\n"
    stream = b"HTTP/1.1 200 OK\r\n\r\n" + frame * 3

    async def read(size: int) -> dict[str, np.ndarray]:
        watcher = Watcher(b"")
        for at in range(0, len(stream), size):
            watcher.data_received(stream[at : at + size])
        return watcher.found(1.0)

    for size in (1, 2, 7, 50, len(stream)):
        found = asyncio.run(read(size))
        assert found["seen"][:, :2].tolist() == [[7.0, 0.5]] * 3
        assert (len(found["frames_s"]), len(found["sums_s"])) == (3, 3)


def test_a_connection_that_the_server_may_be_about_to_close_is_not_used_again() -> None:
    async def connections_of(idle_s: float) -> int:
        opened, rows = list[asyncio.StreamWriter](), array("d")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened.append(writer)
            while await reader.readline():
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            sender = Sender(Kind.POST, lambda request: b"again\n", rows)
            await sender.open(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 1)
            sender.begin(time.monotonic())
            for number in range(2):
                sender.add(Request(number * idle_s, Kind.POST))
                while len(rows) < 4 * (number + 1):
                    sender.go(number * idle_s)
                    await asyncio.sleep(0.001)
            sender.close()
            for each in opened:
                await each.wait_closed()
        return len(opened)

    assert (asyncio.run(connections_of(IDLE_MAX_S / 2)), asyncio.run(connections_of(2 * IDLE_MAX_S))) == (1, 2)


def test_who_waited_for_a_place_has_it_while_he_is_told() -> None:
    env, began = simpy.Environment(), list[float]()

    def told() -> Steps:
        yield env.timeout(0.5)

    def ask() -> Generator[simpy.Event, Any, bool]:
        began.append(env.now)
        yield env.timeout(0.1)
        return True

    guard = Guard(env, BreakerConfig(), Random(1), BulkheadConfig(in_flight_max=1, waiting_max=9), told=told)
    for _ in range(3):
        env.process(guard.once(ask))
    env.run()
    assert began == pytest.approx([0.0, 0.6, 1.2])


def test_the_answer_says_what_the_figures_say_whatever_they_are() -> None:
    observed = [FAMILY.simulate(variant, 0, COSTS) for variant in VARIANTS]
    said = FAMILY.answer(observed)
    assert said.count(". ") == 1
    assert f"takes {values('ladder', 0)['accepted_per_s']:,.0f} comments/s (without it" in said
    still = [each for each in observed if each.variant != "ladder"]
    idle = FAMILY.simulate("no-ladder", 0, COSTS)
    still.append(type(idle)("ladder", "sim", 0, idle.values))
    assert "with its ladder leaves nothing out, takes" in FAMILY.answer(still)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_a_small_live_run_answers_every_request_and_loses_nothing() -> None:
    size = Size(steps=(Step(0.5, 1.0), Step(3.0, 2.0), Step(0.5, 1.0)), viewers=20)

    def live(variant: str) -> tuple[Record, Case]:
        case = case_for(variant, 0, 60.0, size)
        return asyncio.run(run_live(case))[0], case

    for variant in ("ladder", "limits"):
        record, case = live(variant)
        found = record.values()
        assert len(record.requests) == len(case.schedule())
        assert found["lost"] == found["doubled"] == 0
        assert len(record.rungs)
        posts = record.requests[record.requests[:, 0] == Kind.POST]
        accepted = posts[posts[:, 3] == Outcome.DONE]
        assert len(accepted) == len(record.seen) > 0
        if variant == "limits":
            assert (posts[:, 3] == Outcome.REFUSED).any()
