"""fan_out: what it takes to bring a comment to everybody: by pushing, by letting them ask, through edges.

On write: the server writes to every viewer, as often as its window says, from one encoding or from a queue for each. On
read: viewers poll. Hybrid: a part is pushed to, the rest polls. Tree: the server tells edges, which tell viewers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Annotated, Any

import numpy as np

from simulation.calibration import Calibration
from simulation.engines import live
from simulation.engines.calibrate import calibrate, measure_stalls
from simulation.engines.set_up import servers
from simulation.engines.simulated import run_simulated
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middle, of_one_engine
from simulation.experiments.sizes import Resizable, Within
from simulation.fidelity import seed_of
from simulation.result import RunResult
from simulation.scenario import Scenario, make_scenario

WARM_UP_S = 1.0

Changes = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    viewers: Annotated[int, Within(1, 100_000)] = 300
    rate_per_s: Annotated[float, Within(0.1, 10_000)] = 50.0  # comments
    seconds: Annotated[float, Within(WARM_UP_S, 600)] = 4.0

    def __post_init__(self) -> None:
        if self.seconds <= WARM_UP_S:
            raise ValueError(f"seconds must be more than the warm-up, {WARM_UP_S:g}, got {self.seconds:g}")


def variants(size: Size) -> dict[str, Changes]:
    """By name, what each changes of the scenario that all have."""
    return {
        "write-at-once": {"system": {"window_ms": 0.0}},
        "write-20ms": {"system": {"window_ms": 20.0}},
        "write-100ms": {"system": {"window_ms": 100.0}},
        "write-queues": {"system": {"window_ms": 20.0, "delivery": "plain"}},
        "read-1s": {"audience": {"polling": size.viewers, "poll_s": 1.0}},
        "hybrid-2s": {"audience": {"polling": size.viewers * 4 // 5, "poll_s": 2.0}},
        "tree-2": {"system": {"edges": 2}},
    }


SIZE = Size()
PROBED = ("write-at-once", "write-20ms", "write-queues", "tree-2")  # the others are as the second of these
LARGER = {"write-20ms": 1_000, "write-queues": 1_000}  # viewers, to see how the cost of a fan-out grows with them


class FanOut(Resizable[Size]):
    """Without a Redis the tree's edges ask the server for what is new, ten times a second."""

    name = "fan_out"
    question = "How should a comment reach everybody: pushed, asked for, or through a tree?"
    measures = (
        Measure("p50_ms", "latency p50, ms"),
        Measure("p99_ms", "latency p99, ms"),
        Measure("server_busy_pct", "server process, % of a core"),
        Measure("deliveries_per_s", "deliveries/s", 0, tells=False),
        Measure("faults", "lost, doubled, out of order", 0, tells=False),
    )
    variants = tuple(variants(SIZE))
    repeats_live = 2
    once = ("write-100ms", "write-queues", "read-1s", "hybrid-2s", "tree-2")
    simulated_only = ()
    repeats_sim = 10

    def __init__(self, size: Size = SIZE) -> None:
        super().__init__(size)

    @property
    def size(self) -> str:
        size = self._size
        return f"{size.viewers:,} viewers, {size.rate_per_s:g} comments/s, {size.seconds:g} s, one core for the server."

    async def probe(self) -> dict[str, Any]:
        """What the variants are made of, and fan-outs to a larger audience of either delivery; about a minute."""
        stalls = await measure_stalls()
        found = {variant: (await calibrate(scenario(variant, 0, self._size), stalls)).as_dict() for variant in PROBED}
        return found | {"larger": {variant: await self._larger(variant, stalls) for variant in LARGER}}

    async def _larger(self, variant: str, stalls: list[float]) -> list[list[float]]:
        chosen = scenario(variant, 0, replace(self._size, viewers=LARGER[variant]))
        found: list[list[float]] = (await calibrate(chosen, stalls)).as_dict()["fan_outs"]
        return found

    async def live(self, variant: str, repeat: int) -> Observation:
        chosen = scenario(variant, repeat, self._size)
        async with servers(chosen, 0, None, lambda _: None) as running:
            result = await live.run_live(chosen, running, live.Progress())
        return Observation(variant, "live", repeat, _values(result), result.facts, result.why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        result = run_simulated(scenario(variant, repeat, self._size), _costs(variant, self._size, costs))
        return Observation(variant, "sim", repeat, _values(result), result.facts)

    def answer(self, observations: Sequence[Observation]) -> str:
        told = of_one_engine(observations)

        def figure(variant: str, measure: str) -> str:
            found = middle(told, variant, measure)
            return "?" if isnan(found) else f"{found:.0f}"

        def late_and_busy(variant: str, late: str = "", core: str = "") -> str:
            return f"{figure(variant, 'p50_ms')} ms{late} and {figure(variant, 'server_busy_pct')} %{core}"

        return (
            f"Pushed at once a comment costs {late_and_busy('write-at-once', late=' (p50)', core=' of a core')}, "
            f"{late_and_busy('write-20ms')} in a window of 20 ms, {late_and_busy('write-queues')} from a queue for "
            f"each viewer. Asked for once a second it costs {late_and_busy('read-1s')}, and {late_and_busy('tree-2')} "
            "behind two edges, where the API process alone is counted."
        )


def scenario(variant: str, repeat: int, size: Size = SIZE) -> Scenario:
    """The variant's scenario with the arrivals of a repeat, which all variants share."""
    base = make_scenario({
        "name": "fan_out", "duration_s": size.seconds, "warm_up_s": WARM_UP_S,
        "audience": {"viewers": size.viewers}, "workload": {"rate_per_s": size.rate_per_s},
        "system": {"storage": "memory"},
    }, "fan_out")  # fmt: skip
    return base.changed({**variants(size)[variant], "": {"seed": seed_of(base, repeat)}})


def _costs(variant: str, size: Size, costs: Mapping[str, Any]) -> Calibration:
    """Those probed at the own size; at another fan-outs are on the line from there to the larger audience."""
    own = Calibration.of(costs[variant if variant in PROBED else PROBED[1]])
    if size.viewers == SIZE.viewers:
        return own
    larger = costs["larger"][variant if variant in LARGER else PROBED[1]]
    return replace(own, fan_outs=np.concatenate([own.fan_outs, larger]))


def _values(result: RunResult) -> dict[str, float]:
    """Without latencies where nothing came within the run, as of a server that is asked for far too much."""
    latency = {f"{name}_ms": value for name, value in result.quantiles_ms("end_to_end").items()}
    return {
        **{name: value for name in ("p50_ms", "p99_ms") if (value := latency[name]) is not None},
        "server_busy_pct": 100 * result.facts["server_busy"],
        "deliveries_per_s": result.throughput_per_s["deliveries"],
        "faults": sum(result.counts[name] for name in ("lost", "duplicated", "reordered")),
    }
