"""Exercise 03 poller: when a viewer asks again.

Where nothing can be pushed, a viewer asks for what is new, again and again. Each answer says where the next question
goes on (`next_cursor`) and when it is welcome (`poll_after_s`; 0: at once, there is more). Yours decides when to ask,
and never waits or asks itself; time comes in as `now`, in seconds:

- `cursor`: the next question asks for what comes after it.
- `due_s`: when the next question is to go (absolute, in seconds); None while one is under way.
- `asked(now)`: a question has gone off.
- `answered(next_cursor, poll_after_s, now)`: it was answered, and what was in it is on the screen.
- `failed(retry_after_s, now)`: there was no answer, or a refusal, which may say how long to stay away (else None).

Draw what is left to chance from `rng`. The checks, in simulated time:

1. every comment is on the screen once and in order, whatever fails on the way;
2. no second question goes off while one is under way, however long it takes;
3. it asks when the server says so: at once for 0, else after that pause in the mean, half and one and a half of it at
   the extremes;
4. a crowd that was told the same pause at the same moment does not come back in step;
5. a server that is away is asked less and less often, at least once a minute, never before `retry_after_s`, and not by
   all at the same moment; after an answer everything is as before;
6. a minute of it costs what the closed form says, in questions and in staleness.
"""

from random import Random


class Poller:
    def __init__(self, cursor: str, rng: Random) -> None:
        self.cursor = cursor
        self.due_s: float | None = 0.0
        self.rng = rng

    def asked(self, now: float) -> None:
        raise NotImplementedError

    def answered(self, next_cursor: str, poll_after_s: float, now: float) -> None:
        raise NotImplementedError

    def failed(self, retry_after_s: float | None, now: float) -> None:
        raise NotImplementedError
