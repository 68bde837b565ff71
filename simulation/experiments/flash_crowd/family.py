"""flash_crowd: a hundred times the viewers, with edges that are there, with edges that start, and with neither."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.experiments.family import Measure, Observation
from simulation.experiments.flash_crowd.costs import measure
from simulation.experiments.flash_crowd.live import run_live
from simulation.experiments.flash_crowd.picture import draw
from simulation.experiments.flash_crowd.plan import FLEET, HERE, VARIANTS, Case, Size
from simulation.experiments.flash_crowd.sim import Simulated
from simulation.experiments.middles import Figures, live_where_run, middles
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("wait_p50_s", "wait until joined p50, s", 2),
    Measure("wait_p99_s", "wait until joined p99, s", 2),
    Measure("joins_per_s", "most joins in a second", 0),
    Measure("refused", "refused tries", 0),
    Measure("without_edge", "viewers without an edge at the end", 0),
    Measure("present_p99_ms", "comment p99 of those who were there, ms", 0),
    Measure("edges", "edges at the end", 0, tells=False),
    Measure("edge_s", "edge-seconds", 0),
    Measure("lost", "comments lost or doubled, of those", 0, tells=False),
)


class FlashCrowd(Resizable[Size]):
    """A `Family` and `Pictured`. A fleet, and machines that boot, are simulated only."""

    name = "flash_crowd"
    question = "A hundred times the viewers at once: are edges to be there before, to be started then, or neither?"
    size = (
        f"{HERE.present} viewers, and {HERE.crowd:,} within {HERE.crowd_s:g} s, at edges that let in "
        f"{HERE.connections.joins_per_s} a second each, {HERE.edges_max} at the most; a fleet, simulated only: "
        f"{FLEET.present:,}, and {FLEET.crowd:,} within {FLEET.crowd_s:g} s, {FLEET.connections.joins_per_s} a second, "
        f"{FLEET.edges_max} edges on machines that boot in {FLEET.boot_s:g} s"
    )
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 2
    once = ("nothing-open", "reactive-cpu")
    simulated_only = tuple(name for name, variant in VARIANTS.items() if variant.fleet)
    repeats_sim = 4

    def __init__(self, here: Size = HERE, far: Size = FLEET) -> None:
        super().__init__(here)
        self._far = far

    def case(self, variant: str, repeat: int) -> Case:
        return Case(VARIANTS[variant], repeat, self._size, self._far)

    async def probe(self) -> dict[str, Any]:
        """Starts, joins, refusals and comments at edges of the probe's own; about fifteen seconds."""
        return await measure()

    async def live(self, variant: str, repeat: int) -> Observation:
        run, facts, why_void = await run_live(self.case(variant, repeat))
        return Observation(variant, "live", repeat, run.values(), facts | _shown(run.series(), repeat), why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        run = Simulated(self.case(variant, repeat), costs).run()
        return Observation(variant, "sim", repeat, run.values(), _shown(run.series(), repeat))

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        figures = middles(live_where_run(observations), MEASURES)
        return " ".join(
            _sentence(figures, size, prefix)
            for prefix, size in (("", self._size), ("fleet-", self._far))
            if f"{prefix}nothing" in figures
        )

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        draw(document, path)


def _shown(series: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    """The first repeat is the one that is drawn."""
    return {} if repeat else {"series": dict(series)}


def _sentence(figures: Figures, size: Size, prefix: str) -> str:
    """The same for a machine and for a fleet: how long half of them wait, and what that costs."""
    nothing, warm, reactive = (figures[f"{prefix}{name}"] for name in ("nothing", "prewarmed", "reactive"))
    return (
        f"Of {size.present + size.crowd:,} viewers half wait {warm['wait_p50_s']:.1f} s when {size.edges_max} edges "
        f"are there before ({warm['edge_s']:,.0f} edge-seconds), {reactive['wait_p50_s']:.1f} s when they are started "
        f"for those who want in ({reactive['edge_s']:,.0f}), and {nothing['wait_p50_s']:.1f} s with only one."
    )
