"""The table of all checks as text: for the command, and for the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulation import tables
from simulation.laws.checks import Check

HEADINGS = ("law", "of the model", "quantity", "theory", "simulated", "off", "half-width", "variance", "obeyed")


def cells(check: Check) -> Sequence[str]:
    scale, unit = _unit(check.quantity)
    off = check.mean / check.theory - 1
    return (
        check.law,
        check.station,
        check.quantity,
        f"{check.theory * scale:.3f}{unit}",
        f"{check.mean * scale:.3f} ± {check.half_width * scale:.3f}{unit}",
        f"{off:+.2%}",
        f"{check.half_width / check.mean:.2%}",
        f"/ {check.reduction:.1f}",
        "NO" if not check.inside else "yes" if check.narrow else "too wide",
    )


def _unit(quantity: str) -> tuple[float, str]:
    if quantity.startswith("share"):
        return 100, " %"
    return (1, "") if quantity.startswith("counted") else (1000, " ms")


def markdown(document: Mapping[str, Any]) -> str:
    """The table of a result."""
    about = (
        f"{document['replications']} replications, seed {document['seed']}, "
        f"intervals at {document['confidence']:.0%}; *variance*: what control variates divided it by."
    )
    rows = (cells(Check(**row)) for row in document["checks"])
    return f"{about}\n\n{tables.markdown(HEADINGS, rows, '|---|---|---|--:|')}"
