"""What all experiments share: comparison, ranking, table, page and picture, from observations made by hand."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulation.docs.rendering import ROOT
from simulation.engines import processes
from simulation.engines.processes import ProcessError
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import show
from simulation.experiments.comparison import compare, ranking
from simulation.experiments.family import Family, Measure, Observation, Sweepable
from simulation.experiments.running import FamilyRun, document
from simulation.experiments.showing import drawn, markdown, plot
from simulation.provenance import Provenance


class Two:
    """Two variants, one measure that tells and one that does not."""

    name = "two"
    question = "Which is faster?"
    size = "Small."
    measures = (Measure("p99_ms", "p99, ms"), Measure("count", "count", 0, tells=False))
    variants = ("a", "b")
    repeats_live = 2
    repeats_sim = 3
    once: tuple[str, ...] = ()
    simulated_only: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def probe(self) -> dict[str, Any]:
        self.asked.append("probe")
        return {"send_s": 0.1}

    async def live(self, variant: str, repeat: int) -> Observation:
        self.asked.append(f"{variant}{repeat}")
        if len(self.asked) > 3:
            raise ProcessError("the machine was switched off")
        return Observation(variant, "live", repeat, {"p99_ms": 10.0, "count": 1.0})

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        raise NotImplementedError("nothing runs here")

    def answer(self, observations: Sequence[Observation]) -> str:
        return f"{len(observations)} runs say so."


def seen(variant: str, engine: Any, *p99s: float, why_void: str = "") -> list[Observation]:
    return [
        Observation(variant, engine, repeat, {"p99_ms": p99, "count": 1.0}, why_void=why_void)
        for repeat, p99 in enumerate(p99s)
    ]


MACHINE = {"cores": 2, "cpu": "a CPU", "system": "Linux", "python": "3.11", "at": "noon"}
OBSERVATIONS = [
    *seen("a", "live", 10, 12), *seen("a", "sim", 11, 11, 20), *seen("b", "live", 20, 24), *seen("b", "sim", 22, 26, 9),
]  # fmt: skip


def test_the_difference_is_that_of_the_repeats_with_the_same_arrivals() -> None:
    cells = {(cell.variant, cell.measure): cell for cell in compare(Two(), OBSERVATIONS)}
    assert cells["a", "p99_ms"].difference == 0  # 11 for 11, and the third replication has no live run beside it
    assert cells["b", "p99_ms"].difference == pytest.approx(24 - 22)
    assert cells["b", "p99_ms"].error == pytest.approx(2 / 22)
    assert cells["b", "p99_ms"].noise == pytest.approx(4 / 22)


def test_one_run_has_no_noise_that_could_be_known() -> None:
    (cell, *_) = compare(Two(), seen("a", "live", 10))
    assert cell.noise is None


def test_pictures_draw_what_tables_say_the_live_median_with_its_range_and_the_models_mean_with_its_interval() -> None:
    cell = compare(Two(), seen("a", "live", 1.0, 2.0, 6.0) + seen("a", "sim", 1.0, 2.0, 6.0))[0].as_dict()
    assert drawn(cell["live"], "live") == (2.0, 1.0, 4.0)
    assert drawn(cell["sim"], "sim") == (3.0, cell["sim"]["half_width"], cell["sim"]["half_width"])
    alone = compare(Two(), seen("a", "sim", 5.0))[0].as_dict()
    assert drawn(alone["sim"], "sim") == (5.0, 0.0, 0.0)


def test_engines_agree_on_the_ranking_where_live_runs_tell_variants_apart() -> None:
    assert ranking(Two(), OBSERVATIONS) == (1, 1)
    turned = [*OBSERVATIONS[:2], *seen("a", "sim", 30, 30), *OBSERVATIONS[5:]]
    assert ranking(Two(), turned) == (0, 1)
    overlapping = [*seen("a", "live", 10, 22), *OBSERVATIONS[2:]]
    assert ranking(Two(), overlapping) == (0, 0)


def test_a_void_run_counts_for_nothing_and_is_kept() -> None:
    whole = [*OBSERVATIONS, *seen("a", "live", 1_000, why_void="the load generator used 90% of its core")]
    made = document(Two(), whole, None)
    assert made["answer"] == "10 runs say so."
    assert len(made["observations"]) == 11
    assert made["comparison"][0]["live"]["most"] == 12


def test_the_page_has_the_question_the_answer_and_a_row_for_each_figure(tmp_path: Path) -> None:
    made = document(Two(), OBSERVATIONS, ({}, Provenance("earlier.json", MACHINE)))
    page = markdown(Two(), made)
    assert page.startswith("**Which is faster?** Small.\n\n10 runs say so.")
    assert "| `b` | p99, ms | 22.0 (20.0-24.0) | 19.0 ±" in page
    assert "Of 1 pairs that live runs tell apart the model ranks 1 alike." in page
    assert page.endswith("Simulated with the costs in earlier.json, of 2 cores of a CPU, Linux, Python 3.11, at noon.")
    assert made["calibration"] == {"source": "earlier.json", "machine": MACHINE}
    plot(Two(), made, tmp_path / "two.png")
    assert (tmp_path / "two.png").read_bytes().startswith(b"\x89PNG")


def test_variants_without_a_run_that_counts_have_no_answer() -> None:
    void = seen("b", "live", 20, why_void="busy")
    made = document(Two(), [*seen("a", "live", 10), *void, *seen("b", "sim", 2)], None)
    assert made["answer"] == "No answer: no run of b counts."


class Overloaded(Two):
    """Whose server climbs its ladder in one variant."""

    async def live(self, variant: str, repeat: int) -> Observation:
        if variant == "b":
            climbed = asyncio.StreamReader()
            climbed.feed_data(b"level=warning event=rung was=full now=no_hints load=1.20\n")
            climbed.feed_eof()
            await asyncio.create_task(processes._forward(climbed, quiet=False))
        return Observation(variant, "live", repeat, {"p99_ms": 10.0, "count": 1.0})


def test_a_run_whose_server_left_things_out_is_marked_where_its_figures_are(capfd: pytest.CaptureFixture[str]) -> None:
    made = asyncio.run(FamilyRun(Overloaded(), engines=("live",)).finish(lambda _: None))
    facts = [(each["variant"], each["facts"]) for each in made["observations"]]
    assert facts == [("a", {}), ("b", {"left_out": ["no_hints"]})] * 2
    assert markdown(Overloaded(), made).count("- Overloaded: b, live: the server left things out (no_hints).") == 1
    show(Overloaded(), made, Console())
    assert "Overloaded: b, live" in capfd.readouterr().out


def test_a_run_that_ended_early_goes_on_where_it_was() -> None:
    first, kept, told = Two(), list[dict[str, Any]](), list[str]()
    with pytest.raises(ProcessError):
        asyncio.run(FamilyRun(first).finish(told.append, kept.append))
    assert first.asked == ["probe", "a0", "b0", "a1"]
    assert told == ["probing what it costs here", "a, repeat 1", "b, repeat 1", "a, repeat 2"]
    assert [len(each["observations"]) for each in kept] == [0, 1, 2]
    second = Two()
    again = FamilyRun(second, started=json.loads(json.dumps(kept[-1])))
    assert (again.steps, again.left) == (3, [("a", 1), ("b", 1)])
    done = asyncio.run(FamilyRun(second, engines=("live",), started=kept[-1]).finish(told.append))
    assert second.asked == ["a1", "b1"]
    assert done["costs"] == {"send_s": 0.1}
    assert len(done["observations"]) == 4


def test_a_variant_that_repeats_itself_runs_once_unless_a_number_is_asked_for() -> None:
    family = Two()
    family.once = ("b",)
    assert FamilyRun(family).left == [("a", 0), ("b", 0), ("a", 1)]
    assert len(FamilyRun(family, repeats=3).left) == 6


def test_a_variant_that_is_too_large_for_this_machine_is_simulated_only() -> None:
    family = Two()
    family.simulated_only = ("b",)
    assert FamilyRun(family).left == [("a", 0), ("a", 1)]
    made = document(family, [*seen("a", "live", 10), *seen("a", "sim", 11), *seen("b", "sim", 2)], None)
    assert made["answer"] == "3 runs say so."
    family.simulated_only = family.variants
    assert FamilyRun(family, repeats=1).left == [("a", 0), ("b", 0)], "`live` is asked, and says why it cannot"


def test_what_cannot_run_live_says_so_before_anything_is_probed() -> None:
    family = Two()
    family.simulated_only = family.variants
    family.asked = ["long ago"] * 3  # so that its first live run fails
    with pytest.raises(ProcessError):
        asyncio.run(FamilyRun(family).finish(lambda _: None))
    assert "probe" not in family.asked


def test_what_is_only_simulated_has_a_row_for_each_variant() -> None:
    made = document(Two(), [*seen("a", "sim", 10, 12), *seen("b", "sim", 20, 24)], None)
    page = markdown(Two(), made)
    assert "| variant | p99, ms | count |\n|---|--:|--:|\n| `a` | 11.0 ± 12.7 | 1 |\n| `b` | 22.0 ± " in page
    assert "difference" not in page


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs cores that a process can be kept to")
def test_the_model_has_all_cores_though_the_process_that_measures_keeps_to_one() -> None:
    code = (
        "import asyncio, os\nfrom simulation.engines import live\nfrom simulation.replications import in_parallel\n"
        "every = os.sched_getaffinity(0)\nlive.pin_self()\nkept = os.sched_getaffinity(0)\n"
        "assert all(each == every for each in asyncio.run(in_parallel(os.sched_getaffinity, [(0,)] * 4)))\n"
        "assert os.sched_getaffinity(0) == kept"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def another(family: Sweepable, size: str) -> tuple[float, Family]:
    """With half of it, or twice as much where that may not be."""
    own = family.sizes[size]
    less = max(1, own // 2) if isinstance(own, int) else own / 2
    try:
        return less, family.sized({size: less})
    except ValueError:
        return 2 * own, family.sized({size: 2 * own})


@pytest.mark.parametrize("name", FAMILIES)
def test_an_experiment_that_can_be_swept_is_the_same_question_at_another_size(name: str) -> None:
    family = FAMILIES[name]()
    if not isinstance(family, Sweepable):
        pytest.skip(f"{name} has one size")
    assert family.sized({}).size == family.size
    for size, own in family.sizes.items():
        changed, other = another(family, size)
        assert isinstance(other, Sweepable)
        assert other.sizes == {**family.sizes, size: changed}
        assert (other.name, other.question, tuple(other.variants)) == (name, family.question, tuple(family.variants))
        assert family.sizes[size] == own


@pytest.mark.parametrize("name", FAMILIES)
def test_every_experiment_asks_one_question_of_several_variants(name: str) -> None:
    family: Family = FAMILIES[name]()
    assert family.name == name
    assert family.question.endswith("?")
    assert family.question.count("?") == 1
    assert len(set(family.variants)) == len(family.variants) >= 2
    assert len({measure.name for measure in family.measures}) == len(family.measures)
    assert set(family.once) <= set(family.variants)
    assert set(family.simulated_only) <= set(family.variants)
