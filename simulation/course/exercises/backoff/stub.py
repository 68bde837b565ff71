"""Exercise 08 backoff: ten thousand come back, and not at once.

A server dies, and all its viewers notice in the same moment. What each of them does next is decided here; what all of
them do together is a storm, or none.

- `connected(now)`: a connection is up.
- `lost(now)`: it has ended, or could not be made. Answer in how many seconds to try again: drawn evenly from 0 to a
  ceiling, which is `base_s` the first time, doubles with each failure in a row, and is never more than `cap_s`.
- `lost(now, retry_after_s=5.0)`: the server refused and said so. It says the same to everybody.
- `lost(now, slot_s=3.2)`: the server ends, and has given every client a time of its own to come back.

`rng` is a `random.Random`; `rng.random()` is evenly spread from 0 to 1. Time is in seconds.

The checks, in simulated time:

1. a delay is anywhere between nothing and the ceiling, which is `base_s` x 2 ** (earlier failures in a row);
2. the ceiling has a cap, after any number of failures;
3. each client has a chance of its own: its `rng`, by which a test can repeat it;
4. a slot is kept to exactly; Retry-After is the earliest time, and all who were told it still do not come together;
5. only a connection that has lasted `stable_s` makes the failures forgotten;
6. 10,000 clients come back to a server that was away for 20 s: at most 1,000 in any second, all within 35 s.
"""

from random import Random


class Backoff:
    def __init__(self, base_s: float, cap_s: float, stable_s: float, rng: Random) -> None:
        self.base_s = base_s
        self.cap_s = cap_s
        self.stable_s = stable_s
        self.rng = rng

    def connected(self, now: float) -> None:
        raise NotImplementedError

    def lost(self, now: float, *, retry_after_s: float = 0.0, slot_s: float | None = None) -> float:
        raise NotImplementedError
