"""Noisy neighbours: what others have had of the cores on which something was measured, and when that is too much.

Linux counts for each core the time that anybody has used of it, and for each process what it and its children that have
ended have used. The difference is other people's. Interrupts are left out: most of them are a run's own packets, and
many kernels count them to whoever is interrupted, so that what is told is rather too little.
"""

import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

BUSY_SHARE = 0.1
"""Of the cores' time: beyond it costs are not the machine's. A p99 is made by one in a hundred, and others that have a
tenth of the time stand in the way of ten times as many."""
STAT = Path("/proc/stat")
USED = slice(0, 3)  # user, nice, system, in ticks
STOLEN = 7  # by other machines on the same hardware


class Neighbours:
    """Watches these cores from now on, all of them if none are named; what is started has to end before `share`."""

    def __init__(self, cores: Collection[int] = (), stat: Path = STAT) -> None:
        self.cores = set(cores)
        self._stat = stat
        self._names = {f"cpu{core}" for core in self.cores or range(os.cpu_count() or 1)}
        self._began = self._now()

    def share(self) -> float:
        """Of the cores' time until now, how much others had; 0.0 where the system does not tell."""
        used_s, own_s, at_s = (now - then for now, then in zip(self._now(), self._began, strict=True))
        cores_s = at_s * len(self._names)
        return min(1.0, max(0.0, round((used_s - own_s) / cores_s, 3))) if used_s and cores_s > 0 else 0.0

    def _now(self) -> tuple[float, float, float]:
        """What anybody has used of the cores, what this process and its ended children have of any, and the time, s."""
        return used_s(self._names, _read(self._stat)), sum(os.times()[:4]), time.monotonic()


def used_s(names: Collection[str], stat: str) -> float:
    """What the cores of these names ("cpu0") have been used for, in seconds, as Linux tells it."""
    rows = {name: [int(each) for each in ticks] for name, *ticks in map(str.split, stat.splitlines()) if name in names}
    return sum(sum(row[USED]) + row[STOLEN] for row in rows.values()) / os.sysconf("SC_CLK_TCK")


def others_share(machine: Mapping[str, Any]) -> float:
    """What was noted of a machine when something was measured on it."""
    return float(machine.get("others_share", 0.0))


def warning(machine: Mapping[str, Any]) -> str:
    """What is to be said of figures whose costs were measured on such a machine; "" of one that was quiet."""
    others, stalled = (float(machine.get(name, 0.0)) for name in ("others_share", "stalled_share"))
    if max(others, stalled) <= BUSY_SHARE:
        return ""
    signs = [
        *([f"others had {others:.0%} of its cores"] if others else []),
        *([f"a core with nothing to do stood still for {stalled:.0%} of the time"] if stalled else []),
    ]
    return (
        f"This machine was busy while its costs were measured ({', '.join(signs)}): do not trust the simulated "
        "columns; run it again when nothing else runs."
    )


def _read(stat: Path) -> str:
    try:
        return stat.read_text()
    except OSError:
        return ""
