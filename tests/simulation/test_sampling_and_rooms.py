"""The sampling_and_rooms family: which way each measure goes in the model, its answer, and why it is not live."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference_impl.policy.rooms import RoomsConfig
from simulation.experiments.family import Family, Observation
from simulation.experiments.running import document
from simulation.experiments.sampling_and_rooms.family import MEASURES, SamplingAndRooms
from simulation.experiments.sampling_and_rooms.figures import gini, jain, lorenz
from simulation.experiments.sampling_and_rooms.plan import VARIANTS, Crowd, Size, crowd, seats
from simulation.experiments.sampling_and_rooms.sim import show
from simulation.experiments.sampling_and_rooms.sizes import sizes
from simulation.replications import Streams
from simulation.statistics import confidence_interval

SMALL = replace(
    Size(), chats=10, seconds=60.0, viewers=9_000, staff_share=0.02, rooms=RoomsConfig(split_at=300, merge_at=100)
)
FAMILY: Family = SamplingAndRooms(SMALL)
COSTS = sizes(SMALL.trace, SMALL.budget.window_ms)
REPLICATIONS = 5

Modelled = Mapping[str, Sequence[Mapping[str, float]]]


@pytest.fixture(scope="module")
def modelled() -> Modelled:
    return {
        variant: [FAMILY.simulate(variant, repeat, COSTS).values for repeat in range(REPLICATIONS)]
        for variant in VARIANTS
    }


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("uniform", "everything", "bytes_per_s"),
        ("rooms", "everything", "egress_gbit_per_s"),
        ("uniform", "rooms", "anybody_chance_pct"),
        ("uniform", "rooms", "jain"),
        ("rooms", "uniform", "gini"),
        ("rooms", "uniform", "wait_s"),
        ("uniform", "priority", "priority_pct"),
        ("rooms", "rooms-priority", "priority_pct"),
        ("uniform", "priority", "bytes_per_s"),
        ("uniform", "rooms", "seated_pct"),
    ],
)
def test_what_a_sample_priority_and_rooms_change(modelled: Modelled, less: str, more: str, measure: str) -> None:
    """The confidence intervals of the two are apart."""
    low, high = (confidence_interval([each[measure] for each in modelled[name]]) for name in (less, more))
    assert low.mean + low.half_width < high.mean - high.half_width


def test_everything_is_everything_and_priority_too(modelled: Modelled) -> None:
    for each in modelled["everything"]:
        assert (each["viewer_chance_pct"], each["anybody_chance_pct"], each["jain"]) == pytest.approx((100, 100, 1))
    assert all(each["priority_pct"] == pytest.approx(100) for name in ("priority", "rooms-priority")
               for each in modelled[name])  # fmt: skip
    assert all(each["covered_pct"] == 100 for rows in modelled.values() for each in rows)


def test_a_viewer_is_never_shown_more_than_the_budget_but_for_priority(modelled: Modelled) -> None:
    for name in ("uniform", "rooms"):
        assert all(each["shown_per_s"] <= SMALL.budget.per_s * 1.01 for each in modelled[name])
    rate = SMALL.per_s * SMALL.staff_share
    for one, other in zip(modelled["priority"], modelled["uniform"], strict=True):
        assert one["shown_per_s"] - other["shown_per_s"] == pytest.approx(rate, rel=0.4)


def test_rooms_bring_a_given_viewer_no_more_than_one_hall(modelled: Modelled) -> None:
    for rooms, uniform in zip(modelled["rooms"], modelled["uniform"], strict=True):
        assert rooms["viewer_chance_pct"] <= uniform["viewer_chance_pct"] * 1.02


def test_a_comment_is_shown_in_its_authors_room_and_priority_in_all() -> None:
    posted = crowd(SMALL, Streams(1, "rooms", 0))
    found = show(VARIANTS["rooms-priority"], SMALL, posted)
    rooms = found.comments.sum(axis=0)
    assert set(rooms[posted.by_staff]) == {len(found.seats.sizes)}
    assert set(rooms[~posted.by_staff]) == {0, 1}
    at = np.flatnonzero(~posted.by_staff & (rooms == 1))
    assert (found.comments[:, at].argmax(axis=0) == found.seats.homes[posted.authors[at]]).all()


def test_the_rooms_are_those_of_the_policy() -> None:
    found = seats(SMALL.viewers, SMALL.moderators, SMALL.rooms)
    assert found.sizes.sum() == SMALL.viewers
    assert 100 <= found.sizes.min() <= found.sizes.max() <= 300
    assert len(found.homes) == SMALL.viewers


def test_many_chats_at_once_are_one_stream_in_order() -> None:
    posted: Crowd = crowd(SMALL, Streams(1, "crowd", 0))
    assert len(posted) / SMALL.seconds == pytest.approx(SMALL.per_s, rel=0.2)
    assert (np.diff(posted.at_ms) >= 0).all()
    assert 0 <= posted.at_ms.min() <= posted.at_ms.max() < SMALL.seconds * 1000
    assert posted.authors.max() < SMALL.viewers, "authors are viewers, who have a room"


def test_every_author_of_the_default_size_is_a_viewer() -> None:
    assert crowd(Size(), Streams(1, "crowd", 0)).authors.max() < Size().viewers


def test_fairness_between_all_alike_and_all_for_one() -> None:
    alike, one = np.full(10, 0.3), np.eye(10)[0]
    assert (jain(alike), gini(alike)) == pytest.approx((1.0, 0.0))
    assert (jain(one), gini(one)) == pytest.approx((0.1, 0.9))
    assert (jain(np.zeros(4)), gini(np.zeros(4))) == (1.0, 0.0)
    assert lorenz(alike)[:2] == pytest.approx([0.0, 0.02])
    assert lorenz(one)[-6:] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_bytes_are_those_of_the_servers_encoding() -> None:
    assert 200 < COSTS["comment_bytes"] < 400
    assert 80 < COSTS["shed_bytes"] < 160
    assert asyncio.run(FAMILY.probe()) == COSTS


def test_a_repeat_is_the_same_again_and_another_is_not() -> None:
    first, again, other = (FAMILY.simulate("rooms", repeat, COSTS) for repeat in (1, 1, 2))
    assert pickle.dumps(first) == pickle.dumps(again)
    assert first.values.keys() == {measure.name for measure in MEASURES}
    assert first.values != other.values


@pytest.mark.parametrize(("hall", "rooms"), [(1.0, 60.0), (60.0, 1.0)])
def test_the_answer_is_that_of_the_figures(hall: float, rooms: float) -> None:
    values = dict.fromkeys((measure.name for measure in MEASURES), 7.0)
    chances = {"uniform": hall, "rooms": rooms}
    said = FAMILY.answer(
        [Observation(name, "sim", 0, values | {"anybody_chance_pct": chances.get(name, 7.0)}) for name in VARIANTS]
    )
    assert said.count(". ") == 1
    assert f"chance of {hall:.1f}% in one hall and {rooms:.1f}% in rooms" in said


def test_it_is_drawn(tmp_path: Path) -> None:
    made = document(FAMILY, [FAMILY.simulate(name, 0, COSTS) for name in VARIANTS], None)
    FAMILY.plot(made, tmp_path / "rooms.png")  # type: ignore[attr-defined]
    assert (tmp_path / "rooms.png").read_bytes().startswith(b"\x89PNG")


def test_it_says_at_once_why_it_is_not_live() -> None:
    command = [sys.executable, "-m", "simulation.cli", "run", "sampling_and_rooms", "--engine", "both"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "cannot hold sampling_and_rooms live" in done.stderr + done.stdout
    assert "bench display" in done.stderr + done.stdout
    assert "--engine sim" in done.stderr + done.stdout
