"""The fingerprint of the machine that figures were measured on, and when that was."""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PROBE_ROUNDS = 2_000


def fingerprint() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "speed_probe_ms": round(speed_probe_s() * 1000, 3),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def measured(rows: Sequence["DataclassInstance"], **about: Any) -> dict[str, Any]:
    """The document of a benchmark: its machine, what else is to be known about it, and its rows."""
    return {"machine": fingerprint(), **about, "rows": [asdict(row) for row in rows]}


def same_machine(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether figures of both may stand in one table; what changes from hour to hour does not count."""
    return all(one.get(name) == other.get(name) for name in ("system", "cpu", "cores", "python"))


def in_words(machine: Mapping[str, Any]) -> str:
    return f"{machine['cores']} cores of {machine['cpu']}, {machine['system']}, Python {machine['python']}"


def speed_probe_s() -> float:
    """The time of a fixed piece of work, the best of five: shared machines change speed from hour to hour."""
    return min(_work_s() for _ in range(5))


def _work_s() -> float:
    start = time.perf_counter()
    data = b"live comments"
    for _ in range(PROBE_ROUNDS):
        data = blake2b(data).digest()
    return time.perf_counter() - start


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
