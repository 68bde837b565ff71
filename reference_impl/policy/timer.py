"""When to wake next, given the deadlines of several policies.

A shell that was woken a little early (event loops round to milliseconds) must not set a timer for the remainder at
once: that would spin the core. After a wake-up the next one is at least the timer's resolution away.
"""

RESOLUTION_S = 0.001


def next_wake(*deadlines: float | None, woken_at: float | None = None) -> float | None:
    """The earliest deadline, but not before ``woken_at`` + the resolution; None when nothing is due."""
    due = [deadline for deadline in deadlines if deadline is not None]
    if not due:
        return None
    return min(due) if woken_at is None else max(min(due), woken_at + RESOLUTION_S)
