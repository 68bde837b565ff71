"""caching: what single flight, copies and warming buy a hot stream's newest page, and what a breaker does."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulation.experiments.caching.costs import measure
from simulation.experiments.caching.live import run_live
from simulation.experiments.caching.plan import VARIANTS, Case, Size
from simulation.experiments.caching.sim import Simulated
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import live_where_run, middles, not_shown
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("hit_pct", "hits of the cache, %"),
    Measure("reads_per_s", "pages read from the log a second, by a server"),
    Measure("p50_ms", "page p50, ms"),
    Measure("p99_ms", "page p99, ms"),
    Measure("late_pct", "pages later than 200 ms, %"),
    Measure("server_busy_pct", "server process, % of a core"),
    Measure("failed", "pages not answered", digits=0, tells=False),
)
CLAIMS = (
    ("reads_per_s", "plain", "no-cache"),
    ("reads_per_s", "single-flight", "plain"),
    ("p99_ms", "fleet-copies", "fleet"),
    ("late_pct", "silent", "silent-no-breaker"),
)
_SIZE = Size()


class Caching(Resizable[Size]):
    """A `Family`. What needs a fleet is simulated only."""

    name = "caching"
    question = "What do single flight, copies and warming buy when many ask for a hot stream's newest comments at once?"
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 2
    once = ()
    simulated_only = tuple(name for name, variant in VARIANTS.items() if variant.fleet > 1)
    repeats_sim = 5

    def __init__(self, size: Size = _SIZE) -> None:
        super().__init__(size)

    @property
    def size(self) -> str:
        size, fleet = self._size, VARIANTS["fleet"]
        return (
            f"{size.crowd} readers at once, {1 / size.every_s:g} times a second for {size.seconds:g} s, of one server "
            f"and one Redis, whose windows live for 1 s; a fleet, simulated only: {fleet.fleet} servers with "
            f"{size.per_s:g} readers/s each, and a cluster of {fleet.nodes}"
        )

    def case(self, variant: str, repeat: int) -> Case:
        return Case(VARIANTS[variant], repeat, self._size)

    async def probe(self) -> dict[str, Any]:
        """Pages, and the calls they are made of; about ten seconds."""
        return await measure()

    async def live(self, variant: str, repeat: int) -> Observation:
        run, facts, why_void = await run_live(self.case(variant, repeat))
        return Observation(variant, "live", repeat, run.values(), facts, why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        model = Simulated(self.case(variant, repeat), costs)
        return Observation(variant, "sim", repeat, model.run().values(), model.facts())

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        told = live_where_run(observations)
        figures = middles(told, MEASURES, VARIANTS)
        plain, flight, warm = (figures[name] for name in ("plain", "single-flight", "warming"))
        one, copies = figures["fleet"], figures["fleet-copies"]
        bare, guarded = figures["silent-no-breaker"], figures["silent"]
        answer = (
            f"Without a cache the log reads {figures['no-cache']['reads_per_s']:,.0f} pages a second, with a plain one "
            f"{plain['reads_per_s']:,.0f} (page p99 {plain['p99_ms']:,.0f} ms), with single flight "
            f"{flight['reads_per_s']:,.1f} ({flight['p99_ms']:,.0f} ms), and with warming, too, {warm['hit_pct']:.0f}% "
            f"are hits ({warm['p99_ms']:,.0f} ms). Copies buy a fleet a p99 of {copies['p99_ms']:,.0f} ms, not "
            f"{one['p99_ms']:,.0f}, and nothing to a server alone; when the cache falls silent a breaker leaves "
            f"{guarded['late_pct']:.0f}% of pages late, not {bare['late_pct']:.0f}%."
        )
        return " ".join([answer, *not_shown(told, MEASURES, CLAIMS)])
