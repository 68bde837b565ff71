"""moderation_budget: how slow a scorer may be for comments to wait for it, and what not waiting exposes viewers to."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from simulation.calibration import Calibration
from simulation.engines.calibrate import calibrate
from simulation.engines.processes import ProcessError
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middle
from simulation.experiments.moderation_budget.picture import draw
from simulation.experiments.moderation_budget.plan import BUDGET_MS, IDEAL_MS, LATENCIES_MS, VARIANTS, Size
from simulation.experiments.moderation_budget.sim import Simulated
from simulation.experiments.sizes import Resizable
from simulation.replications import Streams
from simulation.scenario import make_scenario

SEED = 1
MEASURES = (
    Measure("post_p99_ms", "post p99, ms", 0),
    Measure("end_to_end_p99_ms", "post to screen p99, ms", 0),
    Measure("exposure_s", "exposure, viewer-s per 1,000 comments", 0),
    Measure("removed_pct", "removed after being shown, %", 2),
    Measure("fallback_pct", "decided without the scorer, %"),
    Measure("wrongly_held_pct", "harmless, held or removed, %", 2),
    Measure("left_pct", "bad, left standing, %"),
    Measure("waiting_most", "waiting for the scorer at most", 0),
)
_SIZE = Size()


class ModerationBudget(Resizable[Size]):
    """A `Family`, in the model only."""

    name = "moderation_budget"
    question = "How slow may a scorer be if comments wait for it, and what do viewers see if they do not?"
    size = (
        f"{_SIZE.per_s:.0f} comments/s on average, a recorded chat in quick motion, for {_SIZE.seconds:g} s; "
        f"{_SIZE.viewers:,} viewers; a scorer that answers {_SIZE.places.in_flight_max} at once, in a median of "
        f"{LATENCIES_MS[0]} to {LATENCIES_MS[-1]} ms with a heavy tail; in the model only, since the scorer is "
        "simulated."
    )
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 1
    once = ()
    simulated_only: Sequence[str] = tuple(VARIANTS)
    repeats_sim = 4

    def __init__(self, size: Size = _SIZE) -> None:
        super().__init__(size)

    async def probe(self) -> dict[str, Any]:
        """What a server with so many viewers costs here without a scorer; about ten seconds."""
        scenario = make_scenario({
            "name": self.name, "duration_s": 4.0, "warm_up_s": 1.0, "audience": {"viewers": self._size.viewers},
            "workload": {"trace": self._size.trace}, "system": {"window_ms": 20.0},
        }, self.name)  # fmt: skip
        return (await calibrate(scenario)).as_dict()

    async def live(self, variant: str, repeat: int) -> Observation:
        raise ProcessError(
            f"there is no {self.name} live: scorers are everybody's own, and one of a stated latency can only be "
            "simulated. `livecomments run fan_out` and `livecomments bench ingest` measure live what is around it, "
            f"and `livecomments run {self.name} --engine sim` is this experiment"
        )

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        """All variants of a repeat have the same comments, scores and, but for its median, the same scorer."""
        chosen = VARIANTS[variant]
        run = Simulated(chosen, self._size, Calibration.of(costs), Streams(SEED, self.name, repeat)).run()
        return Observation(variant, "sim", repeat, run.values(chosen.scoring.hold_from), run.facts())

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        """What waiting costs, and what not waiting exposes, by the scorer's latency."""
        draw(document, path)

    def answer(self, observations: Sequence[Observation]) -> str:
        found = Told(observations)
        fast, slow = LATENCIES_MS[0], LATENCIES_MS[-1]
        behind_ms = max(found.of("behind", f"{ms}ms", "end_to_end_p99_ms") for ms in LATENCIES_MS)
        return (
            f"Comments that wait are on screens within {BUDGET_MS:,.0f} ms at p99 "
            f"{found.up_to(BUDGET_MS)}, and within {IDEAL_MS:,.0f} ms {found.up_to(IDEAL_MS)}. Those that do not wait "
            f"are there within {behind_ms:,.0f} ms, and of 1,000 of them the bad ones are seen for "
            f"{found.of('behind', f'{fast}ms', 'exposure_s'):,.0f} viewer-seconds with a scorer of {fast} ms and "
            f"{found.of('behind', f'{slow}ms', 'exposure_s'):,.0f} with one of {slow} ms."
        )


class Told:
    """By each variant's runs."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._observations = [each for each in observations if not each.why_void]

    def of(self, way: str, at: str, measure: str) -> float:
        return middle(self._observations, f"{way}-{at}", measure)

    def up_to(self, limit_ms: float) -> str:
        """The slowest scorer that keeps to the limit, as all faster ones do."""
        within = list(
            takewhile(lambda ms: self.of("patient", f"{ms}ms", "end_to_end_p99_ms") <= limit_ms, LATENCIES_MS)
        )
        return f"with a scorer of up to {within[-1]} ms" if within else f"not even at {LATENCIES_MS[0]} ms"
