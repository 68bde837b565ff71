"""Sweeps as commands: an end in the middle, and the same figures from the processes of a cluster."""

import json
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from simulation.cluster import LOCAL, cluster, differences, versions
from simulation.docs.rendering import ROOT
from simulation.engines.processes import ProcessError
from simulation.experiments.fan_out.family import FanOut
from tests.simulation.swept import record_of, run, swept

SMALL = ["--sweep", "viewers=10,20", "--sweep", "seconds=1.5", "--repeat", "2"]
# Whether workers block the signal, and whether this process does.
MASKS = """
import signal
from simulation.cluster import cluster
with cluster("local") as backend:
    blocked = backend["client"].run(signal.pthread_sigmask, signal.SIG_BLOCK, ())
here = signal.pthread_sigmask(signal.SIG_BLOCK, ())
print(all(signal.SIGINT in each for each in blocked.values()), signal.SIGINT in here)
"""
# What is left early would take an hour; what Dask complains of meanwhile is not told.
LEAVES = """
import asyncio, logging, time
from distributed import Client
from simulation.cluster import cluster
from simulation.replications import as_they_end
close = Client.__exit__
def close_loudly(*arguments):
    logging.getLogger("tornado.application").error("a result was under way")
    return close(*arguments)
Client.__exit__ = close_loudly
async def main():
    with cluster("local") as backend:
        work = asyncio.create_task(anext(as_they_end(time.sleep, [(3600.0,)] * 4, backend)))
        while not backend["client"].futures:
            await asyncio.sleep(0.01)
        work.cancel()
        await work
try:
    asyncio.run(main())
except asyncio.CancelledError:
    print("left")
"""
NEEDS_DASK = pytest.mark.skipif(find_spec("distributed") is None, reason="needs Dask: pip install distributed")


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
def test_a_cluster_of_two_processes_gives_the_same_digest(tmp_path: Path) -> None:
    plan = swept(FanOut(), "viewers=10,20", "seconds=1.5")
    simulated = run(plan, record_of(plan))
    file = tmp_path / "cluster.json"
    done = subprocess.run(
        command(*SMALL, "--dask", LOCAL, "--json", str(file)), cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    assert found["digest"] == simulated["digest"]
    assert found["points"] == json.loads(json.dumps(simulated["points"]))


@NEEDS_DASK
@pytest.mark.slow
@pytest.mark.parametrize(("program", "says"), [(MASKS, "True False\n"), (LEAVES, "left\n")])
def test_workers_started_here_leave_ctrl_c_to_this_process_which_ends_them_at_once(program: str, says: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout, done.stderr) == (0, says, "")


@NEEDS_DASK
@pytest.mark.slow
def test_an_address_without_a_scheduler_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        command(*SMALL, "--dask", "tcp://127.0.0.1:1"), cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 1
    assert "no Dask scheduler with a worker answers at tcp://127.0.0.1:1" in done.stderr.replace("\n", " ")


@pytest.mark.slow
def test_ctrl_c_shows_what_there_is_and_the_same_command_goes_on(tmp_path: Path) -> None:
    file, picture = tmp_path / "sweep.json", tmp_path / "sweep.png"
    wanted = command("--sweep", "viewers=10,20,30,3000", "--repeat", "3", "--json", str(file), "--plot", str(picture))
    with subprocess.Popen(wanted, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as first:
        deadline_s = time.monotonic() + 240
        while "comparison" not in (file.read_text() if file.exists() else "") and time.monotonic() < deadline_s:
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=240)
    assert first.returncode == 130, said
    assert "of 4 points" in said
    assert "Traceback" not in said
    kept = json.loads(file.read_text())
    assert not kept["finished"]
    done = subprocess.run(wanted, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    assert "Going on with what" in done.stdout
    whole = json.loads(file.read_text())
    ready = [point for point in kept["points"] if "comparison" in point]
    assert ready == whole["points"][: len(ready)]
    assert whole["digest"] in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
