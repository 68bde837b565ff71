"""The hot partition: the model keeps what it is given, decides as the server, and says what a viral stream costs."""

import asyncio
import pickle
from collections import defaultdict
from dataclasses import replace

import pytest

from reference_impl.policy.partitioning import home
from simulation.experiments.hot_partition import family, probe
from simulation.experiments.hot_partition.family import HotPartition
from simulation.experiments.hot_partition.plan import VIRAL, Case, Scheduled, page_end, schedule
from simulation.experiments.hot_partition.sim import Simulated
from simulation.model.partition_costs import PartitionCosts, total
from simulation.statistics import confidence_interval

COSTS = {
    "claim": [0.0006, 0.00004],
    "home": [0.0011, 0.00023, 0.00003, 0.00003],
    "away": [0.0007, 0.0003, 0.00006],
    "append": [0.0003, 0.00003],
    "look": [0.00015, 0.00003],
    "handover_s": 0.0,
    "waits_s": [0.0003, 0.0004],
    "pages_s": {str(asked): [0.001 * asked, 0.0012 * asked] for asked in (1, 2, 3, 4)},
}
FAMILY = HotPartition()


def simulated(variant, **changes):
    model = Simulated(replace(Case(strategy=variant, seed=1), **changes), PartitionCosts.read(COSTS))
    return model, model.run()


@pytest.fixture(scope="module")
def observations():
    """Replications of every variant, by variant."""
    return {each: [FAMILY.simulate(each, repeat, COSTS) for repeat in range(4)] for each in FAMILY.variants}


def difference(observations, measure, one, other):
    """Of the same comments in two variants, with 95% confidence: below and above."""
    pairs = zip(observations[one], observations[other], strict=True)
    interval = confidence_interval([a.values[measure] - b.values[measure] for a, b in pairs], 0.95)
    return interval.mean - interval.half_width, interval.mean + interval.half_width


def test_splitting_the_hot_stream_alone_spares_everybody_the_wait(observations):
    for other in ("by_stream", "by_time", "by_user", "by_comment"):
        for measure in ("append_p99_ms", "cold_p99_ms"):
            assert difference(observations, measure, "hot_split", other)[1] < 0, (measure, other)


def test_moving_the_hot_partition_about_makes_it_worse(observations):
    assert difference(observations, "append_p99_ms", "by_time", "by_stream")[0] > 0
    assert difference(observations, "most_per_s", "by_time", "by_stream")[1] < 0


def test_only_a_strategy_that_spreads_every_stream_makes_readers_of_small_ones_pay(observations):
    asked = {variant: some[0].values["cold_page_partitions"] for variant, some in observations.items()}
    assert asked["by_stream"] == asked["hot_split"] == 1
    assert min(asked["by_user"], asked["by_comment"], asked["by_time"]) > 2
    assert observations["hot_split"][0].values["viral_page_partitions"] > 3


def test_the_answer_names_the_variant_and_its_figures(observations):
    answer = FAMILY.answer([each for some in observations.values() for each in some])
    assert answer.startswith("hot_split keeps")
    assert answer.count(". ") == 1
    assert answer.endswith(".")


@pytest.mark.parametrize("variant", FAMILY.variants)
def test_every_comment_is_stored_once_where_the_strategy_said_and_streams_have_no_holes(variant):
    model, _ = simulated(variant, seconds=2.0, backlog=300)
    stored = [(number, each) for number, one in enumerate(model.log.partitions) for each in one.stored]
    assert len(stored) == len({each.draft.id for _, each in stored}) == len(model.come) + len(model.late)
    assert all(number == each.partition for number, each in stored)
    places = defaultdict(list)
    for _, each in stored:
        places[each.draft.stream].append(each.seq)
        assert each.answered_s > each.due_s
    for name, seqs in places.items():
        assert sorted(seqs) == list(range(1, len(seqs) + 1)), name


