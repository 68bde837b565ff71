"""What a run gives, from either engine, and its JSON form."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.scenario import Scenario

Seconds = NDArray[np.float64]

STAGES = ("api", "log", "broker", "hub", "socket", "end_to_end")
"""The way of a comment. Per comment: api (meant to be posted -> handed to the log), log (-> durable), broker (-> at the
hub), hub (-> the fan-out begins). Per delivery: socket (fan-out begins -> received), end_to_end (meant to be posted ->
received)."""

QUANTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
COUNTS = ("posted", "accepted", "rejected", "delivered", "shed", "lost", "duplicated", "reordered")


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run: ``latency_s`` has the samples of each stage, shape (n,), in seconds."""

    engine: str
    latency_s: dict[str, Seconds]
    counts: dict[str, int]
    elapsed_s: float
    repeat: int = 0
    valid: bool = True
    why_void: str = ""
    facts: dict[str, float] = field(default_factory=dict)  # of the load generator and the machine

    def quantiles_ms(self, stage: str) -> dict[str, float | None]:
        """The stage's quantiles, None where nothing was timed."""
        samples = self.latency_s[stage]
        if not len(samples):
            return dict.fromkeys(QUANTILES)
        values = np.percentile(samples, list(QUANTILES.values())) * 1000
        return {name: round(float(value), 3) for name, value in zip(QUANTILES, values, strict=True)}

    @property
    def throughput_per_s(self) -> dict[str, float]:
        return {
            "comments": round(self.counts["accepted"] / self.elapsed_s, 1),
            "deliveries": round(self.counts["delivered"] / self.elapsed_s, 1),
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "repeat": self.repeat,
            "valid": self.valid,
            "why_void": self.why_void,
            "latency_ms": {stage: self.quantiles_ms(stage) for stage in STAGES},
            "throughput_per_s": self.throughput_per_s,
            "counts": self.counts,
            "facts": self.facts,
        }


Difference = dict[str, float | None]


def compare(live: RunResult, simulated: RunResult) -> dict[str, dict[str, Difference]]:
    """Per stage and quantile: both values in ms, and the simulation's signed error in percent of the live value."""
    comparison = {}
    for stage in STAGES:
        pairs = zip(live.quantiles_ms(stage).items(), simulated.quantiles_ms(stage).values(), strict=True)
        comparison[stage] = {name: _difference(seen, predicted) for (name, seen), predicted in pairs}
    return comparison


def _difference(live_ms: float | None, sim_ms: float | None) -> Difference:
    error = round((sim_ms - live_ms) / live_ms * 100, 1) if live_ms and sim_ms is not None else None
    return {"live": live_ms, "sim": sim_ms, "error_pct": error}


def as_document(scenario: Scenario, runs: list[RunResult], machine: dict[str, Any]) -> dict[str, Any]:
    """The JSON document of an experiment."""
    by_engine = {run.engine: run for run in runs}
    both = "live" in by_engine and "sim" in by_engine
    return {
        "scenario": scenario.model_dump(mode="json"),
        "seed": scenario.seed,
        "machine": machine,
        "runs": [run.as_dict() for run in runs],
        "comparison": compare(by_engine["live"], by_engine["sim"]) if both else {},
    }


def keep(document: object, file: Path | None) -> None:
    """Write a result of any kind to the file that was named for it, if one was."""
    if file is not None:
        file.write_text(json.dumps(document, indent=1, default=float) + "\n")
