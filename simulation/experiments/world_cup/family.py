"""world_cup: ten million viewers of a final, two goals, an edge cluster lost and a region cut off, in the model."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from simulation.engines.processes import ProcessError
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middle
from simulation.experiments.sizes import Sizes, changed, numbers
from simulation.experiments.world_cup.figures import figures, why_void
from simulation.experiments.world_cup.match import Run
from simulation.experiments.world_cup.picture import draw
from simulation.experiments.world_cup.plan import AS_PLANNED, VARIANTS, Plan
from simulation.model.costs import EdgeCosts
from simulation.replications import Streams

SEED = 1
LATE_S = 1.0


class WorldCup:
    """The model alone can hold it; ``plans`` by variant."""

    name = "world_cup"
    measures = (
        Measure("p50_ms", "all: latency p50, ms", 0),
        Measure("p99_ms", "all: latency p99, ms", 0),
        Measure("before_p99_ms", "before the goals, region of the lost cluster: p99, ms", 0),
        Measure("lost_p99_ms", "second goal, region of the lost cluster: p99, ms", 0),
        Measure("after_cut_p99_ms", "after the cut, region that was cut off: p99, ms", 0),
        Measure("gap_p50_s", "viewers of the lost cluster: without an edge, p50, s"),
        Measure("gap_p99_s", "viewers of the lost cluster: without an edge, p99, s"),
        Measure("away", "without an edge at the end, viewers", 0),
        Measure("tries_peak_per_s", "tries to connect/s, peak", 0, tells=False),
        Measure("shown_per_s", "shown to a viewer, comments/s"),
        Measure("shed_pct", "of their own room's not shown, %", tells=False),
        Measure("missed_ppm", "missed, of a million shown", 0),
        Measure("egress_tbit_per_s", "egress peak, Tbit/s", 2),
        Measure("edges", "edges", 0, tells=False),
        Measure("total_usd", "bill of the match, USD", 0),
    )
    repeats_live = 1
    once = ()
    repeats_sim = 1
    question = "Does a final with ten million viewers stay readable when a cluster of edges is lost at a goal?"

    def __init__(self, plans: Mapping[str, Plan] = VARIANTS) -> None:
        self._plans = plans

    @property
    def variants(self) -> Sequence[str]:
        return tuple(self._plans)

    @property
    def simulated_only(self) -> Sequence[str]:
        return self.variants

    @property
    def sizes(self) -> Sizes:
        """What is the same in all variants."""
        first, *others = (numbers(plan) for plan in self._plans.values())
        return {name: value for name, value in first.items() if all(other[name] == value for other in others)}

    def sized(self, changes: Sizes) -> "WorldCup":
        return WorldCup({name: changed(plan, changes) for name, plan in self._plans.items()})

    @property
    def size(self) -> str:
        plan = next(iter(self._plans.values()))
        return (
            f"{plan.viewers:,} viewers, {plan.peak_per_s:,.0f} comments/s at a goal, {plan.edges} edges in three "
            f"regions, {plan.seconds:g} s; in the model only, since no machine here holds it live."
        )

    async def probe(self) -> dict[str, Any]:
        """Nothing is measured for it: an edge costs what the plan says, which was measured for other experiments."""
        return asdict(next(iter(self._plans.values())).cluster.costs)

    async def live(self, variant: str, repeat: int) -> Observation:
        plan = self._plans[variant]
        raise ProcessError(
            f"this machine cannot hold {self.name} live: {plan.viewers:,} viewers take {plan.edges} edges, each a core "
            f"with about {plan.edge_viewers_max:,} viewers, and a generator as large. It holds one edge: "
            "`livecomments run fan_out` and `livecomments run failover` measure that one live, and "
            f"`livecomments run {self.name} --engine sim` is this experiment"
        )

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        """All variants of a repeat have the same crowd; ``costs`` are an edge's, the plan's own if there are none."""
        plan = self._plans[variant]
        if costs:
            plan = replace(plan, cluster=replace(plan.cluster, costs=EdgeCosts(**costs)))
        began_s = time.process_time()
        values, facts = figures(Run(plan, Streams(SEED, self.name, repeat)).run())
        facts["core_s"] = round(time.process_time() - began_s, 1)
        return Observation(variant, "sim", repeat, values, facts, why_void(facts["books"]))

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        """The match on one axis of time."""
        draw(document, path)

    def answer(self, observations: Sequence[Observation]) -> str:
        of = partial(middle, observations)

        def others(measure: str, scale: float) -> str:
            told = [f"{of(name, measure) / scale:,.1f} s ({name})" for name in self.variants if name != AS_PLANNED]
            return ", ".join(told)

        late_s, gap_s = of(AS_PLANNED, "lost_p99_ms") / 1000, of(AS_PLANNED, "gap_p99_s")
        return (
            f"As planned {'yes' if late_s <= LATE_S else 'no'}: while the region is without its cluster, p99 of what "
            f"is pushed there is {late_s:.1f} s, and 99 % of its viewers have an edge after {gap_s:.0f} s. "
            f"Otherwise p99 is {others('lost_p99_ms', 1000)}, and the wait for an edge {others('gap_p99_s', 1)}."
        )
