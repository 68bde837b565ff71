"""Exercise 02 coalescer: one write for each viewer and window.

An edge that writes every comment to every viewer at once makes comments x viewers writes. One that collects for a
window of 20 ms makes at most 50 a second for each viewer, however many comments come. Yours is asked for three things,
and never waits itself; time comes in as `now`, in seconds:

- `offer(item, now)`: a comment has come. Answer the batch to be written now, or [] to let it wait.
- `flush(now)`: the edge wakes at your `deadline`, or a little later. Answer what is due.
- `sent(now)`: the writing of the last batch has ended. Until `now + window_s` the edge rests.

`deadline` is when you want to be asked next (absolute, in seconds), None when nothing waits.

The checks, in simulated time:

1. every comment is written once, in the order it came;
2. the first comment after a pause goes at once;
3. between the end of one fan-out and the next the edge rests for a window;
4. nobody waits longer than a fan-out and a window;
5. a busy second (1,000 comments) takes no more writes than it must.
"""

from typing import Any


class Window:
    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self.deadline: float | None = None

    def offer(self, item: Any, now: float) -> list[Any]:
        raise NotImplementedError

    def flush(self, now: float) -> list[Any]:
        raise NotImplementedError

    def sent(self, now: float) -> None:
        raise NotImplementedError
