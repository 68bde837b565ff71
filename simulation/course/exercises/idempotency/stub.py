"""Exercise 06 idempotency: a request that is made again takes effect once.

An author whose answer was lost cannot know whether the comment was stored. So each comment has a key of its author's
making, and a repeat has the same one. Your `Keys` is asked before anything is stored, and told how it went. `now` is in
seconds; `body` is what is asked for, and can be compared; an `answer` is kept and given back as it is.

- `begin(user, key, body, now)`: a request has come. Answer one of
  ("store", None): go on, nobody has asked for this before;
  ("replay", answer): it is stored, and this was the answer;
  ("in-flight", None): the first request is still being handled (409, ask again soon);
  ("reused", None): the key belongs to another body (422).
- `stored(user, key, answer, now)`: what you said "store" to is durable.
- `failed(user, key, now)`: it is not stored, and never will be by that request.

The checks, in simulated time:

1. a repeat has the first answer, and nothing is stored again;
2. the same key with another body is refused;
3. while the first request is on its way a second one is told so;
4. after a failure the next try is stored;
5. two users may have the same key;
6. an answer is known for `lifetime_s` whatever else is posted, and forgotten when twice that is over;
7. a thousand comments over a bad network are stored once each.
"""

from typing import Any


class Keys:
    def __init__(self, lifetime_s: float) -> None:
        self.lifetime_s = lifetime_s

    def begin(self, user: str, key: str, body: Any, now: float) -> tuple[str, Any]:
        raise NotImplementedError

    def stored(self, user: str, key: str, answer: Any, now: float) -> None:
        raise NotImplementedError

    def failed(self, user: str, key: str, now: float) -> None:
        raise NotImplementedError
