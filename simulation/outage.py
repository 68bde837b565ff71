"""What the viewers whom a fault befell saw of it, told the same way of real viewers and of the model's."""

from collections.abc import Sequence

import numpy as np

from simulation.measurements import Receipts, by_seq
from simulation.result import Seconds
from simulation.scenario import Scenario

LATE_S = 0.5  # a comment should be on every screen by then


def outage(
    receipts: Receipts, accepted: Sequence[tuple[int, float]], scenario: Scenario, began_s: float = 0.0
) -> dict[str, float]:
    """Of what they got: the longest gap from a fault on, and how long it took to be over, s.

    ``gap_s``: in which none of them got anything. ``recovered_s``: from the fault's beginning until the last comment
    came that took longer than `LATE_S`, 0 when none did. Of several faults the worst counts.
    """
    seqs, times_s = receipts.per_comment()
    intended_s = by_seq(accepted, int(seqs.max(initial=0)) + 1)[seqs]
    begins_s = sorted(began_s + fault.at_s for fault in scenario.faults)
    pairs = list(zip(begins_s, [*begins_s[1:], began_s + scenario.duration_s], strict=True))
    waits = list(zip(begins_s, [*begins_s[1:], np.inf], strict=True))  # late ones come after the run's end too
    late_s = times_s[times_s - intended_s > LATE_S]
    return {
        "gap_s": round(max(_gap_s(times_s, *pair) for pair in pairs), 3),
        "recovered_s": round(max(_recovered_s(late_s, begin_s, following_s) for begin_s, following_s in waits), 3),
    }


def _gap_s(times_s: Seconds, begin_s: float, end_s: float) -> float:
    within = np.sort(times_s[(times_s > begin_s) & (times_s < end_s)])
    return float(np.diff([begin_s, *within, end_s]).max())


def _recovered_s(late_s: Seconds, begin_s: float, end_s: float) -> float:
    mine = late_s[(late_s > begin_s) & (late_s < end_s)]
    return float(mine.max()) - begin_s if len(mine) else 0.0
