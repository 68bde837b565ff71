"""How long a core stands still: spins for so many seconds and prints, as JSON, every pause that was not its own.

    python -m simulation.engines.stalls SECONDS

A pause of a process that does nothing but read the clock is the scheduler's, or the machine's below a virtual one.
"""

import json
import sys
import time

SHORTEST_S = 0.0003  # below it a pause is lost in the ordinary cost of things


def pauses(seconds: float) -> list[float]:
    """Every pause longer than `SHORTEST_S` within so many seconds."""
    found, last_s = [], time.perf_counter()
    until_s = last_s + seconds
    while last_s < until_s:
        now_s = time.perf_counter()
        if now_s - last_s > SHORTEST_S:
            found.append(round(now_s - last_s, 7))
        last_s = now_s
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(pauses(float(sys.argv[1]))))
