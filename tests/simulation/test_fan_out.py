"""fan_out: the directions of its answer in the model, with confidence; the same run again; a small live run."""

import asyncio
import json
import subprocess
import sys
from functools import cache

import pytest

from simulation.engines import live
from simulation.engines.set_up import servers
from simulation.experiments.command import RESULTS
from simulation.experiments.fan_out.family import FanOut, scenario
from simulation.statistics import confidence_interval
from simulation.trace import schedule

REPLICATIONS = 8
BLOCKED = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "redis", "sse_starlette", "orjson", "pydantic_settings")
ALONE = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from simulation.calibration import REFERENCE, Calibration
from simulation.engines.simulated import run_simulated
from simulation.scenario import load_scenario
result = run_simulated(load_scenario("quick"), Calibration.load(REFERENCE))
assert result.counts["delivered"] and not result.counts["lost"]
server = sorted(name for name in sys.modules if name.startswith("reference_impl."))
print(*[name for name in server if not name.startswith(("reference_impl.policy", "reference_impl.protocol"))])
"""


@cache
def costs():
    return json.loads((RESULTS / "fan_out.json").read_text())["costs"]


def differences(first: str, second: str, measure: str) -> list[float]:
    """By how much the second variant has more, over replications with the same arrivals."""
    family = FanOut()
    pairs = (
        [family.simulate(variant, repeat, costs()).values[measure] for variant in (first, second)]
        for repeat in range(REPLICATIONS)
    )
    return [b - a for a, b in pairs]


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("write-at-once", "write-20ms", "p50_ms"),
        ("write-20ms", "write-100ms", "p50_ms"),
        ("write-20ms", "read-1s", "p50_ms"),
        ("read-1s", "hybrid-2s", "p99_ms"),
        ("write-100ms", "write-at-once", "server_busy_pct"),
        ("write-20ms", "write-queues", "server_busy_pct"),
        ("tree-2", "write-20ms", "server_busy_pct"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    interval = confidence_interval(differences(less, more, measure))
    assert interval.mean - interval.half_width > 0


def test_the_same_repeat_gives_the_same_figures_and_all_variants_have_its_arrivals() -> None:
    family = FanOut()
    first, again = (family.simulate("write-20ms", 3, costs()) for _ in range(2))
    assert first == again
    assert len({tuple(schedule(scenario(variant, 3))) for variant in family.variants}) == 1


@pytest.mark.parametrize("variant", FanOut.variants)
def test_everybody_gets_everything_once_in_every_variant(variant: str) -> None:
    values = FanOut().simulate(variant, 0, costs()).values
    assert values["faults"] == 0
    assert values["deliveries_per_s"] > 0


@pytest.mark.parametrize(("variant", "viewers"), [("read-1s", 2_500), ("hybrid-2s", 4_000)])
def test_who_asks_a_server_for_too_much_waits_and_goes_with_everything(variant: str, viewers: int) -> None:
    """More polls than it answers: comments come late, as live, and nobody has left before."""
    family = FanOut().sized({"viewers": viewers, "seconds": 1.5})
    values = family.simulate(variant, 0, costs()).values
    assert values["faults"] == 0
    assert values["p50_ms"] > 2_000
    assert values["server_busy_pct"] == 100


def test_the_simulation_needs_nothing_of_the_server_but_policies_and_protocol() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_viewers_who_poll_and_those_who_are_pushed_to_get_everything_from_a_real_server() -> None:
    chosen = scenario("hybrid-2s", 0).changed({
        "": {"duration_s": 2.0, "warm_up_s": 0.0}, "audience": {"viewers": 20, "polling": 10, "poll_s": 0.5},
    })  # fmt: skip

    async def main():
        async with servers(chosen, 0, None, lambda _: None) as running:
            return await live.run_live(chosen, running, live.Progress())

    result = asyncio.run(main())
    assert result.counts["accepted"] == len(schedule(chosen)) > 0
    assert result.counts["delivered"] == 20 * result.counts["accepted"]
    assert [result.counts[name] for name in ("lost", "duplicated", "reordered")] == [0, 0, 0]
    assert len(result.latency_s["end_to_end"]) == result.counts["delivered"]
