"""The moderation_budget family: which way each measure goes in the model, its answer, and why it is not live."""

import math
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import simpy

from simulation.calibration import REFERENCE, Calibration
from simulation.experiments.family import Family, Observation
from simulation.experiments.moderation_budget.family import MEASURES, ModerationBudget
from simulation.experiments.moderation_budget.plan import LATENCIES_MS, VARIANTS, WAYS, Size, crowd
from simulation.experiments.moderation_budget.scorer import Scorer
from simulation.experiments.running import document
from simulation.replications import Streams
from simulation.statistics import confidence_interval

SMALL = replace(Size(), seconds=10.0, outage_s=(3.0, 6.0))
FAMILY: Family = ModerationBudget(SMALL)
COSTS = Calibration.load(REFERENCE).as_dict()
REPLICATIONS = 6
ASKED = (
    "patient-5ms", "patient-200ms", "show-5ms", "show-200ms", "hold-200ms", "behind-5ms", "behind-200ms",
    "show-outage", "behind-outage",
)  # fmt: skip

Modelled = Mapping[str, Sequence[Mapping[str, float]]]


@pytest.fixture(scope="module")
def modelled() -> Modelled:
    return {
        variant: [FAMILY.simulate(variant, repeat, COSTS).values for repeat in range(REPLICATIONS)] for variant in ASKED
    }


def difference(modelled: Modelled, more: str, less: str, measure: str) -> float:
    """What the first variant has more of at least, run against run with the same comments, with 99 % confidence."""
    pairs = zip(modelled[more], modelled[less], strict=True)
    interval = confidence_interval([one[measure] - other[measure] for one, other in pairs])
    return interval.mean - interval.half_width


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("patient-5ms", "patient-200ms", "end_to_end_p99_ms"),
        ("behind-200ms", "patient-5ms", "end_to_end_p99_ms"),
        ("show-200ms", "patient-200ms", "end_to_end_p99_ms"),
        ("show-5ms", "show-200ms", "fallback_pct"),
        ("show-200ms", "hold-200ms", "wrongly_held_pct"),
        ("hold-200ms", "show-200ms", "exposure_s"),
        ("behind-200ms", "show-200ms", "exposure_s"),
        ("behind-outage", "show-outage", "fallback_pct"),
        ("show-outage", "behind-outage", "waiting_most"),
    ],
)
def test_what_waiting_costs_and_what_not_waiting_exposes(
    modelled: Modelled, less: str, more: str, measure: str
) -> None:
    assert difference(modelled, more, less, measure) > 0


def test_a_slower_scorer_exposes_more_of_what_is_judged_behind(modelled: Modelled) -> None:
    """As a ratio: an exposure is a few comments that are taken back late, and varies as they do."""
    pairs = zip(modelled["behind-200ms"], modelled["behind-5ms"], strict=True)
    ratio = confidence_interval([math.log(slow["exposure_s"] / fast["exposure_s"]) for slow, fast in pairs])
    assert ratio.mean - ratio.half_width > 0


def test_who_waits_as_long_as_it_takes_sees_nothing_bad_while_the_scorer_keeps_up(modelled: Modelled) -> None:
    for each in modelled["patient-5ms"]:
        assert (each["exposure_s"], each["removed_pct"], each["fallback_pct"], each["left_pct"]) == (0, 0, 0, 0)


def test_a_question_behind_is_asked_until_it_is_answered(modelled: Modelled) -> None:
    assert all((each["fallback_pct"], each["left_pct"]) == (0, 0) for each in modelled["behind-outage"])


def test_a_time_out_bounds_how_long_an_author_waits(modelled: Modelled) -> None:
    timeout_ms = 1000 * WAYS["show"].timeout_s
    assert all(timeout_ms <= each["post_p99_ms"] < timeout_ms + 100 for each in modelled["show-200ms"])


def test_a_repeat_is_the_same_again_and_another_is_not() -> None:
    first, again, other = (FAMILY.simulate("show-50ms", repeat, COSTS) for repeat in (1, 1, 2))
    assert pickle.dumps(first) == pickle.dumps(again)
    assert first.values.keys() == {measure.name for measure in MEASURES}
    assert first.values != other.values


def test_scores_are_right_most_of_the_time() -> None:
    found = crowd(replace(SMALL, seconds=200.0), Streams(1, "scores", 0))
    assert len(found.posts) / 200 == pytest.approx(SMALL.per_s, rel=0.2)
    assert fmean(found.harmful) == pytest.approx(SMALL.harmful_share, abs=0.01)
    assert 0.7 < fmean(found.scores[found.harmful] >= 0.7) < 0.9
    assert fmean(found.scores[~found.harmful] >= 0.7) < 0.01
    assert float(np.median(found.paces)) == pytest.approx(1.0, rel=0.05)
    assert all(one.at_s <= other.at_s for one, other in zip(found.posts, found.posts[1:], strict=False))


@pytest.mark.parametrize(("asked_s", "answered_s"), [(0.0, 0.1), (2.95, 6.05), (3.5, 6.1), (6.0, 6.1), (2.9, 3.0)])
def test_a_scorer_that_stands_still_goes_on_where_it_was(asked_s: float, answered_s: float) -> None:
    env = simpy.Environment(asked_s)
    env.process(Scorer(env, 0.1, (3.0, 6.0)).answer(1.0))
    env.run()
    assert env.now == pytest.approx(answered_s)


def observation(variant: str, p99_ms: float) -> Observation:
    values = dict.fromkeys((measure.name for measure in MEASURES), 1.0) | {"end_to_end_p99_ms": p99_ms}
    return Observation(variant, "sim", 0, values)


@pytest.mark.parametrize(
    ("p99_ms", "within_budget", "within_ideal"),
    [
        (lambda ms: 10 * ms, "up to 100 ms", "up to 50 ms"),
        (lambda ms: 300.0, "up to 200 ms", "up to 200 ms"),
        (lambda ms: 5_000.0 / ms, "up to 200 ms, and", "not even at 5 ms"),
    ],
)
def test_the_answer_is_that_of_the_figures(p99_ms, within_budget: str, within_ideal: str) -> None:  # type: ignore[no-untyped-def]
    said = FAMILY.answer([observation(name, p99_ms(variant.latency_ms)) for name, variant in VARIANTS.items()])
    assert said.count(". ") == 1
    first, _, second = said.partition(" at p99 ")[2].partition(", and within 500 ms ")
    assert within_budget.removesuffix(", and") in first
    assert second.startswith(within_ideal) or within_ideal in second[:45]


def test_it_is_drawn(tmp_path: Path) -> None:
    made = document(FAMILY, [observation(name, 100.0) for name in VARIANTS], None)
    FAMILY.plot(made, tmp_path / "budget.png")  # type: ignore[attr-defined]
    assert (tmp_path / "budget.png").read_bytes().startswith(b"\x89PNG")
    assert {variant.latency_ms for variant in VARIANTS.values()} == set(LATENCIES_MS)


def test_it_says_at_once_why_it_is_not_live() -> None:
    command = [sys.executable, "-m", "simulation.cli", "run", "moderation_budget", "--engine", "both"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "there is no moderation_budget live" in done.stderr + done.stdout
    assert "--engine sim" in done.stderr + done.stdout
