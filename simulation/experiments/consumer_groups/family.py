"""consumer_groups: how partitions and workers share work, and what becomes of it when a worker joins, slows or dies."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.experiments.consumer_groups.live import probed, run_live
from simulation.experiments.consumer_groups.picture import draw
from simulation.experiments.consumer_groups.plan import (
    DEAD,
    SLOW,
    SLOWER,
    STEADY,
    UNFENCED,
    VARIANTS,
    Case,
    Size,
)
from simulation.experiments.consumer_groups.record import Record
from simulation.experiments.consumer_groups.sim import Run
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middles, of_one_engine, shows
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("backlog_most", "backlog at most, pieces", 0),
    Measure("lag_p50_ms", "lag p50, ms", 0),
    Measure("lag_p99_ms", "lag p99, ms", 0),
    Measure("unowned_pct", "partitions' time without a worker, %"),
    Measure("fairness", "fairness of what workers do, 1 is even", 2),
    Measure("recovery_s", "from the fault until nothing is late, s"),
    Measure("again", "pieces worked on again", 0),
    Measure("refused", "of these refused by a fence", 0),
    Measure("doubled", "effects doubled", 0),
    Measure("lost", "effects missing", 0, tells=False),
)


class ConsumerGroups(Resizable[Size]):
    """A `Family`. What a variant has nothing of (a fault, a recovery) is 0."""

    name = "consumer_groups"
    question = "How many workers does a divided queue keep busy, and what becomes of its work when one slows or dies?"
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 2
    once = (*(name for name in STEADY if name != "4x2"), UNFENCED)
    simulated_only = ()
    repeats_sim = 10

    def __init__(self, size: Size | None = None) -> None:
        super().__init__(size or Size())

    @property
    def size(self) -> str:
        size = self._size
        return (
            f"{size.per_s:g} pieces of work a second, each of which takes {size.piece_s * 1000:g} ms; leases of "
            f"{size.lease.lease_s:g} s (the server's are of 3 s, and a run is short), renewed every "
            f"{size.lease.heartbeat_s:g} s; a fault after {size.before_s:g} s, and {size.after_s:g} s from then; "
            "live is as large as the model"
        )

    def case(self, variant: str, repeat: int) -> Case:
        return Case(VARIANTS[variant], repeat, self._size)

    async def probe(self) -> dict[str, Any]:
        """Calls of the queue and transactions, one at a time; about ten seconds."""
        return await probed()

    async def live(self, variant: str, repeat: int) -> Observation:
        record, facts, why_void = await run_live(self.case(variant, repeat))
        return Observation(variant, "live", repeat, record.values(), facts | _facts(record), why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        record = Run(self.case(variant, repeat), costs).record()
        return Observation(variant, "sim", repeat, record.values(), _facts(record))

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        """The backlog over time where something befalls a worker, and figures of the rest."""
        draw(document, path)

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        told = of_one_engine(observations)
        figures = middles(told, MEASURES)
        return f"{_shared(figures)} {_befallen(figures, _worse(told))}"


def _shared(figures: Mapping[str, Mapping[str, float]]) -> str:
    """The sentence on partitions and workers."""
    lag_ms = {name: f"{figures[name]['lag_p99_ms']:,.0f}" for name in STEADY}
    busy = {name: f"{VARIANTS[name].workers * figures[name]['fairness']:.0f}" for name in STEADY}
    return (
        f"Of four workers 2 partitions keep {busy['2x4']} busy and 4 partitions {busy['4x4']}; with 4 partitions lag "
        f"p99 is {lag_ms['4x1']} ms with one worker, {lag_ms['4x2']} with two and {lag_ms['4x4']} with four."
    )


def _worse(told: Sequence[Observation]) -> str:
    for name, worse, better in (("dead", DEAD, SLOW), ("slow", SLOW, DEAD)):
        if shows(told, "lag_p99_ms", better, worse):
            return f"so that the {name} one is the worse"
    return "and these runs do not show which is the worse"


def _befallen(figures: Mapping[str, Mapping[str, float]], worse: str) -> str:
    """The sentence on one worker among others, and what a fence is for."""
    dead, slow, bare = (figures[name] for name in (DEAD, SLOW, UNFENCED))
    behind = sum(figures[name]["doubled"] for name in VARIANTS if VARIANTS[name].fence)
    return (
        f"A dead worker's work waits for its lease to end (lag p99 {dead['lag_p99_ms']:,.0f} ms), and nobody takes "
        f"over from one that is {SLOWER:g} times slower ({slow['lag_p99_ms']:,.0f} ms), {worse}; behind a fence "
        f"{behind:.0f} late effects are doubled, without it {bare['doubled']:.0f}."
    )


def _facts(record: Record) -> dict[str, Any]:
    """Of a run with a fault the backlog over time, from when it befell."""
    if record.befell_s is None:
        return {}
    return {"backlog": [(round(at_s - record.befell_s, 2), backlog) for at_s, backlog in record.backlog()]}
