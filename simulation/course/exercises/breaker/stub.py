"""Exercise 08 breaker: leave alone what does not answer.

A log that stalls holds everybody who asks it until their deadline, and the more wait the worse it gets. A breaker in
front of it refuses at once while that is so, and finds out when it is over.

- `admit(now)`: answer a ticket (whatever you like but None) to let a call through, or None to refuse it.
- `ended(ticket, status, now)`: a call has ended with this HTTP status: 2xx, 4xx (the caller's own mistake), 5xx, or 0
  if there was no answer at all.
- `state(now)`: "closed", "open" or "half-open".

The settings: `window_s` (10 s), `calls_min` (20), `failure_share` (0.5), `slow_s` (2 s), `open_s` (5 s), `probes` (3).

The checks, in simulated time, at 100 calls a second:

1. bad luck is no outage: it stays closed while less than `failure_share` of the calls that ended in the last
   `window_s` failed, or fewer than `calls_min` ended;
2. a client's mistake (4xx) is an answer: no failure;
3. it opens when at least that share of the window fails (5xx, or no answer), however they are mixed;
4. what takes longer than `slow_s` has failed, whatever it answered;
5. open, it refuses; `open_s` later it is half-open, and lets `probes` calls go on at once, and no more;
6. probes decide: `probes` successes close it, with an empty window; one that fails opens it for another `open_s`;
7. results of calls that began in another state (before it opened, say) are ignored;
8. in an outage of 30 s at most 700 calls wait in vain, and 8 s after it nothing is refused.
"""

from typing import Any


class Breaker:
    def __init__(
        self, window_s: float, calls_min: int, failure_share: float, slow_s: float, open_s: float, probes: int
    ) -> None:
        self.window_s = window_s
        self.calls_min = calls_min
        self.failure_share = failure_share
        self.slow_s = slow_s
        self.open_s = open_s
        self.probes = probes

    def state(self, now: float) -> str:
        raise NotImplementedError

    def admit(self, now: float) -> Any | None:
        raise NotImplementedError

    def ended(self, ticket: Any, status: int, now: float) -> None:
        raise NotImplementedError
