"""Exercise 07 limiter: who posts too much comes back later.

The cheapest comment is the one that is refused before it has cost anything. Each author has a bucket of `burst` tokens
(11); a comment takes one, and they come back evenly, a bucketful in `period_s` (30 s). Time comes in as `now`, in
seconds of a clock that only goes forward and does not begin at 0.

- `admit(user, now)`: answer 0.0 if this comment may be posted now, or in how many seconds the same author may try
  again. It becomes the answer 429 with `Retry-After`.
- `admit(user, now, exempt=True)`: a moderator, who is always admitted.

The checks, in simulated time:

1. a full bucket gives its burst at once, to each author: a new author's bucket is full;
2. in no stretch of time, wherever it begins, are more than `burst + stretch x burst / period_s` comments let through;
3. a refusal costs nothing;
4. who is refused is let in exactly at the time that it was told (`now + wait`), and not 10 ms before;
5. a day of it adds up: no token is lost or made by rounding;
6. moderators pass, and take no token.
"""


class Limiter:
    def __init__(self, burst: int, period_s: float) -> None:
        self.burst = burst
        self.period_s = period_s

    def admit(self, user: str, now: float, *, exempt: bool = False) -> float:
        raise NotImplementedError
