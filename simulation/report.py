"""Tables and plots that hold a live run and a simulated one side by side."""

from pathlib import Path

import matplotlib
import numpy as np
from rich.table import Table

from simulation.result import COUNTS, QUANTILES, STAGES, RunResult, Seconds, compare
from simulation.scenario import Scenario

COLOURS = {"live": "#0b6e99", "sim": "#d9822b"}
CURVE_POINTS = 400


def latency_table(live: RunResult, simulated: RunResult) -> Table:
    """Per stage and end to end: live, simulated, and the difference in percent of the live value."""
    table = Table(title="Latency in ms, and the simulation's difference from live", title_justify="left")
    table.add_column("stage")
    for group in ("live", "sim", "diff"):
        for name in QUANTILES:
            table.add_column(f"{group} {name}", justify="right")
    for stage, quantiles in compare(live, simulated).items():
        cells = [f"{each['live']:.2f}" for each in quantiles.values()]
        cells += [f"{each['sim']:.2f}" for each in quantiles.values()]
        cells += [f"{each['error_pct']:+.0f}%" for each in quantiles.values()]
        table.add_row(stage.replace("_", " "), *cells, style="bold" if stage == "end_to_end" else "")
    return table


def counts_table(live: RunResult, simulated: RunResult) -> Table:
    """Rates and counts of both."""
    table = Table(title="Comments and deliveries", title_justify="left")
    for column in ("", "live", "sim", "difference"):
        table.add_column(column, justify="right" if column else "left")
    for name, rate in live.throughput_per_s.items():
        other = simulated.throughput_per_s[name]
        table.add_row(f"{name}/s", f"{rate:,.1f}", f"{other:,.1f}", f"{other - rate:+,.1f}")
    for name in COUNTS:
        here, there = live.counts[name], simulated.counts[name]
        table.add_row(name, f"{here:,}", f"{there:,}", f"{there - here:+,}")
    return table


def plot_latencies(scenario: Scenario, runs: list[RunResult], path: Path) -> None:
    """Write the distribution of every stage's latency, all engines on one chart, as the share of samples above t."""
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(11, 6.2), layout="constrained", sharey=True)
    for axis, stage in zip(axes.flat, STAGES, strict=True):
        for run in runs:
            if len(run.latency_s[stage]):
                axis.plot(*_exceedance(run.latency_s[stage]), color=COLOURS[run.engine], label=run.engine)
        axis.set(title=stage.replace("_", " "), xscale="log", yscale="log", ylim=(8e-4, 1.3))
        axis.grid(which="major", alpha=0.3)
        for share, name in ((0.5, "p50"), (0.05, "p95"), (0.01, "p99")):
            axis.axhline(share, color="grey", linewidth=0.5, linestyle=":")
            axis.annotate(name, (1, share), xycoords=("axes fraction", "data"), fontsize=7, color="grey", ha="right")
    axes.flat[0].legend(frameon=False)
    figure.supxlabel("latency, ms")
    figure.supylabel("share of samples above")
    figure.suptitle(
        f"{scenario.name}: {scenario.audience.viewers:,} viewers, {runs[0].throughput_per_s['comments']:g} comments/s, "
        f"window {scenario.system.window_ms:g} ms, {scenario.duration_s:g} s"
    )
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _exceedance(samples: Seconds) -> tuple[Seconds, Seconds]:
    """A curve of at most CURVE_POINTS points (ms, share above), denser in the tail."""
    shares = np.geomspace(1.0, max(1e-3, 1 / len(samples)), CURVE_POINTS)
    return np.maximum(np.quantile(samples, 1 - shares), 1e-6) * 1000, shares
