"""What is told of a result's file before a run begins: a place that cannot be, another's result, a picture's ending."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from simulation.cli import COMMANDS, app, loaded
from simulation.command import require_own, writable


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 1, done.output
    assert done.output.count("\n") == 1
    return done.output


FILES = {"--json", "--plot", "--page"}
NEEDED = {"run": ["quick", "--engine", "sim"], "check": ["coalescer"]}


def commands_with_files() -> Iterator[tuple[list[str], str]]:
    """Every command that writes a file which is named for it, and the option that names it."""
    for name in COMMANDS:
        command = loaded(name)
        below = command.commands if isinstance(command, TyperGroup) else {"": command}
        for second, each in below.items():
            words = [*filter(None, (name, second)), *NEEDED.get(name, [])]
            yield from ((words, opt) for param in each.params for opt in param.opts if opt in FILES)


def test_all_that_measure_are_among_them() -> None:
    found = {" ".join(words[:2]) for words, _ in commands_with_files()}
    assert {"up", "theory", "chaos", "report", "run quick", "check coalescer", "bench fanout", "bench sim"} <= found


@pytest.mark.parametrize(("command", "option"), [
    *commands_with_files(), *((["run", "caching", "--sweep", "crowd=10"], each) for each in ("--json", "--plot")),
])  # fmt: skip
def test_a_place_that_cannot_be_written_is_told_at_once(command: list[str], option: str, tmp_path: Path) -> None:
    absent, folder = tmp_path / "absent" / "a.png", tmp_path / "b.png"
    folder.mkdir()
    assert (
        told(*command, option, str(absent))
        == f"livecomments: cannot write {absent}: there is no folder {absent.parent}\n"
    )
    assert told(*command, option, str(folder)) == f"livecomments: cannot write {folder}: it is a folder\n"


@pytest.mark.skipif(sys.platform != "linux", reason="in /proc not even root makes a file")
def test_a_folder_in_which_no_file_can_be_made_is_told_at_once() -> None:
    assert told("theory", "--json", "/proc/a.json").startswith("livecomments: cannot write /proc/a.json: ")


def test_what_can_be_written_is_not_made_before_there_is_something_to_write(tmp_path: Path) -> None:
    assert writable(tmp_path / "later.json") == tmp_path / "later.json"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png.txt"])
def test_a_picture_has_an_ending_that_can_be_drawn(name: str) -> None:
    said = told("run", "fan_out", "--engine", "sim", "--plot", name)
    assert said == f"livecomments: --plot: a file that ends in .png, .svg, .pdf, .jpg is allowed, got {name}\n"


def test_where_calibrate_writes_is_asked_before_it_measures(tmp_path: Path) -> None:
    assert "there is no folder" in told("calibrate", str(tmp_path / "absent" / "costs.json"), "--scenario", "quick")


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
