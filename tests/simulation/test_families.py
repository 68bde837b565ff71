"""What all experiments share: comparison, ranking, table, page and picture, from observations made by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.comparison import compare, ranking
from simulation.experiments.family import Family, Measure, Observation
from simulation.experiments.running import document
from simulation.experiments.showing import markdown, plot


class Two:
    """Two variants, one measure that tells and one that does not."""

    name = "two"
    question = "Which is faster?"
    size = "Small."
    measures = (Measure("p99_ms", "p99, ms"), Measure("count", "count", 0, tells=False))
    variants = ("a", "b")
    repeats_live = 2
    repeats_sim = 3

    async def probe(self) -> dict[str, Any]:
        return {}

    async def live(self, variant: str, repeat: int) -> Observation:
        raise NotImplementedError("nothing runs here")

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        raise NotImplementedError("nothing runs here")

    def answer(self, observations: Sequence[Observation]) -> str:
        return f"{len(observations)} runs say so."


def seen(variant: str, engine: Any, *p99s: float, why_void: str = "") -> list[Observation]:
    return [
        Observation(variant, engine, repeat, {"p99_ms": p99, "count": 1.0}, why_void=why_void)
        for repeat, p99 in enumerate(p99s)
    ]


OBSERVATIONS = [
    *seen("a", "live", 10, 12), *seen("a", "sim", 11, 11, 20), *seen("b", "live", 20, 24), *seen("b", "sim", 22, 26, 9),
]  # fmt: skip


def test_the_difference_is_that_of_the_repeats_with_the_same_arrivals() -> None:
    cells = {(cell.variant, cell.measure): cell for cell in compare(Two(), OBSERVATIONS)}
    assert cells["a", "p99_ms"].difference == 0  # 11 for 11, and the third replication has no live run beside it
    assert cells["b", "p99_ms"].difference == pytest.approx(24 - 22)
    assert cells["b", "p99_ms"].error == pytest.approx(2 / 22)
    assert cells["b", "p99_ms"].noise == pytest.approx(4 / 22)


def test_engines_agree_on_the_ranking_where_live_runs_tell_variants_apart() -> None:
    assert ranking(Two(), OBSERVATIONS) == (1, 1)
    turned = [*OBSERVATIONS[:2], *seen("a", "sim", 30, 30), *OBSERVATIONS[5:]]
    assert ranking(Two(), turned) == (0, 1)
    overlapping = [*seen("a", "live", 10, 22), *OBSERVATIONS[2:]]
    assert ranking(Two(), overlapping) == (0, 0)


def test_a_void_run_counts_for_nothing_and_is_kept() -> None:
    whole = [*OBSERVATIONS, *seen("a", "live", 1_000, why_void="the load generator used 90% of its core")]
    made = document(Two(), whole, {})
    assert made["answer"] == "10 runs say so."
    assert len(made["observations"]) == 11
    assert made["comparison"][0]["live"]["most"] == 12


def test_the_page_has_the_question_the_answer_and_a_row_for_each_figure(tmp_path: Path) -> None:
    made = document(Two(), OBSERVATIONS, {})
    page = markdown(Two(), made)
    assert page.startswith("**Which is faster?** Small.\n\n10 runs say so.")
    assert "| `b` | p99, ms | 22.0 (20.0-24.0) | 22.0 ±" in page
    assert "Of 1 pairs that live runs tell apart the model ranks 1 alike." in page
    plot(Two(), made, tmp_path / "two.png")
    assert (tmp_path / "two.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_experiment_asks_one_question_of_several_variants(name: str) -> None:
    family: Family = FAMILIES[name]()
    assert family.name == name
    assert family.question.endswith("?")
    assert family.question.count("?") == 1
    assert len(set(family.variants)) == len(family.variants) >= 2
    assert len({measure.name for measure in family.measures}) == len(family.measures)
