"""flash_crowd: its answer's directions in the model, with confidence; the model's room; a small live run."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest

from reference_impl.client import client, stream
from reference_impl.policy.autoscaling import AutoscalingConfig
from reference_impl.policy.connections import SPREAD_S, ConnectionConfig, Crowded
from reference_impl.server import BACKLOG as LISTENING
from simulation.experiments.family import Observation, Pictured
from simulation.experiments.flash_crowd import plan
from simulation.experiments.flash_crowd.family import MEASURES, FlashCrowd
from simulation.experiments.flash_crowd.live import run_live
from simulation.experiments.flash_crowd.measured import Run, busiest
from simulation.experiments.flash_crowd.plan import FLEET, HERE, VARIANTS, Case, Seen, Signal, Size, Times, Variant
from simulation.experiments.flash_crowd.sim import Simulated
from simulation.experiments.running import document
from simulation.model.joining_edges import BACKLOG, JoiningCosts, JoiningEdges
from simulation.model.samples import Numbers
from simulation.statistics import confidence_interval

COSTS = {
    "join_s": 5e-4, "refuse_s": 2e-4, "send_s": 6e-6, "receive_s": 6e-4, "way_s": 5e-3, "start_s": [1.6, 1.8],
    "hop_s": [6e-3, 8e-3, 1e-2],
}  # fmt: skip
# A quarter of the crowd at edges that take a quarter: they are as busy, since all costs are four times as high.
QUARTER = replace(
    FLEET, present=500, crowd=49_500, connections=ConnectionConfig(viewers_max=2_500, joins_per_s=50),
)  # fmt: skip
DEAR = {"join_s": 2e-3, "refuse_s": 8e-4, "send_s": 2.4e-5}
REPLICATIONS = 3
FAMILY = FlashCrowd(far=QUARTER)


def costs(variant: str) -> dict[str, object]:
    return COSTS | DEAR if VARIANTS[variant].fleet else COSTS


@cache
def run(variant: str, repeat: int) -> Run:
    return Simulated(FAMILY.case(variant, repeat), costs(variant)).run()


def values(variant: str, repeat: int) -> dict[str, float]:
    return run(variant, repeat).values()


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("prewarmed", "reactive", "wait_p50_s"),
        ("reactive", "nothing", "wait_p99_s"),
        ("reactive", "nothing", "without_edge"),
        ("prewarmed", "reactive", "refused"),
        ("nothing-open", "nothing", "wait_p99_s"),
        ("reactive", "prewarmed", "edge_s"),
        ("fleet-prewarmed", "fleet-reactive", "wait_p50_s"),
        ("fleet-reactive", "fleet-reactive-cpu", "wait_p50_s"),
        ("fleet-reactive-cpu", "fleet-nothing", "without_edge"),
        ("fleet-prewarmed", "fleet-reactive", "present_p99_ms"),
        ("fleet-nothing", "fleet-nothing-open", "present_p99_ms"),
        ("fleet-reactive", "fleet-prewarmed", "edge_s"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    differences = [values(more, repeat)[measure] - values(less, repeat)[measure] for repeat in range(REPLICATIONS)]
    interval = confidence_interval(differences, 0.95)
    assert interval.mean - interval.half_width > 0


def test_the_same_repeat_gives_the_same_figures_and_all_variants_have_the_same_crowd() -> None:
    assert FAMILY.simulate("reactive", 1, COSTS).values == values("reactive", 1)
    here = [Case(variant, 2).arrivals_s().tolist() for variant in VARIANTS.values() if not variant.fleet]
    assert all(each == here[0] for each in here)
    assert here[0] != Case(VARIANTS["nothing"], 1).arrivals_s().tolist()


@pytest.mark.parametrize("variant", VARIANTS)
def test_whoever_came_is_in_or_counted_as_not_in_and_nobody_who_was_there_misses_anything(variant: str) -> None:
    case, seen = FAMILY.case(variant, 0), run(variant, 0)
    inside = seen.joined_s <= seen.seconds
    assert seen.values()["without_edge"] == np.sum(~inside)
    assert np.all(seen.joined_s[inside] > seen.came_s[inside])
    assert seen.comments[:, 2].sum() == pytest.approx(len(case.posts_s()) * case.size.present)
    assert np.all(seen.comments[:, 1] > 0)


def test_no_edge_lets_in_more_than_its_bounds_say() -> None:
    for variant in ("fleet-nothing", "fleet-reactive-cpu"):
        found = values(variant, 0)
        assert (
            QUARTER.crowd + QUARTER.present - found["without_edge"] <= found["edges"] * QUARTER.connections.viewers_max
        )
    assert values("nothing", 0)["joins_per_s"] <= 2 * HERE.connections.joins_per_s  # a full bucket, and a second


def test_the_cpu_of_an_edge_that_refuses_does_not_tell_how_many_want_to_come_in() -> None:
    seen = Seen(viewers=500, tries_per_s=2_500.0, cpu_share=0.5)
    connections = ConnectionConfig(viewers_max=1_000, joins_per_s=250)
    assert Variant(name="x", signal=Signal.TRIES).load(seen, connections) == 10.0
    assert Variant(name="x", signal=Signal.CPU).load(seen, connections) == 0.5
    assert Variant(name="x", signal=Signal.TRIES).load(replace(seen, tries_per_s=0.0), connections) == 0.5


class Heard:
    """What edges have told."""

    def __init__(self) -> None:
        self.inside: dict[int, float] = {}
        self.outside: dict[int, float] = {}
        self.without_answer: list[int] = []
        self.written_s: list[float] = []
        self.comments: list[list[int]] = []

    def joined(self, viewers: Numbers, at_s: Times) -> None:
        self.inside |= dict(zip(viewers.tolist(), at_s.tolist(), strict=True))

    def refused(self, viewers: Numbers, at_s: Times, crowded: Crowded) -> None:
        assert 0 < crowded.away_s(Random(1)) <= SPREAD_S
        self.outside |= dict(zip(viewers.tolist(), at_s.tolist(), strict=True))

    def unanswered(self, viewers: Numbers, at_s: Times) -> None:
        self.without_answer += viewers.tolist()

    def written(self, comments: Sequence[int], start_s: float, span_s: float, present: int) -> None:
        self.written_s.append(start_s)
        self.comments.append(list(comments))


def edges(heard: Heard, count: int = 1, joins_per_s: int = 2) -> JoiningEdges:
    costs = JoiningCosts(join_s=0.1, refuse_s=0.01, receive_s=0.001, send_s=0.0001)
    return JoiningEdges(count, 1, ConnectionConfig(joins_per_s=joins_per_s), costs, heard, 0.0)


def test_tries_have_their_turn_in_order_and_a_comment_waits_behind_them() -> None:
    heard = Heard()
    group = edges(heard)
    group.come(np.array([1.0, 1.0, 1.0]), np.array([7, 8, 9]))
    group.receive(1.05, 0)
    group.work(2.0)
    assert heard.inside == pytest.approx({7: 1.1, 8: 1.2})
    assert heard.outside == pytest.approx({9: 1.21})
    assert heard.written_s == pytest.approx([1.211])
    assert (group.viewers, group.tries) == (3, 3)


def test_comments_that_wait_are_read_together_and_those_of_a_window_written_at_once() -> None:
    heard = Heard()
    group = edges(heard)
    for number, at_s in enumerate((1.0, 1.002, 1.004, 1.5)):
        group.receive(at_s, number)
    group.work(2.0)
    assert heard.comments == [[0], [1, 2], [3]]
    assert heard.written_s == pytest.approx([1.001, 1.0211, 1.501])


def test_edges_that_are_alike_take_as_many_times_as_much() -> None:
    heard = Heard()
    group = edges(heard, count=2)
    group.come(np.full(5, 1.0), np.arange(5))
    group.work(2.0)
    assert (len(heard.inside), len(heard.outside)) == (4, 1)
    assert max(heard.inside.values()) == pytest.approx(1.2)


def test_who_finds_the_backlog_full_is_not_answered() -> None:
    heard = Heard()
    group = edges(heard)
    group.come(np.full(BACKLOG + 3, 1.0), np.arange(BACKLOG + 3))
    assert heard.without_answer == [BACKLOG, BACKLOG + 1, BACKLOG + 2]


def test_what_begins_later_is_done_later() -> None:
    heard = Heard()
    group = edges(heard)
    group.come(np.array([1.0]), np.array([0]))
    group.work(1.0)
    assert not heard.inside
    group.work(1.01)
    assert heard.inside == pytest.approx({0: 1.1})


def test_the_busiest_second_is_any_second() -> None:
    assert busiest(np.array([0.0, 0.6, 1.2, 1.5, 3.0])) == 3
    assert busiest(np.array([])) == 0


def test_the_model_and_the_clients_go_by_the_same_numbers() -> None:
    assert plan.RECONNECTS == client.RECONNECTS
    assert plan.HELLO_S == stream.HELLO_S
    assert BACKLOG == LISTENING


def test_the_answer_is_two_sentences_and_the_picture_has_both_sizes(tmp_path: Path) -> None:
    observations = [
        Observation(variant, "sim", 0, values(variant, 0), {"series": run(variant, 0).series()}) for variant in VARIANTS
    ]
    assert {measure.name for measure in MEASURES} == observations[0].values.keys()
    said = FAMILY.answer(observations)
    assert said.count(". ") == 1
    assert said.startswith("Of 3,000 viewers")
    assert "Of 50,000 viewers" in said
    here = [each for each in observations if each.variant not in FAMILY.simulated_only]
    assert FAMILY.answer(here).count("Of ") == 1
    assert isinstance(FAMILY, Pictured)
    made = json.loads(json.dumps(document(FAMILY, observations, None)))
    FAMILY.plot(made, tmp_path / "crowd.png")
    assert (tmp_path / "crowd.png").read_bytes().startswith(b"\x89PNG")


SMALL = Size(
    present=4, crowd=60, crowd_s=0.5, seconds=4.0, comments_per_s=10.0,
    connections=ConnectionConfig(per_address_max=10_000, joins_per_s=10),
    autoscaling=AutoscalingConfig(edges_max=2, start_s=1.0), look_s=0.25, shared_core=True,
)  # fmt: skip


@pytest.mark.slow
def test_a_real_crowd_is_refused_and_comes_back_and_an_edge_is_asked_for() -> None:
    seen, _, _ = asyncio.run(run_live(Case(VARIANTS["reactive"], 0, here=SMALL)))
    found = seen.values()
    assert found["lost"] == 0
    assert found["refused"] > 0
    assert len(seen.edges_s) == 2
    assert np.sum(seen.joined_s <= seen.seconds) >= 10
    assert len(seen.comments) == 4 * len(Case(VARIANTS["reactive"], 0, here=SMALL).posts_s())
