"""Sweeps: what may be asked for, the points that come of it, an end in the middle, and the same figures everywhere."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.cluster import LOCAL, cluster, differences, versions
from simulation.docs import ROOT
from simulation.engines.processes import ProcessError
from simulation.experiments.command import RESULTS, costs_in
from simulation.experiments.family import Measure, Observation, Sweepable
from simulation.experiments.fan_out.family import FanOut
from simulation.experiments.hot_partition.family import HotPartition
from simulation.experiments.sizes import Resizable
from simulation.provenance import SHIPPED, Provenance
from simulation.record import OtherRecordError, Record, begun
from simulation.sweeping.grid import POINTS_MAX, Axis, SweepError, axes, points
from simulation.sweeping.picture import draw, panels
from simulation.sweeping.showing import lines, markdown, missing, void
from simulation.sweeping.sweep import WHY, Plan, Sweep, new

SMALL = ["--sweep", "viewers=10,20", "--sweep", "seconds=1.5", "--repeat", "2"]
NEEDS_DASK = pytest.mark.skipif(find_spec("distributed") is None, reason="needs Dask: pip install distributed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    viewers: int = 10
    per_s: float = 2.0
    seed: int = 0
    name: str = ""


class Lived(Resizable[Size]):
    """An experiment whose runs are made up; there is no room for more than 100 viewers."""

    name = "lived"
    question = "Does it live?"
    measures = (Measure("p99_ms", "p99, ms"), Measure("count", "count", 0, tells=False))
    variants = ("a", "b")
    repeats_live = 2
    repeats_sim = 3
    once: tuple[str, ...] = ()
    simulated_only: tuple[str, ...] = ()

    def __init__(self, size: Size = Size()) -> None:
        super().__init__(size)

    @property
    def size(self) -> str:
        return f"{self._size.viewers} viewers"

    async def probe(self) -> dict[str, Any]:
        return {"each_s": 1.0}

    async def live(self, variant: str, repeat: int) -> Observation:
        if self._size.viewers > 100:
            raise ProcessError("no room")
        values = {"p99_ms": self._size.viewers * self._size.per_s + repeat, "count": 1.0}
        return Observation(variant, "live", repeat, values, why_void="busy" if variant == "b" and repeat else "")

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        if variant == "b" and self._size.per_s > 1:
            raise ZeroDivisionError("nobody came")
        return Observation(variant, "sim", repeat, {"p99_ms": self._size.viewers * costs["each_s"], "count": 1.0})

    def answer(self, observations: Sequence[Observation]) -> str:
        return f"{len(observations)} runs say so."


def swept(family: Sweepable, *options: str, engines: tuple[str, ...] = ("sim",), repeats: int | None = 2) -> Plan:
    return Plan(family=family, axes=axes(family, options), engines=engines, repeats=repeats)


def record_of(plan: Plan, path: Path | None = None) -> Record:
    costs = costs_in(RESULTS / f"{plan.family.name}.json", SHIPPED) if "sim" in plan.engines else None
    return Record(begun(plan.as_dict(), path, new(plan, costs), "a sweep"), path)


def run(plan: Plan, record: Record) -> dict[str, Any]:
    asyncio.run(Sweep(plan, record).run(lambda _: None))
    return record.document


@pytest.fixture(scope="module")
def simulated() -> dict[str, Any]:
    """What `SMALL` gives, without an end in the middle."""
    plan = swept(FanOut(), "viewers=10,20", "seconds=1.5")
    return run(plan, record_of(plan))


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("viewers=100,1000", (100, 1000)),
        ("viewers=1e3,5e2", (1000, 500)),
        ("viewers=100..10000x10", (100, 1000, 10_000)),
        ("viewers=100..1000x3", (100, 300, 900)),
        ("viewers=7..7x2", (7,)),
        ("per_s=0.5,2", (0.5, 2.0)),
        ("per_s=1..8x2", (1.0, 2.0, 4.0, 8.0)),
    ],
)
def test_values_are_listed_or_a_range(option: str, values: tuple[float, ...]) -> None:
    (axis,) = axes(Lived(), [option])
    assert axis.values == pytest.approx(values)
    assert all(type(value) is (int if axis.name == "viewers" else float) for value in axis.values)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["viewers"], "NAME=VALUE,… or NAME=FROM..TOxFACTOR is allowed"),
        (["viewers="], "got 'viewers='"),
        (["users=3"], r"lived has no 'users'. What may be swept, with its own value: viewers \(10\), per_s \(2\)"),
        (["seed=3"], "has no 'seed'"),
        (["viewers=1.5"], "whole numbers above 0 are allowed, got '1.5'"),
        (["viewers=many"], "got 'many'"),
        (["per_s=0"], "numbers above 0 are allowed, got '0'"),
        (["per_s=inf"], "got 'inf'"),
        (["viewers=10,20,10"], "10 is there twice"),
        (["viewers=10", "viewers=20"], "viewers is swept twice"),
        (["viewers=20..10x2"], r"FROM <= TO and FACTOR > 1 are allowed, got 20..10x2"),
        (["viewers=1..10x1"], "FACTOR > 1"),
        (["per_s=1..1e9x1.001"], "at most 1,000 values are allowed"),
        (
            [f"viewers={','.join(map(str, range(1, 41)))}", f"per_s={','.join(map(str, range(1, 41)))}"],
            "these are 1,600",
        ),
    ],
)
def test_what_cannot_be_swept_is_told_with_what_can(options: list[str], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        axes(Lived(), options)


def test_several_axes_are_a_grid() -> None:
    assert points([Axis("viewers", (1, 2)), Axis("per_s", (3.0, 4.0))]) == [
        {"viewers": 1, "per_s": 3.0}, {"viewers": 1, "per_s": 4.0}, {"viewers": 2, "per_s": 3.0},
        {"viewers": 2, "per_s": 4.0},
    ]  # fmt: skip
    assert POINTS_MAX >= 1_000


@pytest.mark.parametrize(
    ("values", "geometric"),
    [((100, 1000, 10_000), True), ((100, 300, 1000), True), ((4, 2, 1), True), ((1, 2, 3), False), ((1, 100), False)],
)
def test_values_that_multiply_are_drawn_on_a_logarithmic_axis(values: tuple[int, ...], geometric: bool) -> None:
    assert Axis("viewers", values).geometric is geometric


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
    side = {"median": 4.0, "least": 3.0, "most": 5.0, "half_width": 0.5, "runs": 3}
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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["quick", "--sweep", "viewers=10"], "--sweep is for an experiment (fan_out,"),
        (["fan_out", "--dask", "local"], "--dask is for a sweep"),
        (["fan_out", "--sweep", "users=10"], "viewers (300), rate_per_s (50), seconds (4)"),
        (["hot_partition", "--sweep", "viral_share=1.5"], "viral_share must be above 0 and below 1, got 1.5"),
        (["fan_out", "--sweep", f"viewers={','.join(map(str, range(1, 31)))}", "--sweep", "rate_per_s=1..1e9x2",
          "--plot", "all.png"], "at most 60 panels are drawn, and this sweep has 90"),
    ],
)  # fmt: skip
def test_a_sweep_that_cannot_be_is_refused_by_the_command_line(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["run", *arguments])
    assert done.exit_code == 1
    assert told in done.output.replace("\n", " ")


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ProcessError, match="-m pip install distributed"), cluster(LOCAL):
        pass


def test_workers_that_have_other_versions_are_named() -> None:
    here = versions()
    assert {"Python", "numpy", "simpy", "this project"} <= set(here)
    there = {"tcp://a": here, "tcp://b": {**here, "numpy": "0.1"}}
    assert differences(here, there) == [f"tcp://b has numpy 0.1, here it is {here['numpy']}"]


def command(*more: str) -> list[str]:
    return [sys.executable, "-m", "simulation.cli", "run", "fan_out", *more]


@NEEDS_DASK
@pytest.mark.slow
def test_a_cluster_of_two_processes_gives_the_same_digest(simulated: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    done = subprocess.run(
        command(*SMALL, "--dask", LOCAL, "--json", str(file)), cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    assert found["digest"] == simulated["digest"]
    assert found["points"] == json.loads(json.dumps(simulated["points"]))


@NEEDS_DASK
@pytest.mark.slow
def test_an_address_without_a_scheduler_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        command(*SMALL, "--dask", "tcp://127.0.0.1:1"), cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "no Dask scheduler with a worker answers at tcp://127.0.0.1:1" in done.stderr.replace("\n", " ")


@pytest.mark.slow
def test_ctrl_c_shows_what_there_is_and_the_same_command_goes_on(tmp_path: Path) -> None:
    file, picture = tmp_path / "sweep.json", tmp_path / "sweep.png"
    wanted = command("--sweep", "viewers=10,20,30,3000", "--repeat", "3", "--json", str(file), "--plot", str(picture))
    with subprocess.Popen(wanted, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as first:
        deadline_s = time.monotonic() + 60
        while "comparison" not in (file.read_text() if file.exists() else "") and time.monotonic() < deadline_s:
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=60)
    assert first.returncode == 130, said
    assert "of 4 points" in said
    assert "Traceback" not in said
    kept = json.loads(file.read_text())
    assert not kept["finished"]
    done = subprocess.run(wanted, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert "Going on with what" in done.stdout
    whole = json.loads(file.read_text())
    ready = [point for point in kept["points"] if "comparison" in point]
    assert ready == whole["points"][: len(ready)]
    assert whole["digest"] in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_size_is_read_and_changed_by_name() -> None:
    family = HotPartition()
    assert "seed" not in family.sizes
    assert "strategy" not in family.sizes
    assert family.sized({"viral_share": 0.9}).case("by_stream", 3) == replace(
        family.case("by_stream", 3), viral_share=0.9
    )
