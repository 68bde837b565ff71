"""The fingerprint of the machine a figure was measured on."""

import os
import platform
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

PROBE_ROUNDS = 2_000


def fingerprint() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "speed_probe_ms": round(speed_probe_s() * 1000, 3),
    }


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
