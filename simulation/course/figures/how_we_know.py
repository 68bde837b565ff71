"""Figures of the page on method: both scorings of the suite, what was promised and what was not kept."""

from typing import Any

from simulation import tables
from simulation.bars import bars
from simulation.comparing import groups, ranking, scored, summary, worst
from simulation.docs import spoken
from simulation.docs.results import result
from simulation.engines.live import BUSY_MAX
from simulation.experiments.catalogue import FAMILIES
from simulation.suite import suite

SCORINGS = {"first": "fidelity", "again": "fidelity-again"}
GROUPS = {"window": "window", "at_once": "at once, utilisation to 0.6", "busy": "at once, 0.6 to 0.85"}
HEAD = ("viewers are written to", "scenarios", "forecast off by", "live runs apart by", "one live run off by")


def figures() -> dict[str, str]:
    found = {
        "busy_max": spoken.rounded_percent(BUSY_MAX),
        "training": str(len(suite("training"))),
        "experiments": str(len(FAMILIES)),
    }
    for name, file in SCORINGS.items():
        found |= {f"{name}_{key}": value for key, value in _scoring(dict(result(file))).items()}
    return found


def _scoring(document: dict[str, Any]) -> dict[str, str]:
    rows = scored(document)
    bad, (alike, pairs), promises = worst(rows, "forecast"), ranking(rows, "forecast"), bars(document)
    live = [run for run in document["runs"] if run["engine"] == "live"]
    return {
        "scenarios": str(len(document["scenarios"])),
        "repeats": str(document["repeats"]),
        "runs": str(len(live)),
        "void": str(sum(bool(run["why_void"]) for run in live)),
        "worst": f"`{bad.name}`",  # with its quotes: a mark within code would be shown
        "worst_error": spoken.signed(bad.error("forecast")),
        "worst_noise": spoken.rounded_percent(bad.noise),
        "alike": str(alike),
        "pairs": str(pairs),
        "promises": str(len(promises)),
        "kept": str(sum(each.met for each in promises)),
        "broken": "; ".join(f"*{each.what}*" for each in promises if not each.met) or "none",
        "inside": spoken.rounded_percent(summary(rows)["forecast_inside"]),
        "table": _table(document),
    }


def _table(document: dict[str, Any]) -> str:
    """Medians over the scenarios of a group, at p99."""
    rows = []
    found = groups(scored(document))
    for name, group in {"in windows": "window", "at once": GROUPS["at_once"], "at once, busy": GROUPS["busy"]}.items():
        if mine := found.get(group):
            said = summary(mine)
            shares = (said["forecast_error"], said["noise"], said["baseline"])
            rows.append([name, f"{len(mine)}", *(f"{share:.1%}" for share in shares)])
    return tables.markdown(HEAD, rows, "|---|--:|").replace("%", " %")
