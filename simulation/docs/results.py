"""The committed results and benchmarks, each read once."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
BENCHES = Path(__file__).parents[1] / "bench" / "results"


def result(name: str) -> Mapping[str, Any]:
    """What an experiment or a run has found, simulation/results/NAME.json."""
    return _read(RESULTS / f"{name}.json")


def bench(name: str) -> Mapping[str, Any]:
    """What a benchmark has measured, simulation/bench/results/NAME.json."""
    return _read(BENCHES / f"{name}.json")


def benches(names: str) -> list[Mapping[str, Any]]:
    """The benchmarks that have such names (`fanout-*`), in order."""
    return [_read(path) for path in sorted(BENCHES.glob(f"{names}.json"))]


@cache
def _read(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text())
    return found
