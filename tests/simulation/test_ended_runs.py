"""A run that is ended from outside, by Ctrl-C or by SIGKILL: what it says, what it keeps, and that nobody is left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import joblib
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

ROOT = Path(__file__).resolve().parents[2]
BEGINS_S = 60.0
ENDS_S = 60.0
# What does not measure this machine first, which takes long and is not asked here.
CALIBRATED = """
from simulation import experiment
from simulation.calibration import REFERENCE, Calibration
async def shipped(scenario): return Calibration.load(REFERENCE)
experiment.calibrate = shipped
from simulation.cli import main
main()
"""


@pytest.fixture
def started() -> Iterator["list[subprocess.Popen[str]]"]:
    """Processes that a test has started; each leads a group, as one that a shell starts."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with process:
            process.kill()


def start(
    processes: "list[subprocess.Popen[str]]", *arguments: str, program: Sequence[str] = ("-m", "simulation.cli")
) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    processes.append(process)
    return process


def known(of: str) -> str:
    """What the system tells in this file: nothing of a process or thread that has ended meanwhile."""
    try:
        return Path("/proc", of).read_text()
    except OSError:
        return ""


def children(pid: int) -> list[int]:
    """All processes that came of one, in whichever session they are."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    mine = [int(each) for thread in threads for each in known(f"{pid}/task/{thread}/children").split()]
    return [*mine, *(further for child in mine for further in children(child))]


def command_of(pid: int) -> str:
    return known(f"{pid}/cmdline").replace("\0", " ")


def lives(pid: int) -> bool:
    return known(f"{pid}/stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def until_there_is(process: "subprocess.Popen[str]", what: str) -> list[int]:
    """All of its processes, once the command line of one has this in it."""
    until_s = time.monotonic() + BEGINS_S
    while time.monotonic() < until_s and process.poll() is None:
        there = children(process.pid)
        if any(what in command_of(pid) for pid in there):
            return there
        time.sleep(0.02)
    raise AssertionError(f"no {what}: {process.communicate()[0] if process.poll() is not None else 'it still runs'}")


def all_end(pids: list[int]) -> bool:
    until_s = time.monotonic() + ENDS_S
    while any(map(lives, pids)) and time.monotonic() < until_s:
        time.sleep(0.02)
    return not any(map(lives, pids))


def ctrl_c(process: "subprocess.Popen[str]") -> str:
    """To all processes of the terminal, as there; what had been said when it ended."""
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=ENDS_S)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "never retrieved" not in said
    return said


@pytest.mark.slow
@pytest.mark.parametrize("module", ["reference_impl serve", "simulation.engines.viewers"])
def test_a_live_run_that_is_killed_leaves_nobody(module: str, started: "list[subprocess.Popen[str]]") -> None:
    run = start(started, "run", "up", "--engine", "live")
    there = until_there_is(run, module)
    run.kill()
    run.wait()
    assert all_end(there), [command_of(pid) for pid in there if lives(pid)]


@pytest.mark.slow
@pytest.mark.parametrize("module", ["reference_impl serve", "simulation.engines.viewers"])
def test_ctrl_c_ends_a_live_run_in_order(module: str, started: "list[subprocess.Popen[str]]") -> None:
    run = start(started, "run", "up", "--engine", "both")
    there = until_there_is(run, module)
    ctrl_c(run)
    assert all_end(there), [command_of(pid) for pid in there if lives(pid)]


def ends_with(run: "subprocess.Popen[str]", what: str) -> None:
    """One line, and a status of 1, soon."""
    said, _ = run.communicate(timeout=ENDS_S)
    assert run.returncode == 1, said
    assert said.splitlines()[-1] == f"livecomments: {what}"
    assert "Traceback" not in said
    assert "never retrieved" not in said


def kill_first(pids: list[int], what: str) -> None:
    os.kill(next(pid for pid in pids if what in command_of(pid)), signal.SIGKILL)


@pytest.mark.slow
def test_a_live_run_ends_with_its_server(started: "list[subprocess.Popen[str]]") -> None:
    run = start(started, "run", "up", "--engine", "live")
    there = until_there_is(run, "simulation.engines.viewers")
    kill_first(there, "reference_impl serve")
    ends_with(run, "the server has ended (signal 9)")
    assert all_end(there), [command_of(pid) for pid in there if lives(pid)]


@pytest.mark.slow
def test_up_serves_on_until_its_server_ends_and_what_it_found_is_kept(
    started: "list[subprocess.Popen[str]]", tmp_path: Path
) -> None:
    file = tmp_path / "found.json"
    options = ["--seconds", "1", "--viewers", "5", "--port", "0", "--data", str(tmp_path / "data"), "--json", str(file)]
    run = start(started, "up", *options, program=["-c", CALIBRATED])
    assert run.stdout is not None
    said = ""
    while "Still serving" not in said:
        said += (line := run.stdout.readline())
        if not line and "is void" in said:
            pytest.skip("the machine is too busy for a run that counts, so `up` did not serve on")
        assert line, said
    kill_first(children(run.pid), "reference_impl serve")
    ends_with(run, "the server has ended (signal 9)")
    assert json.loads(file.read_text())["runs"]
    assert (tmp_path / "data" / "comments.sqlite").is_file()


@pytest.mark.slow
@pytest.mark.skipif(joblib.cpu_count() < 2, reason="needs two cores: on one there are no workers to end")
@pytest.mark.parametrize("after_s", [0.0, 0.3])
def test_ctrl_c_ends_replications_in_order(after_s: float, started: "list[subprocess.Popen[str]]") -> None:
    run = start(started, "run", "flash_crowd", "--engine", "sim")
    until_there_is(run, "popen_loky")
    time.sleep(after_s)  # while a worker is still importing, or when it works
    there = children(run.pid)
    ctrl_c(run)
    assert all_end(there), [command_of(pid) for pid in there if lives(pid)]


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_a_long_simulation(started: "list[subprocess.Popen[str]]", tmp_path: Path) -> None:
    file = tmp_path / "day.toml"
    file.write_text('name = "day"\nduration_s = 86400\n[workload]\nrate_per_s = 20\n')
    run = start(started, "run", str(file), "--engine", "sim")
    assert run.stdout is not None
    assert "Simulating with the shipped calibration" in run.stdout.readline()
    ctrl_c(run)


@pytest.mark.slow
def test_ctrl_c_ends_a_sweep_which_keeps_what_is_done(started: "list[subprocess.Popen[str]]", tmp_path: Path) -> None:
    file = tmp_path / "sweep.json"
    options = ["--sweep", "viewers=10,20000", "--sweep", "seconds=1.5", "--repeat", "2", "--json", str(file)]
    run = start(started, "run", "fan_out", *options)
    until_s = time.monotonic() + BEGINS_S
    while not (file.exists() and '"comparison"' in file.read_text()) and time.monotonic() < until_s:
        assert run.poll() is None
        time.sleep(0.02)
    there = children(run.pid)
    said = ctrl_c(run)
    assert "Missing: 1 of 2 points" in said
    kept = json.loads(file.read_text())
    assert not kept["finished"]
    assert ["comparison" in point for point in kept["points"]] == [True, False]
    assert all_end(there), [command_of(pid) for pid in there if lives(pid)]
