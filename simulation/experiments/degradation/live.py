"""Runs with real processes: a server on a core, its load on another; and the probes of what things cost."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from simulation.bench.fanout_load import OWN_FILES, require_files
from simulation.engines import processes
from simulation.engines.live import BUSY_MAX
from simulation.engines.processes import ProcessError
from simulation.experiments.degradation.plan import LAG_MAX_MS, VARIANTS, Case, Kind, Size
from simulation.experiments.degradation.record import Record
from simulation.experiments.degradation.requests import told

HERE = "simulation.experiments.degradation"
NO_LIMIT = ["--rate-burst", "1000000", "--rate-period-s", "1"]
ONE_EACH = ["--rate-burst", "1", "--rate-period-s", "3600"]
AT_ONCE_MS = "0.001"  # of lag, which any busy loop has
CLIMBED_S = 60.0
ASKING = 64  # at once
CONNECTIONS_MAX = 10_000  # of a probe: of how many is not known before there is a capacity


async def run_live(case: Case) -> tuple[Record, dict[str, float]]:
    """What came of it; how busy the load was, and how many viewers the server let go."""
    require_files(sum(map(case.connections, Kind)) + case.size.viewers + OWN_FILES)
    burst, period_s = case.rate
    options = ["--rate-burst", str(burst), "--rate-period-s", str(period_s), "--lag-max-ms", str(LAG_MAX_MS)]
    async with _server("--ladder" if case.variant.ladder else "--no-ladder", *options) as (url, _, folder):
        result = folder / "result.npz"
        found: dict[str, float] = await _beside(
            "the load ended", f"{HERE}.load", [json.dumps(told(case)), url, str(result)]
        )
        return Record.load(case.size, result), found


async def capacity_per_s(size: Size) -> float:
    """Of requests of all kinds."""
    return float((await _costs(size))["capacity_per_s"])


async def measure(size: Size) -> dict[str, float]:
    """Everything that the model is told. One server climbs its ladder meanwhile, for what a refusal costs up there."""
    async with _server(*ONE_EACH, "--lag-max-ms", AT_ONCE_MS) as (url, pid, _):
        limited_s = await _refusals(url, pid)
        costs = await _costs(size)
        await _climbed(url)
        return costs | {"limited_s": limited_s, "read_only_s": await _refusals(url, pid)}


def why_void(busy: float) -> str:
    return f"the load used {busy:.0%} of its core" if busy > BUSY_MAX else ""


async def _costs(size: Size) -> dict[str, float]:
    require_files(size.viewers + CONNECTIONS_MAX + OWN_FILES)
    async with _server(*NO_LIMIT, "--no-ladder", measured=True) as (url, pid, folder):
        arguments = ["costs", url, str(pid), str(folder / "measure.csv"), str(size.viewers)]
        found: dict[str, float] = await _beside("the probe", f"{HERE}.probe", arguments)
    return found


async def _refusals(url: str, pid: int) -> float:
    found = await _beside("the probe", f"{HERE}.probe", ["refusals", url, str(pid)])
    return float(found["refused_s"])


async def _climbed(url: str) -> None:
    """Ask all the time meanwhile: the timers of an idle loop are not late at all."""
    try:
        async with asyncio.timeout(CLIMBED_S), aiohttp.ClientSession() as session:
            await asyncio.gather(*(_asked_until_up(session, url) for _ in range(ASKING)))
    except TimeoutError as error:
        raise ProcessError(f"the ladder was not climbed within {CLIMBED_S:g} s") from error


async def _asked_until_up(session: aiohttp.ClientSession, url: str) -> None:
    rung = ""
    while rung != "read_only":
        async with session.get(f"{url}/health") as answer:
            rung = (await answer.json())["rung"]


async def _beside(called: str, module: str, arguments: Sequence[str]) -> Any:
    return await processes.answer(called, module, arguments, processes.cores().load)


@asynccontextmanager
async def _server(*options: str, measured: bool = False) -> AsyncIterator[tuple[str, int, Path]]:
    """A server on its core; of those whom it refuses nobody wants a line each."""
    with TemporaryDirectory(prefix="livecomments-degradation-") as name:
        folder = Path(name)
        arguments = ["--port", "0", "--data", str(folder / "data"), "--heartbeat-s", "60", *options]
        arguments += ["--address-viewers-max", "100000", "--joins-per-s", "100000"]
        arguments += ["--measure", str(folder / "measure.csv")] if measured else []
        async with processes.server(arguments, processes.cores().server, quiet=True) as (url, pid):
            yield url, pid, folder


def case_for(variant: str, repeat: int, capacity: float, size: Size) -> Case:
    return Case(variant=VARIANTS[variant], capacity_per_s=capacity, repeat=repeat, size=size)
