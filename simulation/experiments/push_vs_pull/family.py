"""push_vs_pull: what pull costs against push, in freshness, requests, CPU and bytes."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

from simulation.engines import nginx
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import live_where_run, middles
from simulation.experiments.push_vs_pull.costs import measure
from simulation.experiments.push_vs_pull.crowd import simulate_crowd
from simulation.experiments.push_vs_pull.live import run_live
from simulation.experiments.push_vs_pull.picture import draw
from simulation.experiments.push_vs_pull.plan import VARIANTS, Case, Size
from simulation.experiments.push_vs_pull.sim import simulate
from simulation.experiments.showing import NAMES
from simulation.experiments.sizes import Resizable

MEASURES = (
    Measure("freshness_p50_ms", "freshness p50, ms"),
    Measure("freshness_p99_ms", "freshness p99, ms"),
    Measure("requests_per_s", "requests/s", 0),
    Measure("empty_pct", "answers without a comment, %"),
    Measure("cpu_us_per_viewer_s", "CPU of servers, µs for a viewer and second"),
    Measure("cache_us_per_viewer_s", "CPU of caches, µs for a viewer and second"),
    Measure("bytes_per_viewer_s", "bytes on the wire for a viewer and second", 0),
    Measure("processes", "processes of servers and caches", 0, tells=False),
    Measure("lost", "comments that viewers lack at the end", 0, tells=False),
    Measure("doubled", "comments doubled", 0, tells=False),
)
PUSH, PULL, CACHED = "sse", "poll-1s", "segments"
NO_CACHE = f"segments are read from a cache, and there is {nginx.MISSING}"
CPU = ("cpu_us_per_viewer_s", "cache_us_per_viewer_s")


class PushVsPull(Resizable[Size]):
    """A `Family`, `Needing` an nginx. ``size`` may have any number of viewers that the machine holds; the model alone
    has a crowd.
    """

    name = "push_vs_pull"
    question = "What does pull cost against push?"
    measures: Sequence[Measure] = MEASURES
    variants: Sequence[str] = tuple(VARIANTS)
    repeats_live = 2
    once = ("poll-1s", "poll-2s", "poll-5s")
    simulated_only = tuple(name for name, variant in VARIANTS.items() if variant.crowded)
    repeats_sim = 5

    def __init__(self, size: Size | None = None) -> None:
        super().__init__(size or Size())

    @property
    def size(self) -> str:
        size = self._size
        return (
            f"{size.viewers:,} viewers, {size.rate_per_s:g} comments/s, {size.seconds:g} s; a crowd, simulated only: "
            f"{size.crowd:,} viewers, at processes that are {size.busy_max:.0%} busy."
        )

    @property
    def lacking(self) -> Mapping[str, str]:
        return {} if nginx.program() else {CACHED: NO_CACHE}

    async def probe(self) -> dict[str, Any]:
        """A fan-out, posts, polls of each kind, and what a cache and the server behind it take for segments."""
        return await measure(self._size, cached=not self.lacking)

    async def live(self, variant: str, repeat: int) -> Observation:
        run, facts, why_void = await run_live(Case(VARIANTS[variant], repeat, self._size))
        values = {name: value for name, value in run.values().items() if not (why_void and isnan(value))}
        return Observation(variant, "live", repeat, values, facts, why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        case = Case(VARIANTS[variant], repeat, self._size)
        run = (simulate_crowd if case.variant.crowded else simulate)(case, costs)
        why_void = "" if case.variant.crowded else run.why_full()
        return Observation(variant, "sim", repeat, run.values(), {"viewers": run.viewers}, why_void)

    def plot(self, document: Mapping[str, Any], path: Path) -> None:
        """Freshness against what it costs."""
        draw(document, path)

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the crowd the model's. What has run in neither is left out."""
        told = live_where_run(observations)
        figures, engines = middles(told, MEASURES), {each.variant: each.engine for each in told}
        push = figures[PUSH]
        pulls = " and ".join(
            f"`{name}`{_unlike(engines[name], engines[PUSH])} {_against(figures[name], push)}"
            for name in (PULL, CACHED) if name in figures
        )  # fmt: skip
        here = (
            f"To {self._size.viewers:,} viewers `{PUSH}` shows a comment after {push['freshness_p50_ms']:,.0f} ms "
            f"(p50), {pulls}."
        )
        takes = ", ".join(
            f"{each['processes']:,.0f} processes with `{name}` ({each['freshness_p50_ms'] / 1000:.2f} s)"
            for name in (PUSH, PULL, CACHED) if (each := figures.get(f"{name}-crowd"))
        )  # fmt: skip
        return f"{here} For {self._size.crowd:,} viewers the model takes {takes}." if takes else here


def _unlike(engine: str, other: str) -> str:
    """Of a figure beside those of the other engine."""
    return "" if engine == other else f" ({NAMES[engine]})"


def _against(pull: Mapping[str, float], push: Mapping[str, float]) -> str:
    cpu = _times(sum(map(pull.__getitem__, CPU)), sum(map(push.__getitem__, CPU)))
    wire = _times(pull["bytes_per_viewer_s"], push["bytes_per_viewer_s"])
    return f"after {pull['freshness_p50_ms']:,.0f} ms for {cpu} times the CPU and {wire} times the bytes"


def _times(pull: float, push: float) -> str:
    return f"{pull / push:.2g}" if push else "?"
