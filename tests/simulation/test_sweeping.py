"""Sweeps: the points of a grid, live and simulated, an end in the middle, and what is shown of it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulation.engines.processes import ProcessError
from simulation.experiments.fan_out.family import FanOut
from simulation.provenance import SHIPPED, Provenance
from simulation.record import OtherRecordError, Record, begun
from simulation.sweeping.picture import draw, panels
from simulation.sweeping.showing import alike, changing, lines, markdown, missing, void
from simulation.sweeping.sweep import WHY, Sweep, new
from tests.simulation.swept import Lived, Size, record_of, run, swept


@pytest.fixture(scope="module")
def simulated() -> dict[str, Any]:
    """What `SMALL` gives, without an end in the middle."""
    plan = swept(FanOut(), "viewers=10,20", "seconds=1.5")
    return run(plan, record_of(plan))


def test_every_point_has_all_replications_of_every_variant_at_its_size(simulated: dict[str, Any]) -> None:
    assert [point["at"] for point in simulated["points"]] == [
        {"viewers": 10, "seconds": 1.5}, {"viewers": 20, "seconds": 1.5},
    ]  # fmt: skip
    few, many = simulated["points"]
    assert few["size"].startswith("10 viewers")
    seen = [(row["variant"], row["repeat"], row["engine"]) for row in few["observations"]]
    assert sorted(seen) == sorted((variant, repeat, "sim") for variant in FanOut.variants for repeat in (0, 1))
    for one, other in zip(few["observations"], many["observations"], strict=True):
        assert other["values"]["deliveries_per_s"] == pytest.approx(2 * one["values"]["deliveries_per_s"], rel=1e-3)
    assert simulated["finished"]
    assert simulated["calibration"]["source"] == SHIPPED


def test_one_that_ended_goes_on_from_its_file_to_the_same_figures(simulated: dict[str, Any], tmp_path: Path) -> None:
    file, plan = tmp_path / "sweep.json", swept(FanOut(), "viewers=10,20", "seconds=1.5")
    begun_so_far = record_of(plan, file)
    begun_so_far.document["points"][0] = simulated["points"][0]
    begun_so_far.save()
    again, told = record_of(plan, file), list[str]()
    sweep = Sweep(plan, again)
    assert sweep.steps == 1
    asyncio.run(sweep.run(told.append))
    assert told == ["viewers 20, seconds 1.5, simulating"]
    assert json.loads(file.read_text())["points"] == simulated["points"]
    assert again.document["digest"] == simulated["digest"]


def test_another_sweep_or_another_machine_does_not_go_on(tmp_path: Path) -> None:
    file = tmp_path / "sweep.json"
    record_of(swept(Lived(), "viewers=10", engines=("live",)), file).save()
    for other in (
        swept(Lived(), "viewers=20", engines=("live",)),
        swept(Lived(), "viewers=10", engines=("live",), repeats=3),
        swept(Lived(Size(per_s=3.0)), "viewers=10", engines=("live",)),
    ):
        with pytest.raises(OtherRecordError, match=r"sweep\.json holds a sweep that has begun"):
            record_of(other, file)


def test_points_run_live_one_after_the_other_and_what_has_no_room_is_named(tmp_path: Path) -> None:
    plan = swept(Lived(), "viewers=10,1000,20", engines=("live",), repeats=None)
    record, told = record_of(plan), list[str]()
    sweep = Sweep(plan, record)
    assert sweep.steps == 12
    asyncio.run(sweep.run(told.append))
    assert told[:5] == [
        *(f"viewers 10, {each}, repeat {n}" for n in (1, 2) for each in "ab"),
        "viewers 1,000, a, repeat 1",
    ]
    found = record.document
    assert [WHY in point for point in found["points"]] == [False, True, False]
    assert missing(found) == ["live runs at viewers 1,000: no room"]
    assert void(found) == ["viewers 10: b, live: busy", "viewers 20: b, live: busy"]
    shown = {(line[0], line[1]): line[2:] for line in lines(plan.family, found)}
    assert shown["a", "p99, ms"] == ["20.5 (20.0-21.0)", "-", "40.5 (40.0-41.0)"]
    assert shown["b", "p99, ms"] == ["20.0", "-", "40.0"]
    draw(plan.family, plan.axes, found, tmp_path / "lived.png")
    assert (tmp_path / "lived.png").read_bytes().startswith(b"\x89PNG")


def test_with_both_engines_costs_are_probed_once_and_each_point_has_both(tmp_path: Path) -> None:
    plan = swept(Lived(), "viewers=10,20", "per_s=1,2", engines=("live", "sim"))
    record, told = Record(begun(plan.as_dict(), None, new(plan, None), "a sweep"), None), list[str]()
    sweep = Sweep(plan, record)
    assert sweep.steps == 1 + 4 * 4 + 4
    asyncio.run(sweep.run(told.append))
    assert (told[0], len(told)) == ("probing what it costs here", 21)
    assert told[-4:] == [f"viewers {viewers}, per_s {per_s}, simulating" for viewers in (10, 20) for per_s in (1, 2)]
    assert record.document["costs"] == {"each_s": 1.0}
    for point in record.document["points"]:
        assert [row["engine"] for row in point["observations"]] == ["live"] * 4 + ["sim"] * 4
    assert record.document["points"][0]["comparison"][0]["difference"] == pytest.approx(10 - 10.5)
    assert void(record.document)[-1] == (
        "viewers 20, per_s 2: b, sim: the model has no figures at this size: ZeroDivisionError('nobody came')"
    )


def test_an_experiment_that_never_runs_live_says_so_at_once() -> None:
    family = Lived(Size(viewers=1000))
    family.simulated_only = family.variants
    plan = swept(family, "per_s=1", engines=("live",))
    with pytest.raises(ProcessError, match="no room"):
        run(plan, record_of(plan))


def test_a_table_has_both_engines_beside_each_other_and_a_picture_a_panel_for_each(tmp_path: Path) -> None:
    plan = swept(Lived(), "viewers=1,10,100", "per_s=2,3")
    side = {"median": 4.0, "mean": 4.0, "least": 3.0, "most": 5.0, "half_width": 0.5, "runs": 3}
    cells = [
        {
            "variant": variant,
            "measure": "p99_ms",
            "live": side,
            "sim": side,
            "difference": 0.0,
            "error": 0.0,
            "noise": 0.5,
        }
        for variant in ("a", "b")
    ]
    found = new(plan, ({}, Provenance(SHIPPED, {"cores": 2, "cpu": "a CPU", "system": "Linux", "python": "3.11"})))
    for point in found["points"]:
        point["comparison"] = cells
    page = markdown(plan.family, found)
    assert "| variant | measure | viewers 1, per_s 2 | viewers 1, per_s 3 | viewers 10, per_s 2 |" in page
    assert "| `a` | p99, ms | live 4.0 (3.0-5.0), simulated 4.0 ± 0.5 |" in page
    assert "Digest" not in page
    assert markdown(plan.family, found | {"digest": "abc"}).endswith(
        "at a time that was not noted.\nDigest of the simulated figures: `abc`."
    )
    assert [rest for _, rest in panels(plan.family, plan.axes)] == [{"per_s": 2.0}, {"per_s": 3.0}]
    draw(plan.family, plan.axes, found, tmp_path / "grid.png")
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")


def made(variant: str, engine: str, value: float) -> dict[str, Any]:
    """A cell that one engine has."""
    side = {"median": value, "mean": value, "least": value, "most": value, "half_width": None, "runs": 1}
    return {"variant": variant, "measure": "p99_ms", "live": None, "sim": None} | {engine: side}


def shown(*points: list[dict[str, Any]], voids: tuple[str, ...] = ()) -> dict[str, Any]:
    """A sweep that has these cells; live runs of ``voids`` are void at its last point."""
    rows = [
        [{"variant": name, "engine": "live", "why_void": "busy"} for name in voids if at is points[-1]] for at in points
    ]
    at = [{"viewers": number} for number in range(len(points))]
    listed = zip(at, points, rows, strict=True)
    return {"points": [{"at": where, "comparison": cells, "observations": seen} for where, cells, seen in listed]}


def test_variants_that_the_sizes_do_not_touch_are_left_out_and_named() -> None:
    first = [made("a", "sim", 1.0), made("b", "sim", 7.0)]
    found = shown(first, [made("a", "sim", 2.0), made("b", "sim", 7.0)])
    assert changing(Lived(), found) == ["a"]
    assert alike(Lived(), found) == "The same at every point, and left out: b."
    assert [line[0] for line in lines(Lived(), found)] == ["a"]
    for nothing_changes in (shown(first), shown(first, first)):
        assert changing(Lived(), nothing_changes) == ["a", "b"]
        assert alike(Lived(), nothing_changes) == ""


def test_a_void_run_is_there_as_such_and_a_figure_of_one_engine_says_which() -> None:
    both = shown([made("a", "live", 1.0)], [made("a", "sim", 2.0)], voids=("a", "b"))
    assert lines(Lived(), both) == [["a", "p99, ms", "live 1.0", "live void, simulated 2.0"]]
    alone = shown([made("a", "live", 1.0), made("b", "live", 3.0)], [], voids=("a", "b"))
    assert lines(Lived(), alone) == [["a", "p99, ms", "1.0", "void"], ["b", "p99, ms", "3.0", "void"]]


def test_a_page_may_have_some_of_the_measures_and_lists_what_is_void() -> None:
    found = shown([made("a", "live", 1.0)], [], voids=("a",)) | {"question": "Does it live?", "calibration": None}
    page = markdown(Lived(), found, ["p99_ms"])
    assert "| `a` | p99, ms | 1.0 | void |" in page
    assert "- Void: viewers 1: a, live: busy." in page
    assert "p99, ms" not in markdown(Lived(), found, ["count"])
