"""A chaos run as a table, a document and a picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from reference_impl.failing import fail
from simulation import drawing
from simulation.chaos.faults import FAULTS
from simulation.chaos.run import Outcome
from simulation.chaos.sights import Sight
from simulation.machine import fingerprint
from simulation.tables import on_screen

HEADINGS = (
    "fault", "what happens", "lasts s", "silence s", "(median)", "slowest s", "back after s", "sent again", "gaps",
)  # fmt: skip


def lines(sights: Sequence[Sight]) -> list[list[str]]:
    """A line for each fault, with the medians of those that came more than once."""
    found = []
    for name in dict.fromkeys(sight.fault for sight in sights):
        ours = [sight for sight in sights if sight.fault == name]
        found.append([
            name, FAULTS[name].what, f"{_median(ours, 'lasted_s'):.1f}", f"{_median(ours, 'silence_s'):.1f}",
            f"{_median(ours, 'silence_median_s'):.1f}", f"{_median(ours, 'latency_worst_ms') / 1000:.1f}",
            f"{_median(ours, 'recovery_s'):.1f}", f"{_median(ours, 'retried'):.0f}", f"{_median(ours, 'gaps'):.0f}",
        ])  # fmt: skip
    return found


def _median(sights: Sequence[Sight], name: str) -> float:
    return float(median(getattr(sight, name) for sight in sights))


def table(sights: Sequence[Sight]) -> Table:
    """Without what happens, for which a screen is too narrow."""
    head, *rows = ((name, *figures) for name, _, *figures in (HEADINGS, *lines(sights)))
    return on_screen(head, rows)


def document(outcome: Outcome) -> dict[str, Any]:
    return {"machine": fingerprint(), **outcome.as_dict()}


def read_timeline(path: Path) -> tuple[int, list[str]]:
    """The seed and the faults of an earlier run's result."""
    try:
        found = json.loads(path.read_text())
        seed, names = int(found["plan"]["seed"]), [str(name) for _, name in found["timeline"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"cannot read the timeline of {path}: {error!r}; it takes the --json of an earlier run")
    if unknown := [name for name in names if name not in FAULTS]:
        fail(f"{path} names the fault {unknown[0]!r}; there are {', '.join(FAULTS)}")
    return seed, names


def plot(sights: Sequence[Sight], path: Path) -> None:
    """Draw how long viewers saw nothing, and how long it took to be as before."""
    names = list(dict.fromkeys(sight.fault for sight in sights))
    figure, axes = drawing.pyplot.subplots(figsize=(8, 0.45 * len(names) + 1.2), layout="constrained")
    for shift, (field, label) in enumerate(
        (("lasted_s", "the fault lasted"), ("silence_s", "longest silence"), ("latency_worst_ms", "slowest comment"))
    ):
        scale = 1000 if field.endswith("_ms") else 1
        values = [_median([each for each in sights if each.fault == name], field) / scale for name in names]
        axes.barh([place + 0.27 * shift for place in range(len(names))], values, 0.25, label=label)
    axes.set_yticks([place + 0.27 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
