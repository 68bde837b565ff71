"""A sheet over time, a column for each variant: load and rung, what became of posts, how late, what was shed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reference_impl.policy.degradation import Rung
from simulation import drawing
from simulation.experiments.degradation.plan import VARIANTS

ACCEPTED, REFUSED, GIVEN_UP = "#2e7d5b", "#d9822b", "#b8b8b8"
ANSWERED, SEEN, MODERATED = "#0b6e99", "#7a4fa3", "#c0392b"
PAGES, FRAMES, SUMS = "#0b6e99", "#2e7d5b", "#d9822b"
HINTS_MAX = 1.0  # sums told in a second, when nothing is left out
FLOOR_MS = 1.0

Seconds = Sequence[Mapping[str, float]]


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Areas and whole lines are the live run's where there is one, dashes the model's."""
    runs = {name: _runs(document, name) for name in VARIANTS}
    names = [name for name, (shown, _) in runs.items() if shown]
    figure, axes = drawing.pyplot.subplots(
        4, len(names), figsize=(4.4 * len(names), 10.5), layout="constrained", sharex=True, sharey="row", squeeze=False
    )
    for column, name in enumerate(names):
        for row, panel in enumerate((_load, _posts, _late, _kept)):
            panel(axes[row][column], *runs[name])
            axes[row][column].grid(alpha=0.25)
            axes[row][column].spines[["top", "right"]].set_visible(False)
        axes[0][column].set_title(name, loc="left", fontsize=12, fontweight="bold")
        axes[3][column].set_xlabel("s")
    for row in range(4):
        axes[row][-1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.suptitle(document["question"], x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=130)
    drawing.pyplot.close(figure)


def _runs(document: Mapping[str, Any], variant: str) -> tuple[Seconds, Seconds]:
    """The seconds of the first run to be shown, and those of the model if that is another one."""
    by_engine = {
        each["engine"]: each["facts"]["seconds"]
        for each in reversed(document["observations"])
        if each["variant"] == variant and not each["why_void"]
    }
    modelled = by_engine.get("sim", [])
    return (by_engine["live"], modelled) if "live" in by_engine else (modelled, [])


def _load(axis: "drawing.Axes", shown: Seconds, modelled: Seconds) -> None:
    axis.fill_between(
        _at(shown), [each["multiple"] for each in shown], step="post", color="#dfe7ec", label="load, x capacity"
    )
    axis.step(_at(shown), [each["rung"] for each in shown], where="post", color="black", label="rung")
    if modelled:
        axis.step(_at(modelled), [each["rung"] for each in modelled], where="post", color="black", ls="--", lw=1)
    axis.set_yticks(range(len(Rung)), [f"{rung.value}  {rung.name.lower().replace('_', ' ')}" for rung in Rung])


def _posts(axis: "drawing.Axes", shown: Seconds, modelled: Seconds) -> None:
    accepted = [each["accepted_per_s"] for each in shown]
    refused = [each["offered_per_s"] * each["refused_pct"] / 100 for each in shown]
    given_up = [each["offered_per_s"] * each["given_up_pct"] / 100 for each in shown]
    axis.stackplot(
        _at(shown), accepted, refused, given_up, colors=(ACCEPTED, REFUSED, GIVEN_UP),
        labels=("accepted", "refused", "nobody took them"),
    )  # fmt: skip
    axis.plot(_at(modelled), [each["accepted_per_s"] for each in modelled], "k--", lw=1)
    axis.set_ylabel("posts/s")


def _late(axis: "drawing.Axes", shown: Seconds, modelled: Seconds) -> None:
    lines = {
        "post answered": ("answer", ANSWERED),
        "comment seen": ("seen", SEEN),
        "moderator": ("moderator", MODERATED),
    }
    for title, (name, colour) in lines.items():
        axis.plot(_at(shown), _positive(shown, f"{name}_p99_ms"), color=colour, label=title)
        axis.plot(_at(modelled), _positive(modelled, f"{name}_p99_ms"), color=colour, ls="--", lw=1)
    axis.set_yscale("log")
    axis.set_ylabel("p99, ms")


def _kept(axis: "drawing.Axes", shown: Seconds, modelled: Seconds) -> None:
    most = max((each["frames_per_s"] for each in (*shown, *modelled)), default=1.0) or 1.0
    lines = {
        "pages of history": ("pages_pct", 1.0, PAGES), "sums of reactions": ("hints_per_s", 100 / HINTS_MAX, SUMS),
        f"frames (of {most:.0f}/s)": ("frames_per_s", 100 / most, FRAMES),
    }  # fmt: skip
    for title, (name, scale, colour) in lines.items():
        axis.plot(_at(shown), [min(100.0, each[name] * scale) for each in shown], color=colour, label=title)
        axis.plot(_at(modelled), [min(100.0, each[name] * scale) for each in modelled], color=colour, ls="--", lw=1)
    axis.set_ylabel("kept, %")
    axis.set_ylim(0, 105)


def _at(seconds: Seconds) -> list[float]:
    return [each["at_s"] for each in seconds]


def _positive(seconds: Seconds, name: str) -> list[float]:
    """A gap where there was nothing to time, on an axis that has no 0."""
    return [max(FLOOR_MS, each[name]) if each[name] else float("nan") for each in seconds]
