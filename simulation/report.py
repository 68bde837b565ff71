"""Tables and plots that hold a live run and a simulated one side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from simulation import drawing
from simulation.provenance import Provenance
from simulation.result import COUNTS, QUANTILES, STAGES, RunResult, Seconds, compare
from simulation.scenario import Scenario

NAMES = {"live": "live", "sim": "simulated"}
COLOURS = {"live": "#0b6e99", "sim": "#d9822b"}
CURVE_POINTS = 400
SHORTEST_S = 1e-5  # what takes less is drawn there


def tables(runs: Sequence[RunResult]) -> tuple[Table, Table]:
    """Latencies and counts of one run, or of a live one and a simulated one with what they differ by."""
    if len(runs) == 1:
        return _latency_alone(runs[0]), _counts_alone(runs[0])
    live, simulated = runs
    return _latency_table(live, simulated), _counts_table(live, simulated)


def _latency_alone(run: RunResult) -> Table:
    table = _table(f"Latency in ms, {NAMES[run.engine]}")
    table.add_column("stage", no_wrap=True)
    for name in QUANTILES:
        table.add_column(name, justify="right", min_width=5)
    for stage in STAGES:
        cells = [_figure(each, ".2f") for each in run.quantiles_ms(stage).values()]
        table.add_row(stage.replace("_", " "), *cells, style="bold" if stage == "end_to_end" else "")
    return table


def _counts_alone(run: RunResult) -> Table:
    table = _table("Comments and deliveries")
    table.add_column("")
    table.add_column(NAMES[run.engine], justify="right")
    for name, rate in run.throughput_per_s.items():
        table.add_row(f"{name}/s", f"{rate:,.1f}")
    for name in COUNTS:
        table.add_row(name, f"{run.counts[name]:,}")
    return table


def _latency_table(live: RunResult, simulated: RunResult) -> Table:
    """Per stage and end to end: live, simulated, and the difference in percent of the live value."""
    edges = int(live.facts.get("edges", 0))
    where = f" (live: {edges} edges; simulated: one process)" if edges else ""
    table = _table(f"Latency in ms, and how far the simulation is off{where}")
    table.add_column("stage", no_wrap=True)
    for group in ("live", "sim", "diff"):
        for name in QUANTILES:
            table.add_column(f"{group}\n{name}", justify="right", min_width=5)
    for stage, quantiles in compare(live, simulated).items():
        cells = [_figure(each[group], ".2f") for group in ("live", "sim") for each in quantiles.values()]
        cells += [_figure(each["error_pct"], "+.0f", "%") for each in quantiles.values()]
        table.add_row(stage.replace("_", " "), *cells, style="bold" if stage == "end_to_end" else "")
    return table


def _counts_table(live: RunResult, simulated: RunResult) -> Table:
    """Rates and counts of both."""
    table = _table("Comments and deliveries")
    for column in ("", "live", "sim", "difference"):
        table.add_column(column, justify="right" if column else "left")
    for name, rate in live.throughput_per_s.items():
        other = simulated.throughput_per_s[name]
        table.add_row(f"{name}/s", f"{rate:,.1f}", f"{other:,.1f}", f"{other - rate:+,.1f}")
    for name in COUNTS:
        here, there = live.counts[name], simulated.counts[name]
        table.add_row(name, f"{here:,}", f"{there:,}", f"{there - here:+,}")
    return table


def _figure(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"


def markdown(document: Mapping[str, Any]) -> str:
    """The same two tables as Markdown, from a result's JSON document."""
    live, sim = (next(run for run in document["runs"] if run["engine"] == engine) for engine in ("live", "sim"))
    lines = [
        "| ms | live p50 | p95 | p99 | simulated p50 | p95 | p99 | difference p50 | p95 | p99 |",
        "|---|" + "--:|" * 9,
    ]
    for stage in STAGES:
        cells = [_figure(run["latency_ms"][stage][name], ".2f") for run in (live, sim) for name in QUANTILES]
        cells += [_figure(document["comparison"][stage][name]["error_pct"], "+.0f", "%") for name in QUANTILES]
        lines.append(f"| {stage.replace('_', ' ')} | {' | '.join(cells)} |")
    names = ("comments", "deliveries")
    lines += ["", "| | " + " | ".join([f"{name}/s" for name in names] + list(COUNTS)) + " |", "|---|" + "--:|" * 10]
    for name, run in (("live", live), ("simulated", sim)):
        cells = [f"{run['throughput_per_s'][each]:,.1f}" for each in names] + [f"{run['counts'][c]:,}" for c in COUNTS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    if source := document.get("calibration"):
        lines += ["", str(Provenance.read(source))]
    return "\n".join(lines)


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )


def plot_latencies(scenario: Scenario, runs: list[RunResult], path: Path) -> None:
    """Write every stage's latency distribution, all engines on one chart, as the share of samples that took longer."""
    figure, axes = drawing.pyplot.subplot_mosaic(
        [["end_to_end", "end_to_end", "api", "log", "broker"], ["end_to_end", "end_to_end", "hub", "socket", "words"]],
        figsize=(13, 5.6),
        layout="constrained",
    )
    for stage in STAGES:
        _plot_stage(axes[stage], stage, runs)
    axes["words"].axis("off")
    handles, labels = axes["end_to_end"].get_legend_handles_labels()
    axes["words"].legend(handles, labels, loc="upper left", frameon=False, fontsize=11)
    axes["words"].text(0, 0.45, _words(scenario, runs), va="top", fontsize=9, transform=axes["words"].transAxes)
    figure.supxlabel("latency, ms", fontsize=10)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)


def _plot_stage(axis: "drawing.Axes", stage: str, runs: list[RunResult]) -> None:
    for run in runs:
        if len(run.latency_s[stage]):
            axis.plot(*_exceedance(run.latency_s[stage]), color=COLOURS[run.engine], label=NAMES[run.engine], lw=1.8)
    axis.set(xscale="log", yscale="log", ylim=(8e-4, 1.3))
    axis.set_title(stage.replace("_", " "), loc="left", fontsize=11)
    axis.set_yticks([0.5, 0.05, 0.01], ["p50", "p95", "p99"])
    axis.yaxis.set_minor_locator(drawing.ticker.NullLocator())
    axis.xaxis.set_major_locator(drawing.ticker.LogLocator(subs=(1.0, 3.0)))
    axis.xaxis.set_major_formatter(drawing.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_locator(drawing.ticker.NullLocator())
    axis.grid(alpha=0.35)
    axis.spines[["top", "right"]].set_visible(False)


def _words(scenario: Scenario, runs: list[RunResult]) -> str:
    return (
        f"{scenario.audience.viewers:,} viewers\n{runs[0].throughput_per_s['comments']:g} comments/s\n"
        f"{scenario.workload.trace}, {scenario.workload.speed:g} x\n"
        f"window {scenario.system.window_ms:g} ms\n{scenario.duration_s:g} s"
    )


def _exceedance(samples: Seconds) -> tuple[Seconds, Seconds]:
    """A curve of at most CURVE_POINTS points (ms, share above), denser in the tail."""
    shares = np.geomspace(1.0, max(1e-3, 1 / len(samples)), CURVE_POINTS)
    return np.maximum(np.quantile(samples, 1 - shares), SHORTEST_S) * 1000, shares
