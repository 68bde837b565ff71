"""delivery_guarantees: what each promise costs, and what it keeps, when requests, messages and connections are lost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulation.experiments.delivery_guarantees.costs import measure
from simulation.experiments.delivery_guarantees.live import run_live
from simulation.experiments.delivery_guarantees.picture import draw
from simulation.experiments.delivery_guarantees.plan import VARIANTS, Case, Size
from simulation.experiments.delivery_guarantees.sim import Simulated
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middles, of_one_engine
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("lost_pct", "comments a viewer never saw, %"),
    Measure("doubled_pct", "shown again, %"),
    Measure("behind_pct", "shown behind a later one, %"),
    Measure("unstored_pct", "never stored, %"),
    Measure("unseen_pct", "stored, and seen by nobody, %"),
    Measure("stored_again_pct", "stored again, %"),
    Measure("p50_ms", "latency p50, ms"),
    Measure("p99_ms", "latency p99, ms"),
    Measure("requests", "requests for a comment", digits=2),
    Measure("cpu_ms", "server's CPU for a comment, ms", digits=2),
    Measure("bytes", "bytes to a viewer for a comment", digits=0),
)
_SIZE = Size()


class DeliveryGuarantees(Resizable[Size]):
    """A `Family`. What is in percent is so of what authors meant for viewers, or for the log."""

    name = "delivery_guarantees"
    question = "What do at most once, at least once and exactly once keep and cost when networks lose things?"
    size = (
        f"{_SIZE.viewers} viewers, {_SIZE.posts_per_s:g} comments/s for {_SIZE.seconds:g} s; {_SIZE.lost_share:.0%} of "
        f"requests and as many answers are lost, connections last {_SIZE.lasts_s:g} s in the mean, and the broker is "
        f"gone once for {_SIZE.outage_s * 1000:g} ms; live is as large as the model"
    )
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 2
    once = ()
    simulated_only = ()
    repeats_sim = 20

    def __init__(self, size: Size = _SIZE) -> None:
        super().__init__(size)

    def case(self, variant: str, repeat: int) -> Case:
        return Case(VARIANTS[variant], repeat, self._size)

    async def probe(self) -> dict[str, Any]:
        """The parts of a comment's way, on networks that lose nothing; some fifteen seconds."""
        return await measure()

    async def live(self, variant: str, repeat: int) -> Observation:
        record, facts, why_void = await run_live(self.case(variant, repeat))
        return Observation(variant, "live", repeat, record.values(), facts, why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        model = Simulated(self.case(variant, repeat), costs)
        return Observation(variant, "sim", repeat, model.record().values(), model.facts())

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        figures = middles(of_one_engine(observations), MEASURES)
        most, least, dropped, once = (figures[name] for name in VARIANTS)
        return (
            f"Sent at most once, {most['lost_pct']:.1f}% of comments are never seen by a viewer; sent at least once, "
            f"{least['lost_pct']:.1f}% are not, but {least['doubled_pct']:.1f}% are shown and "
            f"{least['stored_again_pct']:.1f}% stored again, of which a client that drops what it knows leaves "
            f"{dropped['doubled_pct']:.1f}% and {dropped['stored_again_pct']:.1f}%. Key, cursor and log together leave "
            f"{once['lost_pct']:.1f}% not seen, {once['doubled_pct']:.1f}% shown and {once['stored_again_pct']:.1f}% "
            f"stored again, for {once['requests']:.2f} requests a comment, not {most['requests']:.2f}, and a p99 of "
            f"{once['p99_ms']:,.0f} ms, not {most['p99_ms']:,.0f}."
        )

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        draw(document, path)