@pytest.mark.parametrize("variant", FAMILY.variants)
def test_nobody_is_answered_before_all_before_him_is_stored(variant):
    model, _ = simulated(variant, seconds=1.0, backlog=1)
    viral = sorted((each for each in model.come if each.draft.stream == VIRAL), key=lambda each: each.seq)
    stored_s = 0.0
    for each in viral:
        stored_s = max(stored_s, each.stored_s)
        assert each.answered_s >= stored_s


def test_the_same_seed_gives_the_same_figures_and_another_one_others():
    first, again = (FAMILY.simulate("hot_split", 3, COSTS) for _ in range(2))
    assert first == again
    assert FAMILY.simulate("hot_split", 4, COSTS).values != first.values
    assert pickle.loads(pickle.dumps(FAMILY)).simulate("hot_split", 3, COSTS) == first


def test_a_lone_comment_takes_its_three_steps():
    model, _ = simulated("by_comment", per_s=1e-9, backlog=1, row_us=1000.0)
    (only,), costs = model.late, PartitionCosts.read(COSTS)
    away = only.partition != home(only.draft.stream, 4)
    cpu_s = total(costs.append, 1) + total(costs.claim, 1) + total(costs.home, 1, 1 - away, int(away))
    rows = 1 + 2  # the key; the stream's head, and the comment or its range
    if away:
        cpu_s, rows = cpu_s + total(costs.away, 1, 1), rows + 2  # the comment, and a row for the stream
    took_s = only.answered_s  # the backlog came at once, since nothing was before it
    transactions = 2 + away
    assert min(COSTS["waits_s"]) <= (took_s - cpu_s - rows / 1000) / transactions <= max(COSTS["waits_s"])


def test_both_engines_get_comments_that_the_seed_alone_makes():
    case = Case(strategy="by_stream", seed=5)
    assert schedule(case) == schedule(case)
    assert schedule(case) != schedule(replace(case, seed=6))
    come, backlog = schedule(case)
    assert len(come) == pytest.approx(case.per_s * case.end_s, rel=0.05)
    assert sum(each.draft.stream == VIRAL for each in come) / len(come) == pytest.approx(0.6, abs=0.03)
    assert len(backlog) == case.backlog
    assert [each.due_s for each in come] == sorted(each.due_s for each in come)


def test_a_strategy_goes_by_the_schedules_time():
    placed = Scheduled(Case(strategy="by_time", seed=0))
    places = set()
    for bucket in range(8):
        placed.at_s = bucket * 1.5
        places.add(placed.place(VIRAL, "", "", at_s=1e9))
    assert len(places) > 2


@pytest.mark.parametrize(("share", "end"), [(0.0, 50), (0.999, 200)])
def test_a_page_ends_where_there_is_a_whole_one(share, end):
    assert page_end(share, 200, 50) == end
    assert page_end(share, 10, 50) == 10


def test_a_fitted_cost_is_never_below_zero():
    samples = [(1, size, 2.0 + 0.5 * size) for size in (1, 4, 16)]
    assert probe.fit(samples) == pytest.approx([2.0, 0.5])
    falling = [(1, size, 2.0 - 0.1 * size) for size in (1, 4, 16)]
    assert probe.fit(falling) == pytest.approx([1.3, 0.0])


class Small(HotPartition):
    def __init__(self, case):
        self._case = case

    def case(self, variant, repeat):
        return self._case


@pytest.mark.alone
@pytest.mark.slow
def test_a_small_live_run_gives_every_figure(monkeypatch):
    monkeypatch.setattr(family, "SENDING_MAX", 1.0)  # a busy machine is no fault of the experiment's
    case = Case(strategy="hot_split", seed=1, streams=8, per_s=150.0, seconds=1.0, backlog=50, pages=10)
    small = Small(case)
    seen = asyncio.run(small.live("hot_split", 1))
    assert not seen.why_void
    assert set(seen.values) == {each.name for each in FAMILY.measures}
    assert 1 <= seen.values["skew"] <= 4
    assert 0 <= seen.facts["sending_share"] <= 1
    _, expected = simulated("hot_split", streams=8, per_s=150.0, seconds=1.0, backlog=50, pages=10)
    assert expected.values()["skew"] == seen.values["skew"]
