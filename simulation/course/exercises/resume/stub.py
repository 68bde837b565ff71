"""Exercise 06 resume: from a broker that loses, repeats and reorders, everything once and in order.

The log is the truth: an event has a place in it, (epoch, seq), and `seq` counts from 1 without a hole. The broker is a
hint: what it brings may be early, late, there twice, or missing. Your `Follower` is told of all that comes, and answers
what may be passed on now. It never waits itself; `now` is in seconds.

- `receive(epoch, seq, item, now)`: an event came, from the broker or the log. Answer the items that are due, in order.
- `head(epoch, seq, now)`: the log says that events up to `seq` exist.
- `missing(now)`: you are woken at your `deadline`, or a little later. Answer the range of `seq` to be read from the
  log, range(0) for nothing. What is read comes by `receive`; the log may be away, and then nothing comes.

`deadline` is when you want to be woken next (absolute, in seconds), None when nothing is missing. Stragglers have 50 ms
from when a gap is noticed; a question that has brought nothing for 50 ms is asked again. A log begun anew has a higher
epoch, in which `seq` begins at 1.

The checks, in simulated time:

1. what comes out of order or twice is passed on once, in order, whenever it is repeated;
2. a straggler that comes within 50 ms needs no question;
3. a gap that stays is asked for once, 50 ms after it was noticed, while other events go on coming;
4. where one event of three is lost, nobody falls behind;
5. a lost last event is found by the head, and asked for again while the log is away;
6. a new epoch begins at 1, and what comes of an old one then is left out.
"""

from typing import Any


class Follower:
    def __init__(self, epoch: int, seq: int) -> None:
        """Everything up to (epoch, seq) has been passed on."""
        self.deadline: float | None = None

    def receive(self, epoch: int, seq: int, item: Any, now: float) -> list[Any]:
        raise NotImplementedError

    def head(self, epoch: int, seq: int, now: float) -> None:
        raise NotImplementedError

    def missing(self, now: float) -> range:
        raise NotImplementedError
