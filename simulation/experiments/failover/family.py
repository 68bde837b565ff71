"""What viewers and authors see when a part dies, and what jitter and breakers change."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulation.experiments.failover.costs import measure
from simulation.experiments.failover.live import run_variant
from simulation.experiments.failover.plan import SIZE, Size, variants
from simulation.experiments.failover.sim import Draws, Run
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middles, not_shown, of_one_engine, shows
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("gap_s", "longest silence, worst viewer, s"),
    Measure("gap_median_s", "longest silence, median viewer, s"),
    Measure("recovery_s", "from the fault until all is as before, s"),
    Measure("peak_joins", "most joins in 100 ms", digits=0),
    Measure("accepted_again_s", "from the fault until posts are accepted, s"),
    Measure("waited", "posts that waited to the deadline in vain", digits=0),
    Measure("refused", "posts answered with 503", digits=0),
    Measure("work_done_s", "from the fault until pending work is done, s"),
    Measure("lost", "comments lost", digits=0, tells=False),
    Measure("doubled", "comments doubled", digits=0, tells=False),
)
CLAIMS = ("peak_joins", "edge", "edge-no-jitter"), ("waited", "log", "log-no-breaker")


class Failover(Resizable[Size]):
    """A `Family`. What a variant has nothing of (joins, work) is 0."""

    name = "failover"
    question = "What do viewers and authors see when a part dies, and what do jitter and breakers change?"
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(variants())
    repeats_live = 2
    once = ("edge-no-jitter", "log", "log-no-breaker")
    simulated_only = ()
    repeats_sim = 20

    def __init__(self, size: Size = SIZE) -> None:
        super().__init__(size)

    @property
    def size(self) -> str:
        size = self._size
        return (
            f"{2 * size.edge_viewers:,} viewers at two edges where one is killed, else {size.viewers:,} at each "
            f"server; {size.rate_per_s:g} comments/s; one fault in each run"
        )

    async def probe(self) -> dict[str, Any]:
        """Starts of an edge and of Redis, joins, commits, reads and hops, on processes of the probe's own."""
        return await measure()

    async def live(self, variant: str, repeat: int) -> Observation:
        record, facts, why_void = await run_variant(variants(self._size)[variant], repeat)
        return Observation(variant, "live", repeat, record.values(), facts, why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        record = Run(variants(self._size)[variant], Draws(costs, repeat)).record()
        return Observation(variant, "sim", repeat, record.values(), {"posts": len(record.meant_s)})

    def answer(self, observations: Sequence[Observation]) -> str:
        """From the live figures, or from the model's where nothing ran live."""
        told = of_one_engine(observations)
        figures = middles(told, MEASURES)
        later = shows(told, "accepted_again_s", "log-no-breaker", "log")
        return " ".join(filter(None, (_seen(figures), _changed(figures, later), *not_shown(told, MEASURES, CLAIMS))))


def _seen(figures: Mapping[str, Mapping[str, float]]) -> str:
    """The sentence on what a fault looks like."""
    said = []
    if "edge" in figures:
        said.append(f"a killed edge is silent for {figures['edge']['gap_median_s']:.1f} s (median viewer)")
    if "broker" in figures:
        said.append(f"a killed Redis for {figures['broker']['gap_s']:.1f} s")
    if "log" in figures:
        said.append(f"authors are without a stalled log for {figures['log']['accepted_again_s']:.1f} s")
    if "worker" in figures:
        said.append(f"a dead worker's work waits {figures['worker']['work_done_s']:.1f} s for its lease to end")
    lost = sum(each["lost"] + each["doubled"] for each in figures.values())
    said.append("nothing is lost or doubled" if not lost else f"{lost:.0f} comments were lost or doubled")
    return _sentence("; ".join(said))


def _changed(figures: Mapping[str, Mapping[str, float]], later: bool) -> str:
    """The sentence on jitter and breakers; ``later``: runs show that posts are accepted later with one."""
    said = []
    if {"edge", "edge-no-jitter"} <= set(figures):
        bare, spread = figures["edge-no-jitter"]["peak_joins"], figures["edge"]["peak_joins"]
        said.append(f"without jitter {bare:.0f} viewers come back within 100 ms instead of {spread:.0f}")
    if {"log", "log-no-breaker"} <= set(figures):
        asked, guarded = figures["log-no-breaker"], figures["log"]
        later_s = guarded["accepted_again_s"] - asked["accepted_again_s"]
        said.append(
            f"without a breaker {asked['waited']:.0f} posts wait to their deadline in vain instead of "
            f"{guarded['waited']:.0f}"
            + (f", for which a breaker has posts accepted {later_s:.1f} s later" if later else "")
        )
    return _sentence(", and ".join(said)) if said else ""


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
