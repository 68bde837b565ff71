"""What experiments answer: published runs as they did, and no difference that runs do not show."""

import json
import re
from dataclasses import replace
from math import isnan

import pytest

from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.comparison import compare, ranking
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middle, not_shown, shows
from simulation.experiments.running import RESULTS

MEASURES = (Measure("p99_ms", "p99, ms"),)
WORDS_MAX = 80  # of an answer


def seen(variant: str, *p99s: float) -> list[Observation]:
    return [Observation(variant, "live", repeat, {"p99_ms": p99}) for repeat, p99 in enumerate(p99s)]


@pytest.mark.parametrize(
    ("less", "more", "shown"),
    [
        ([10, 12], [20, 24], True),
        ([10, 21], [20, 24], False),  # their ranges overlap
        ([20, 24], [10, 12], False),  # it is the other way round
        ([100], [105], False),  # within what one run cannot tell from noise
        ([100], [150], True),
        ([1912], [2006], False),
        ([], [10], False),
        ([0], [0], False),
    ],
)
def test_a_difference_is_shown_by_runs_that_are_clearly_apart(
    less: list[float], more: list[float], shown: bool
) -> None:
    observed = [*seen("a", *less), *seen("b", *more)]
    assert shows(observed, "p99_ms", "a", "b") is shown
    said = [] if shown or not less else ["These runs do not show that `a` is below `b` by p99, ms."]
    assert not_shown(observed, MEASURES, [("p99_ms", "a", "b")]) == said


def published(name: str) -> tuple[list[Observation], str]:
    """The runs of an experiment's published result that count, and its answer."""
    found = json.loads((RESULTS / f"{name}.json").read_text())
    return [Observation(**row) for row in found["observations"] if not row["why_void"]], found["answer"]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_published_answer_is_what_the_published_runs_say(name: str) -> None:
    observations, answer = published(name)
    assert FAMILIES[name]().answer(observations) == answer
    assert "not show" not in answer


@pytest.mark.parametrize("name", FAMILIES)
def test_the_published_answer_is_two_sentences_and_no_longer_than_one_reads_at_once(name: str) -> None:
    _, answer = published(name)
    assert len(re.split(r"(?<=\.) (?=[A-Z`])", answer)) == 2
    assert len(answer.split()) <= WORDS_MAX


def test_an_answer_has_the_figures_of_the_table_below_it() -> None:
    """There live runs have their median, and the model's the mean that its interval is around."""
    live = seen("a", 10, 20, 60)
    assert middle(live, "a", "p99_ms") == 20
    assert middle([replace(each, engine="sim") for each in live], "a", "p99_ms") == 30
    assert isnan(middle(live, "b", "p99_ms"))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_published_table_is_what_the_published_runs_say(name: str) -> None:
    document, family = json.loads((RESULTS / f"{name}.json").read_text()), FAMILIES[name]()
    observations = [Observation(**row) for row in document["observations"]]
    assert [cell.as_dict() for cell in compare(family, observations)] == document["comparison"]
    alike, pairs = ranking(family, observations)
    assert repr(document["ranking"]) == repr({"alike": alike, "pairs": pairs})  # whole numbers are told as such


@pytest.mark.parametrize(
    ("name", "measure", "one", "other", "said", "unsaid"),
    [
        ("hot_partition", "cold_p99_ms", "by_stream", None, "These runs show no strategy that", "hot_split keeps"),
        (
            "backpressure", "fast_p99_ms", "everybody_admitted", "authors_limited",
            "do not show that it helps to limit each author", "limit each author: viewers wait 257 ms at p99, not 2",
        ),
        (
            "consumer_groups", "lag_p99_ms", "dead", "slow",
            "these runs do not show which is the worse", "one is the worse",
        ),
        ("failover", "peak_joins", "edge", "edge-no-jitter", "`edge` is below `edge-no-jitter` by most joins", ""),
        ("caching", "late_pct", "silent", "silent-no-breaker", "is below `silent-no-breaker` by pages later", ""),
    ],
)  # fmt: skip
def test_an_answer_claims_no_difference_that_its_runs_do_not_show(
    name: str, measure: str, one: str, other: str | None, said: str, unsaid: str
) -> None:
    """``one`` and ``other`` (None: all) have the same figure, as on a machine that is too busy to tell them apart."""
    observations, _ = published(name)
    alike = [
        replace(each, values={**each.values, measure: 2_000.0})
        if each.variant in (one, other or each.variant)
        else each
        for each in observations
    ]
    answer = FAMILIES[name]().answer(alike)
    assert said in answer
    assert not unsaid or unsaid not in answer
