"""degradation: what a server keeps and sheds as the load rises past what it holds, with its ladder and without."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from simulation.experiments.degradation import picture
from simulation.experiments.degradation.live import capacity_per_s, case_for, measure, run_live, why_void
from simulation.experiments.degradation.plan import LAG_MAX_MS, VARIANTS, Size
from simulation.experiments.degradation.sim import Simulated
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middles, of_one_engine
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("accepted_per_s", "at the highest load: comments accepted/s", 0),
    Measure("refused_pct", "posts refused, %"),
    Measure("given_up_pct", "posts that found nobody to take them, %"),
    Measure("answer_p99_ms", "post p99, ms", 0),
    Measure("seen_p99_ms", "end to end p99, ms", 0),
    Measure("moderator_p99_ms", "moderators' actions p99, ms", 0),
    Measure("moderated_pct", "moderators' actions done, %", tells=False),
    Measure("pages_pct", "pages of history answered, %"),
    Measure("frames_per_s", "frames to a viewer/s"),
    Measure("hints_per_s", "sums of reactions told/s"),
    Measure("settled_accepted_per_s", "in its last 4 s: comments accepted/s", 0),
    Measure("settled_answer_p99_ms", "in its last 4 s: post p99, ms", 0),
    Measure("settled_moderator_p99_ms", "in its last 4 s: moderators' actions p99, ms", 0),
    Measure("first_rung_x", "load at the first rung, x capacity (0: never)", tells=False),
    Measure("read_only_x", "load at read-only, x capacity (0: never)", tells=False),
    Measure("recovery_s", "from the fall of the load until posts are as before, s"),
    Measure("lost", "comments lost", 0, tells=False),
    Measure("doubled", "comments doubled", 0, tells=False),
)
RUNGS = ("first_rung_x", "read_only_x")  # told by most runs: a mean would be above 0 for one of them
_SIZE = Size()


class Degradation(Resizable[Size]):
    """A `Family`, and `Pictured`. Live runs of one process have one capacity, and so the same arrivals."""

    name = "degradation"
    question = "What is kept and what is shed as the load rises past what a server holds, with its ladder and without?"
    size = (
        f"one core with {_SIZE.viewers:,} viewers; {' - '.join(f'{step.multiple:g}' for step in _SIZE.steps)} times "
        f"what it was found to hold, {' - '.join(f'{step.seconds:g}' for step in _SIZE.steps)} s; a loop that is "
        f"{LAG_MAX_MS:g} ms late is overloaded (the server's own limit is 500 ms)"
    )
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 1
    once = ()
    simulated_only = ()
    repeats_sim = 3

    def __init__(self, size: Size = _SIZE) -> None:
        super().__init__(size)
        self._capacity = 0.0

    async def probe(self) -> dict[str, Any]:
        """What a mix of requests, their parts and refusals cost; about 20 seconds."""
        costs = await measure(self._size)
        self._capacity = costs["capacity_per_s"]
        return costs

    async def live(self, variant: str, repeat: int) -> Observation:
        self._capacity = self._capacity or await capacity_per_s(self._size)
        record, of_load = await run_live(case_for(variant, repeat, self._capacity, self._size))
        busy, capacity = of_load["busy"], round(self._capacity)
        facts = {"generator_busy": round(busy, 3), "viewers_gone": of_load["viewers_gone"], "capacity_per_s": capacity}
        return Observation(variant, "live", repeat, record.values(), facts | record.facts(), why_void(busy))

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        record = Simulated(case_for(variant, repeat, costs["capacity_per_s"], self._size), costs).run()
        return Observation(variant, "sim", repeat, record.values(), record.facts())

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        told = of_one_engine(observations)
        figures = middles(told, MEASURES)
        on, off, limits = (figures[name] for name in ("ladder", "no-ladder", "limits"))
        rungs = {name: median(each.values[name] for each in told if each.variant == "ladder") for name in RUNGS}
        top = self._size.steps[self._size.top].multiple
        return (
            f"At {top:g} times what it holds a server with its ladder {_climbed(rungs)}, takes "
            f"{on['accepted_per_s']:,.0f} comments/s (without it {off['accepted_per_s']:,.0f}), sends a viewer "
            f"{on['frames_per_s']:.1f} frames/s ({off['frames_per_s']:.1f}), does {on['moderated_pct']:.0f}% of what "
            f"moderators ask ({off['moderated_pct']:.0f}%) and answers posts within {on['answer_p99_ms'] / 1e3:.1f} s "
            f"at p99 ({off['answer_p99_ms'] / 1e3:.1f}). Limits for each author, to be known beforehand, take "
            f"{limits['accepted_per_s']:,.0f} comments/s and answer within {limits['answer_p99_ms'] / 1e3:.1f} s."
        )

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        picture.draw(document, path)


def _climbed(figures: Mapping[str, float]) -> str:
    if not figures["first_rung_x"]:
        return "leaves nothing out"
    return "becomes read-only" if figures["read_only_x"] else "leaves things out"
