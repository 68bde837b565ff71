"""What a machine lacks for a variant: it is told, the model has it with the shipped costs, and nothing else is lost."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulation.docs.rendering import ROOT
from simulation.engines import nginx
from simulation.experiments.command import RESULTS, costs_in
from simulation.experiments.family import Observation
from simulation.experiments.push_vs_pull.family import NO_CACHE, PushVsPull
from simulation.experiments.push_vs_pull.plan import Size
from simulation.experiments.running import FamilyRun, completed, document, held_here, probed
from simulation.experiments.showing import markdown, void
from simulation.provenance import MEASURED, Provenance
from tests.simulation.swept import Lived, record_of, run, swept
from tests.simulation.swept import Size as Made

MACHINE = {"cores": 2, "cpu": "a CPU", "system": "Linux", "python": "3.11", "at": "noon"}
SHIPPED: dict[str, Any] = json.loads((RESULTS / "push_vs_pull.json").read_text())
WITHOUT = """
from simulation.engines import nginx
from simulation.experiments.push_vs_pull.family import PushVsPull
from simulation.cli import main
nginx.SYSTEM = ""  # the one place where it is looked for besides the search path
PushVsPull.variants = ("sse", "segments")  # two that take little time
main()
"""


class Halved(Lived):
    """An experiment of which this machine has a half."""

    lacking: Mapping[str, str] = {"b": "there is no b: buy one"}


def test_it_has_one_void_run_with_the_reason_and_the_others_run_and_answer() -> None:
    family, told = Halved(), list[str]()
    found = asyncio.run(FamilyRun(family, engines=("live",)).finish(told.append))
    assert held_here(family) == ["a"]
    assert told == ["a, repeat 1", "a, repeat 2"]
    assert void(found["observations"]) == ["b, live: there is no b: buy one"]
    assert found["answer"] == "2 runs say so."
    assert "- Void: b, live: there is no b: buy one." in markdown(family, found)
    again = FamilyRun(family, engines=("live",), started={"observations": found["observations"]})
    assert asyncio.run(again.finish(told.append))["observations"] == found["observations"]


def test_who_simulates_alone_is_told_nothing_of_it() -> None:
    costs = {"each_s": 1.0}, Provenance(MEASURED, MACHINE)
    found = asyncio.run(FamilyRun(Halved(Made(per_s=1.0)), engines=("sim",), costs=costs).finish(lambda _: None))
    assert {each["engine"] for each in found["observations"]} == {"sim"}


def test_a_sweep_tells_it_at_each_point() -> None:
    plan = swept(Halved(), "viewers=10,20", engines=("live",))
    points = run(plan, record_of(plan))["points"]
    assert [void(point["observations"]) for point in points] == [["b, live: there is no b: buy one"]] * 2


def test_what_could_not_be_probed_is_as_shipped_and_what_was_is_as_found() -> None:
    found, shipped = {"poll": 1, "bytes": {"poll": 2}}, {"poll": 9, "cache": 3, "bytes": {"poll": 8, "manifest": 4}}
    assert completed(found, shipped) == {"poll": 1, "cache": 3, "bytes": {"poll": 2, "manifest": 4}}


def test_where_costs_are_from_says_what_is_shipped_of_them(tmp_path: Path) -> None:
    made = Provenance(MEASURED, MACHINE, "`b`")
    assert str(made).endswith("at noon; what is missing there for `b` has the shipped ones.")
    assert Provenance.read(made.as_dict()) == made
    assert "shipped" not in Provenance(MEASURED, MACHINE).as_dict()
    (tmp_path / "run.json").write_text(json.dumps({"costs": {}, "calibration": made.as_dict()}))
    assert costs_in(tmp_path / "run.json") == ({}, Provenance(str(tmp_path / "run.json"), MACHINE, "`b`"))


def observed(*engines: str) -> list[Observation]:
    """Runs of the shipped result, of these engines."""
    rows = (Observation(**row) for row in SHIPPED["observations"])
    return [each for each in rows if each.engine in engines]


def without_segments() -> list[Observation]:
    mine = [each for each in observed("live", "sim") if (each.variant, each.engine) != ("segments", "live")]
    return [*mine, Observation("segments", "live", 0, {}, why_void=NO_CACHE)]


def test_without_an_nginx_the_answer_has_segments_of_the_model_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    family = PushVsPull()
    monkeypatch.setattr(nginx, "program", lambda: None)
    assert set(family.variants) - set(held_here(family)) == {"segments", *family.simulated_only}
    made = document(family, without_segments(), None)
    assert "`poll-1s` after" in made["answer"]
    assert "`segments` (simulated) after" in made["answer"]
    assert "10,000,000 viewers the model takes" in made["answer"]
    assert f"- Void: segments, live: {NO_CACHE}." in markdown(family, made)
    family.plot(made, tmp_path / "made.png")
    assert (tmp_path / "made.png").stat().st_size > 0


def test_with_one_nothing_is_lacking_and_all_figures_are_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "program", lambda: "/usr/sbin/nginx")
    assert PushVsPull().lacking == {}
    assert "(simulated)" not in document(PushVsPull(), observed("live", "sim"), None)["answer"]
    assert document(PushVsPull(), observed("live", "sim"), None)["answer"] == SHIPPED["answer"]


def test_an_answer_of_live_runs_alone_leaves_out_what_has_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "program", lambda: None)
    live = [each for each in observed("live") if each.variant != "segments"]
    answer = document(PushVsPull(), live, None)["answer"]
    assert "`poll-1s` after" in answer
    for absent in ("nan", "segments", "the model"):
        assert absent not in answer


@pytest.mark.slow
def test_probes_without_an_nginx_find_all_that_the_model_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "program", lambda: None)
    family = PushVsPull(Size(viewers=8, seconds=3.0, crowd=500))
    costs, source = asyncio.run(probed(family))
    assert costs.keys() == SHIPPED["costs"].keys()
    assert costs["cache"] == SHIPPED["costs"]["cache"]
    assert costs["poll"] != SHIPPED["costs"]["poll"]
    assert source.shipped == "`segments`"
    assert family.simulate("segments", 0, costs).values["requests_per_s"] > 0


@pytest.mark.slow
def test_the_command_does_without_an_nginx(tmp_path: Path) -> None:
    options = ["--engine", "live", "--repeat", "1", "--sweep", "viewers=5", "--sweep", "seconds=3"]
    command = [sys.executable, "-c", WITHOUT, "run", "push_vs_pull", *options, "--json", str(tmp_path / "run.json")]
    environment = {**os.environ, "PATH": str(tmp_path), "COLUMNS": "200"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "apt-get install nginx" in done.stdout
    (point,) = json.loads((tmp_path / "run.json").read_text())["points"]
    assert {row["variant"]: row["why_void"] for row in point["observations"]} == {"sse": "", "segments": NO_CACHE}
