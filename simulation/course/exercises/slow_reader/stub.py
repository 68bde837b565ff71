"""Exercise 07 slow_reader: the bounded queue of one viewer who does not keep up.

A socket that takes no more bytes has a viewer behind it who does not read. The edge goes on writing to everybody else,
and offers your queue what this viewer should have had. Its bound is in bytes, and its ending is called *drop oldest*.

- `offer(frame, first, last, size_bytes)`: a frame with the comments `first` to `last` (sequence numbers, both
  included) wants to wait. Frames come in order and without holes.
- `take()`: the socket can take one more frame. Answer `(gap, frame)`: the oldest frame that waits, and before it the
  range `(first, last)` of comments that were dropped and not told of yet. Either is None if there is none.
- `queued_bytes`: how much waits. What has been taken is not yours any more.

The checks, in simulated time:

1. a full queue neither waits nor raises: the edge is in the middle of a loop over all viewers;
2. what waits is at most `bound_bytes`, counted in bytes, and `queued_bytes` says so;
3. every comment is either written or named in a gap: once, in order, the gap before what comes behind it;
4. the oldest frames go, and no more of them than must;
5. a frame that is larger than the whole bound is left out itself, and joins the gap;
6. who wakes after half a minute without reading is shown the present.
"""

from typing import Any


class Queue:
    def __init__(self, bound_bytes: int) -> None:
        self.bound_bytes = bound_bytes
        self.queued_bytes = 0

    def offer(self, frame: Any, first: int, last: int, size_bytes: int) -> None:
        raise NotImplementedError

    def take(self) -> tuple[tuple[int, int] | None, Any | None]:
        raise NotImplementedError
