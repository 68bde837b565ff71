"""The command line: what it lists is what there is, and nothing is imported that is not needed."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulation.bench.fanout import SERVERS
from simulation.bench.partitions import STRATEGIES
from simulation.calibration import REFERENCE
from simulation.chaos.faults import FAULTS
from simulation.cli import COMMANDS, app, loaded
from simulation.docs.rendering import ROOT
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import costs_in
from simulation.provenance import Provenance
from simulation.scenario import named

HEAVY = "aiohttp fastapi joblib matplotlib numpy pydantic simpy sqlalchemy uvicorn"


def said(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}).output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_first_line_of_its_own_help(name: str) -> None:
    assert loaded(name).help.splitlines()[0] == COMMANDS[name].says
    assert COMMANDS[name].says.replace("`", "") in said("--help")


def test_help_names_every_command_and_a_commands_own_help_its_options() -> None:
    assert "--window-ms" in said("up", "--help")
    assert "partitions" in said("bench", "--help")
    assert "--runs" in said("bench", "partitions", "--help")


def test_an_unknown_command_is_told_with_what_is_near() -> None:
    done = CliRunner().invoke(app, ["reprot"], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "Did you mean 'report'" in done.output


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["run", "backpresure"], "backpressure"),
        (["run", "quik"], "quick"),
        (["learn", "coalescr"], "coalescer"),
        (["check", "coalescr"], "coalescer"),
    ],
)
def test_an_unknown_name_is_told_with_what_is_near(arguments: list[str], near: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert f"{arguments[1]!r}. Did you mean {near!r}? " in done.output


def test_the_help_of_run_names_every_experiment_and_every_scenario() -> None:
    text = " ".join(loaded("run").help.split())
    assert f"Experiments: {', '.join(FAMILIES)}." in text
    assert f"Scenarios: {', '.join(named())}." in text


@pytest.mark.parametrize(
    ("words", "names"),
    [(["bench", "fanout"], SERVERS), (["bench", "partitions"], STRATEGIES), (["chaos"], FAULTS)],
)
@pytest.mark.parametrize("columns", ["80", "100", "120"])
def test_what_may_be_chosen_is_listed_whole_however_narrow_the_screen(
    words: list[str], names: Sequence[str], columns: str
) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": columns}).output
    assert "…" not in shown
    text = " ".join(shown.replace("│", " ").split())
    assert f"of {', '.join(names)}." in text


@pytest.mark.parametrize("words", [[], ["up"], ["bench"], ["bench", "fanout"], ["serve"]])
def test_help_has_a_short_name_everywhere(words: list[str]) -> None:
    assert said(*words, "-h") == said(*words, "--help")
    assert "Usage:" in said(*words, "-h")


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert said("--version") == f"{project['name']} {project['version']}\n"


def imported(code: str) -> set[str]:
    """Which of the heavy packages a piece of code has imported when it is done."""
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*({HEAVY!r}.split() & sys.modules.keys()))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(found.stdout.split("\n")[-2].split())


def test_help_imports_nothing_heavy() -> None:
    shown = "from simulation.cli import app\napp(['--help'], standalone_mode=False)"
    assert imported(shown) == set()


@pytest.mark.parametrize("name", ["learn", "check", "docs", "notebooks", "chaos", "theory", "up", "report"])
def test_only_who_serves_waits_for_the_servers_packages(name: str) -> None:
    assert not imported(f"import {COMMANDS[name].module}") & {"fastapi", "sqlalchemy", "uvicorn"}


@pytest.mark.parametrize("module", sorted({command.module for command in COMMANDS.values()}))
def test_no_command_imports_what_draws_before_it_draws(module: str) -> None:
    assert "matplotlib" not in imported(f"import {module}")


def test_a_name_that_is_neither_experiment_nor_scenario_is_told_with_all_of_both() -> None:
    done = CliRunner().invoke(app, ["run", "fanout"])
    assert done.exit_code == 1
    told = done.output.replace("\n", " ")
    assert "there is no 'fanout'" in told
    for name in (*FAMILIES, *named()):
        assert name in told


def test_a_simulated_run_names_the_costs_it_drew_from(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    command = [sys.executable, "-m", "simulation.cli", "run", "quick", "--engine", "sim", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert "Latency in ms, simulated" in done.stdout
    assert "{" not in done.stdout, "a table for the reader; the document is in the file"
    shipped = json.loads(file.read_text())["calibration"]
    assert shipped["source"] == "shipped"
    subprocess.run([*command, "--calibration", str(REFERENCE)], cwd=ROOT, capture_output=True, check=True)
    given = json.loads(file.read_text())["calibration"]
    assert given == {"source": str(REFERENCE), "machine": shipped["machine"]}
    assert shipped["machine"]["cpu"] == json.loads(REFERENCE.read_text())["machine"]["cpu"]


def test_costs_of_an_experiment_are_those_of_the_machine_they_were_probed_on(tmp_path: Path) -> None:
    earlier = {"costs": {"send_s": 1.0}, "machine": {"cpu": "the second"}}
    file = tmp_path / "earlier.json"
    file.write_text(json.dumps(earlier))
    assert costs_in(file) == (earlier["costs"], Provenance(str(file), {"cpu": "the second"}))
    file.write_text(json.dumps(earlier | {"calibration": {"source": "other.json", "machine": {"cpu": "the first"}}}))
    assert costs_in(file, "shipped") == (earlier["costs"], Provenance("shipped", {"cpu": "the first"}))
