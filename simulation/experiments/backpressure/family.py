"""Backpressure: viewers that do not keep up, under each ending; and authors that are too many, admitted or limited.

The first three variants have 200 viewers of long comments, of whom one in twenty reads at a tenth of the stream's rate,
or not at all for half of the time. The other two send every comment at once, and are offered about 1.7 times what a
server on one core then takes.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from reference_impl.policy.backpressure import Ending
from simulation.engines import processes
from simulation.experiments.backpressure.kernel import kernel_buffers
from simulation.experiments.backpressure.plan import LONG, SIZE, Case, Size, cases, server_options
from simulation.experiments.backpressure.sim import simulate
from simulation.experiments.family import Measure, Observation
from simulation.experiments.middles import middles, of_one_engine, shows
from simulation.experiments.sizes import Resizable
from simulation.replications import Streams

BUSY_MAX = 0.70  # of its core; a load busier than that measures itself
LOAD = "simulation.experiments.backpressure.load"


class Backpressure(Resizable[Size]):
    name = "backpressure"
    question = "What should happen to a viewer who does not keep up, and to authors when too many post?"
    measures = (
        Measure("fast_p99_ms", "p99 of viewers that keep up, ms"),
        Measure("append_p99_ms", "append p99, ms"),
        Measure("accepted_per_s", "accepted/s", 0),
        Measure("refused_per_s", "refused/s", 0),
        Measure("slow_delivered_pct", "slow viewers: delivered, %"),
        Measure("slow_skipped_pct", "slow viewers: named as left out, %"),
        Measure("reconnects", "reconnects"),
        Measure("queued_peak_kb", "queued for slow viewers at most, KB", 0),
        Measure("lost", "lost", 0, tells=False),
        Measure("doubled", "doubled", 0, tells=False),
    )
    variants = tuple(cases(0))
    repeats_live = 2
    once = ()
    simulated_only = ()
    repeats_sim = 5

    def __init__(self, size: Size = SIZE) -> None:
        super().__init__(size)

    @property
    def size(self) -> str:
        size = self._size
        return (
            f"{size.viewers:,} viewers, {size.viewers // 20} of them slow, {size.slow_per_s:g} long comments/s for "
            f"{size.slow_s:g} s; then {size.viewers:,} viewers and {size.crowded_per_s:,g} posts/s for "
            f"{size.crowded_s:g} s; live is as large as the model"
        )

    def case(self, variant: str, repeat: int) -> Case:
        """Repeat n of both engines has the authors of seed n."""
        return cases(repeat, self._size)[variant]

    async def probe(self) -> dict[str, Any]:
        """What a post, a commit, a refusal and a send cost, and what the kernels hold; 30 seconds.

        A refusal that comes alone costs more than one in a crowd by what cold caches and a loop that sleeps cost, and a
        post and its answer twice as much; what is left of a lone post's cost is its commit's, whatever that holds.
        """
        busy = replace(self.case("everybody_admitted", 0), kind="capacity", seconds=1.5)
        alone = await _live(replace(busy, viewers=0))
        lonely = await _live(replace(busy, viewers=0, connections=1))
        refused = await _live(replace(busy, viewers=0, rate=(1, 3_600.0)))
        refused_alone = await _live(replace(busy, viewers=0, rate=(1, 3_600.0), connections=1))
        cold_s = max(0.0, refused_alone["post_s"] - refused["post_s"])
        more_s = lonely["post_s"] - alone["post_s"] - 2 * cold_s
        commit_s = max(0.0, more_s / (lonely["commits"] - alone["commits"]))
        others = 2 / alone["commits"] - 2  # in a large commit, the one beside
        row_s, row_sync_s = (max(0.0, alone[name] - lonely[name]) / others for name in ("work_s", "sync_s"))
        post_s = alone["post_s"] - commit_s * alone["commits"] - row_s
        crowded = await _live(busy)
        watched = Case(kind="readers", per_s=130.0, seconds=3.0, text=LONG)
        found = await _live(watched)
        lone = found["costs"]
        common = kernel_buffers() | {
            "refuse_s": refused["post_s"], "connect_s": found["connect_s"], "comment_bytes": lone["comment_bytes"],
            "commit_work_s": commit_s, "row_s": row_s, "row_sync_s": row_sync_s, "answer_s": post_s / 2,
        }  # fmt: skip
        hot = {
            "ingress_s": [0.0], "api_s": [post_s / 2], "hop_s": [0.0],
            "commit_s": [median(lone["commit_s"])], "comment_s": 0.0, "slack_s": 0.0, "lag_s": 0.0,
            "send_s": (crowded["post_s"] - alone["post_s"]) / busy.viewers, "cold_s": cold_s,
            "cold_send_s": lone["send_s"],
        }  # fmt: skip
        measured_cold = {"cold_s": 0.0, "cold_send_s": lone["send_s"]}
        return {"readers": lone | common | measured_cold, "authors": hot | common}

    async def live(self, variant: str, repeat: int) -> Observation:
        found = await _live(self.case(variant, repeat))
        facts = {"generator_busy": round(found["busy"], 3)}
        why_void = f"the load used {found['busy']:.0%} of its core" if found["busy"] > BUSY_MAX else ""
        return Observation(variant, "live", repeat, self._values(variant, found), facts, why_void)

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        case = self.case(variant, repeat)
        found = simulate(case, costs[case.kind], Streams(1, self.name, repeat))
        return Observation(variant, "sim", repeat, self._values(variant, found))

    def answer(self, observations: Sequence[Observation]) -> str:
        """Live figures where there are some; of the model otherwise."""
        told = of_one_engine(observations)
        figures = middles(told, self.measures)
        gone, skipping = figures[Ending.DISCONNECT.value], figures[Ending.SKIP_TO_HEAD.value]
        free, limited = figures["everybody_admitted"], figures["authors_limited"]
        helps = shows(told, "fast_p99_ms", "authors_limited", "everybody_admitted")
        limit = "limit each author" if helps else "these runs do not show that it helps to limit each author"
        return (
            f"Let a slow viewer skip to the head if it is to see the present ({skipping['slow_skipped_pct']:.0f}% is "
            f"named as left out), or disconnect it if it is to get everything, later "
            f"({gone['slow_delivered_pct']:.0f}% so far, with {gone['reconnects']:.0f} reconnects): those who keep up "
            f"wait {skipping['fast_p99_ms']:.0f} and {gone['fast_p99_ms']:.0f} ms at p99. When too many post, "
            f"{limit}: viewers wait {limited['fast_p99_ms']:,.0f} ms at p99, not {free['fast_p99_ms']:,.0f}, "
            f"for {limited['accepted_per_s']:,.0f} comments/s, not {free['accepted_per_s']:,.0f}."
        )

    def _values(self, variant: str, found: Mapping[str, float]) -> dict[str, float]:
        seconds = found.get("took_s", self.case(variant, 0).seconds)
        return {
            "fast_p99_ms": found["fast_p99_ms"],
            "append_p99_ms": found["append_p99_ms"],
            "accepted_per_s": found["accepted"] / seconds,
            "refused_per_s": found["refused"] / seconds,
            "slow_delivered_pct": found["slow_delivered_share"] * 100,
            "slow_skipped_pct": found["slow_skipped_share"] * 100,
            "reconnects": float(found["reconnects"]),
            "queued_peak_kb": found["queued_peak_bytes"] / 1024,
            "lost": float(found["lost"]),
            "doubled": float(found["doubled"]),
        }


async def _live(case: Case) -> dict[str, Any]:
    """Run a case's load against a server of its own, each on its core."""
    async with _server(case) as (url, pid, measure):
        arguments = [json.dumps(asdict(case)), url, str(pid), str(measure)]
        found: dict[str, Any] = await processes.answer("the load ended", LOAD, arguments, processes.cores().load)
    return found


@asynccontextmanager
async def _server(case: Case) -> AsyncIterator[tuple[str, int, Path]]:
    with TemporaryDirectory(prefix="livecomments-backpressure-") as folder:
        measure = Path(folder) / "measure.csv"
        arguments = ["--port", "0", "--data", f"{folder}/data", "--measure", str(measure), *server_options(case)]
        async with processes.server(arguments, processes.cores().server) as (url, pid):
            yield url, pid, measure
