"""What is told of a result's file before a run begins: a place that cannot be, another's result, a picture's ending."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.command import require_own


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 1, done.output
    assert done.output.count("\n") == 1
    return done.output


@pytest.mark.parametrize(
    "command",
    [
        ["run", "caching", "--engine", "sim"],
        ["run", "caching", "--sweep", "crowd=10"],
        ["run", "quick", "--engine", "sim"],
        ["report", "--quick"],
        ["bench", "fanout"],
    ],
)
@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_a_place_that_cannot_be_written_is_told_at_once(command: list[str], option: str, tmp_path: Path) -> None:
    absent, folder = tmp_path / "absent" / "a.png", tmp_path / "b.png"
    folder.mkdir()
    assert (
        told(*command, option, str(absent))
        == f"livecomments: cannot write {absent}: there is no folder {absent.parent}\n"
    )
    assert told(*command, option, str(folder)) == f"livecomments: cannot write {folder}: it is a folder\n"


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png.txt"])
def test_a_picture_has_an_ending_that_can_be_drawn(name: str) -> None:
    said = told("run", "fan_out", "--engine", "sim", "--plot", name)
    assert said == f"livecomments: --plot: a file that ends in .png, .svg, .pdf, .jpg is allowed, got {name}\n"


def test_where_calibrate_writes_is_asked_before_it_measures(tmp_path: Path) -> None:
    assert "there is no folder" in told("calibrate", str(tmp_path / "absent" / "costs.json"))


@pytest.mark.parametrize(
    ("holds", "what"),
    [
        ({"experiment": "caching"}, "the experiment caching"),
        ({"sweep": "fan_out", "plan": {}, "finished": False}, "the sweep fan_out"),
        ({"scenario": {"name": "quick"}}, "the scenario quick"),
        ({"rows": []}, "something else"),
        ([1], "something else"),
    ],
)
def test_what_another_run_has_found_is_not_written_over(holds: object, what: str, tmp_path: Path) -> None:
    file = tmp_path / "earlier.json"
    file.write_text(before := json.dumps(holds))
    said = told("run", "fan_out", "--engine", "sim", "--json", str(file))
    assert said.startswith(f"livecomments: --json: {file} holds {what}, not the experiment fan_out: ")
    assert file.read_text() == before


def test_neither_does_up(tmp_path: Path) -> None:
    file = tmp_path / "earlier.json"
    file.write_text('{"experiment": "fan_out"}')
    assert "holds the experiment fan_out, not the scenario up" in told("up", "--seconds", "5", "--json", str(file))


def test_ones_own_result_and_an_empty_file_are(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    require_own(None, "experiment", "fan_out")
    require_own(file, "experiment", "fan_out")
    for text in ("", '{"experiment": "fan_out"}'):
        file.write_text(text)
        require_own(file, "experiment", "fan_out")
    file.write_text('{"scenario": {"name": "up"}}')
    require_own(file, "scenario", "up")


def test_costs_of_another_experiment_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "caching.json"
    file.write_text(json.dumps({"experiment": "caching", "costs": {}, "machine": {}}))
    said = told("run", "fan_out", "--engine", "sim", "--calibration", str(file))
    assert "it is one of caching, not of fan_out" in said
