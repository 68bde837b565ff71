"""Closed forms of lessons 5 and 6 against chance itself, and outcomes for whatever was measured."""

import re
from collections import Counter
from pathlib import Path
from random import Random
from statistics import mean

import pytest

from reference_impl.policy.partitioning import hashed
from simulation.course.figures import delivery_guarantees, first_run, hot_partitions
from simulation.docs.findings import Findings
from simulation.experiments.delivery_guarantees.plan import Size

LESSONS = Path(__file__).parents[2] / "lessons"


def test_the_expected_skew_is_that_of_streams_dealt_by_a_hash():
    """Of very many others each partition has an equal part."""
    loads = Counter({hashed("viral") % 5: 0.4})
    for number in range(20_000):
        loads[hashed(f"other {number}") % 5] += 0.6 / 20_000
    assert 5 * max(loads.values()) == pytest.approx(hot_partitions.expected_skew(0.4, 5), rel=0.02)


def test_the_names_of_the_run_are_near_the_expectation():
    expected = hot_partitions.expected_skew(hot_partitions.CASE.viral_share, hot_partitions.CASE.partitions)
    assert hot_partitions.skew_of_these_names() == pytest.approx(expected, rel=0.1)


def tried(lost_share, rng):
    """An author's requests for one comment, and how many of them are stored."""
    requests = stored = 0
    while True:
        requests, drawn = requests + 1, rng.random()
        stored += drawn >= lost_share
        if drawn >= 2 * lost_share:
            return requests, stored


def test_repeats_are_as_many_as_chance_has_it():
    rng, size = Random(1), Size(lost_share=0.2)
    requests, stored = (mean(each) for each in zip(*(tried(0.2, rng) for _ in range(40_000)), strict=True))
    assert requests == pytest.approx(delivery_guarantees.requests_at_least_once(size), rel=0.02)
    assert stored - 1 == pytest.approx(delivery_guarantees.stored_again(size), rel=0.04)


def test_what_at_most_once_loses_is_lost_on_one_of_three_ways():
    nothing = Size(lost_share=0.0, outage_s=0.0, lasts_s=1e12)
    assert delivery_guarantees.lost_at_most_once(nothing) == pytest.approx(0.0)
    assert delivery_guarantees.lost_at_most_once(Size(lost_share=0.3, outage_s=0.0, lasts_s=1e12)) == pytest.approx(0.3)
    assert delivery_guarantees.lost_at_most_once(Size(lost_share=1.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("times", [0.01, 0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize(
    ("figures", "page"),
    [(hot_partitions, "05-hot-partitions.md"), (delivery_guarantees, "06-delivery-guarantees.md")],
)
def test_whatever_is_measured_the_outcome_is_one_of_the_answers(figures, page, times, monkeypatch):
    real = Findings.value
    monkeypatch.setattr(Findings, "value", lambda *of: times * real(*of))
    options = set(re.findall(r"^    - \[ \] (.+)$", (LESSONS / page).read_text(), re.MULTILINE))
    family = "hot_partition" if figures is hot_partitions else "delivery_guarantees"
    outcomes = {name: said for name, said in figures._outcomes(Findings(family)).items() if name.startswith("outcome_")}
    assert len(outcomes) == 4
    assert set(outcomes.values()) <= options


def test_the_first_run_asks_for_what_its_committed_run_answers():
    page = (LESSONS / "first-run.md").read_text()
    options = [
        set(re.findall(r"- \[ \] (\w+)", part))
        for part in page.partition("<details")[0].split("\n1. ")[1].split("\n2. ")
    ]
    found = first_run.figures()
    assert [found[f"outcome_{number}"] in each for number, each in enumerate(options, 1)] == [True, True]
