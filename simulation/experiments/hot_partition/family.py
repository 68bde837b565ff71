"""The hot partition: one stream goes viral on a log of four partitions, each of which takes 1,000 rows a second.

Live is the server's own log and queues in a process of its own, on a core of its own; the rows' time is stated, since a
laptop's disk hides what partitions are for. The model gets the same comments at the same moments.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from simulation.engines import processes
from simulation.experiments.family import EngineName, Measure, Observation
from simulation.experiments.hot_partition.plan import Case, Run
from simulation.experiments.hot_partition.sim import Simulated
from simulation.experiments.middles import middles, of_one_engine, shows
from simulation.experiments.sizes import Resizable
from simulation.model.partition_costs import PartitionCosts

PACKAGE = "simulation.experiments.hot_partition"
SENDING_MAX = 0.7  # of the event loop's time; beyond it sending is what was measured
AT_HOME = "by_stream"
CASE = Case(strategy=AT_HOME, seed=0)


class HotPartition(Resizable[Case]):
    name = "hot_partition"
    question = (
        "Which way of splitting a log keeps a viral stream from slowing everybody down, and what does it cost readers?"
    )
    measures = (
        Measure("skew", "skew: fullest partition / mean", 2),
        Measure("append_p50_ms", "append p50, ms", 0),
        Measure("append_p99_ms", "append p99, ms", 0),
        Measure("cold_p99_ms", "append p99 of cold streams, ms", 0),
        Measure("most_per_s", "most comments a second (of a backlog)", 0),
        Measure("viral_page_partitions", "partitions asked for a page, viral"),
        Measure("cold_page_partitions", "partitions asked for a page, cold"),
        Measure("page_p99_ms", "page p99, ms"),
    )
    variants = (AT_HOME, "by_time", "by_user", "by_comment", "hot_split")
    repeats_live = 2
    once = ()
    simulated_only = ()
    repeats_sim = 6

    def __init__(self, case: Case = CASE) -> None:
        super().__init__(case)

    @property
    def size(self) -> str:
        case = self._size
        return (
            f"{case.partitions} partitions that take {1e6 / case.row_us:,.0f} rows a second each; {case.streams} "
            f"streams, one with {case.viral_share:.0%} of {case.per_s:g} comments/s; {case.seconds:g} s after "
            f"{case.warm_up_s:g} s of warm-up, then a backlog of {case.backlog:,} at once; live is as large as the "
            "model"
        )

    def case(self, variant: str, repeat: int) -> Case:
        """Repeat n of both engines has the comments of seed n."""
        return replace(self._size, strategy=variant, seed=repeat)

    async def probe(self) -> dict[str, Any]:
        """Transactions of a lone log; about ten seconds."""
        found: dict[str, Any] = await _process("probe", self.case(AT_HOME, 0))
        return found

    async def live(self, variant: str, repeat: int) -> Observation:
        case = self.case(variant, repeat)
        found = await _process("log", case)
        return observed(case, "live", Run(**found["run"]), found["facts"])

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        case = self.case(variant, repeat)
        model = Simulated(case, PartitionCosts.read(costs))
        return observed(case, "sim", model.run(), model.facts())

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        told = of_one_engine(observations)
        figures = middles(told, self.measures)
        best = min(figures, key=lambda variant: figures[variant]["cold_p99_ms"])
        won, home = figures[best], figures.get(AT_HOME, figures[best])
        helps = shows(told, "cold_p99_ms", best, AT_HOME)
        return (
            f"{f'{best} keeps' if helps else 'These runs show no strategy that keeps'} the viral stream from slowing "
            f"everybody down: cold streams' append p99 is {'' if helps else f'with {best} '}"
            f"{won['cold_p99_ms']:,.0f} ms, with {AT_HOME} {home['cold_p99_ms']:,.0f} ms, and its fullest partition "
            f"has {won['skew']:.1f} times the mean, with {AT_HOME} {home['skew']:.1f} times. Readers pay with "
            f"{won['viral_page_partitions']:.1f} partitions asked for a page of the viral stream and "
            f"{won['cold_page_partitions']:.1f} for one of a cold stream, where {AT_HOME} asks "
            f"{home['viral_page_partitions']:.0f} and {home['cold_page_partitions']:.0f}."
        )


def observed(case: Case, engine: EngineName, run: Run, facts: Mapping[str, Any]) -> Observation:
    """The measures of a run, or why it proves nothing."""
    why = f"{run.refused} comments were refused" if run.refused else ""
    if (share := facts.get("sending_share", 0.0)) > SENDING_MAX:
        why = f"sending took {share:.0%} of the event loop's time"
    return Observation(case.strategy, engine, case.seed, {} if why else run.values(), facts, why)


async def _process(module: str, case: Case) -> Any:
    """What a module of this package says of a case, on a core of its own."""
    arguments = [json.dumps(asdict(case))]
    return await processes.answer(case.strategy, f"{PACKAGE}.{module}", arguments, processes.cores().server)
