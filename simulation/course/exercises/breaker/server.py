"""The learner's breaker in the real server, whose log is stalled for a while: somebody else holds its lock."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reference_impl.policy.circuit_breaker import BreakerConfig, CircuitBreaker, State
from simulation.course.exercise import Misconception

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM = "demo"
# Commits follow one another, and each that fails takes its whole deadline of 2 s: three are a sign.
WINDOW_S, CALLS_MIN, SHARE, SLOW_S, OPEN_S, PROBES = 5.0, 3, 0.5, 2.0, 2.0, 1
CALM, IMPATIENT = 40, 5  # posts before the stall; at once, again and again, during it
ROUNDS_MAX, TRIES_MAX = 12, 60  # rounds until it has opened, tries until it has closed
PAUSE_S = 0.25
STATES = {"closed": State.CLOSED, "open": State.OPEN, "half-open": State.HALF_OPEN}
FAILED, ANSWERED, UNKNOWN = 503, 200, 499


class _AsTheServers(CircuitBreaker):
    """The learner's breaker behind all that the server's guard asks of its own."""

    answer: ModuleType

    def __init__(self, config: BreakerConfig, rng: Random) -> None:
        super().__init__(config, rng)
        self._breaker = self.answer.Breaker(WINDOW_S, CALLS_MIN, SHARE, SLOW_S, OPEN_S, PROBES)
        self._now_s, self._was = 0.0, State.CLOSED
        self._ended = Counter[bool]()

    def state(self, now_s: float) -> State:
        self._now_s, before = now_s, self._was
        self._was = STATES[self._breaker.state(now_s)]
        self.opened += self._was is State.OPEN and before is not State.OPEN
        return self._was

    def counts(self, now_s: float) -> tuple[int, int]:
        """Of its whole life: the window is the learner's own."""
        return self._ended.total(), self._ended[True]

    def admit(self, now_s: float) -> Any:
        self._now_s = now_s
        return self._breaker.admit(now_s)

    def retry_after_s(self, now_s: float) -> float:
        return OPEN_S

    def succeeded(self, call: Any, now_s: float) -> None:
        self._end(call, ANSWERED, now_s)

    def failed(self, call: Any, now_s: float) -> None:
        self._end(call, FAILED, now_s)

    def abandoned(self, call: Any) -> None:
        """Its caller has gone, so nobody knows: no failure of the log's."""
        self._end(call, UNKNOWN, self._now_s)

    def _end(self, call: Any, status: int, now_s: float) -> None:
        self._ended[status == FAILED] += 1
        self._breaker.ended(call, status, now_s)


def dressed(answer: ModuleType) -> Any:
    return type("Breaker", (_AsTheServers,), {"__slots__": ("_breaker", "_ended", "_now_s", "_was"), "answer": answer})


async def live(answer: ModuleType, stage: "Stage") -> str:
    """Calm, then a log that nobody can write to until posts are refused at once, then calm again."""
    import aiohttp

    from simulation.engines.api_client import gateway_token, open_stream

    with TemporaryDirectory(prefix="livecomments-") as folder:
        async with stage.server("--data", folder, "--rate-burst", "1000000") as url:
            token = await gateway_token(url)
            await open_stream(url, STREAM, token)
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
                posts = Posts(session, url)
                await posts.together(CALM)
                if posts.statuses != {201: CALM} or await posts.breaker() != ("closed", 0):
                    raise Misconception(
                        f"in calm {CALM} posts were answered with {dict(posts.statuses)}, and the breaker (state, "
                        f"times opened) is {await posts.breaker()}: nothing was wrong, and it was to stay closed"
                    )
                with closing(sqlite3.connect(Path(folder) / "comments.sqlite", isolation_level=None)) as other:
                    other.execute("BEGIN IMMEDIATE")
                    await _until_opened(posts)
                    other.execute("ROLLBACK")
                tries = await _until_accepted(posts)
                await posts.check_log()
    return (
        f"closed in calm, open while the log stalled, closed at try {tries} after it; all {posts.statuses[201]} "
        "acknowledged comments are there, once"
    )


async def _until_opened(posts: "Posts") -> None:
    for _ in range(ROUNDS_MAX):
        await posts.together(IMPATIENT)
        if (await posts.breaker())[1]:
            return
    raise Misconception(
        f"the log has not taken a comment for {ROUNDS_MAX} rounds of posts, each of which waited 2 s, and the "
        "breaker is still closed"
    )


async def _until_accepted(posts: "Posts") -> int:
    """How many tries it took, and the breaker is closed then."""
    for number in range(1, TRIES_MAX + 1):
        await posts.together(1)
        if posts.last == 201 and (await posts.breaker())[0] == "closed":
            return number
        await asyncio.sleep(PAUSE_S)
    raise Misconception(
        f"the log is back, and {TRIES_MAX} posts one after the other, {PAUSE_S:g} s apart, have not closed the "
        f"breaker: it is {(await posts.breaker())[0]}, and the last post was answered with {posts.last}"
    )


class Posts:
    """Comments of the run, and what became of them."""

    def __init__(self, session: Any, url: str) -> None:
        self.statuses = Counter[int]()
        self.last = 0
        self._session, self._url = session, url
        self._acknowledged: list[str] = []
        self._made = 0

    async def together(self, count: int) -> None:
        """Post so many at once, and wait for their answers."""
        await asyncio.gather(*(self._post(f"comment {self._made + number}") for number in range(count)))
        self._made += count

    async def breaker(self) -> tuple[str, int]:
        """The state of the one before the log's writes, and how often it has opened."""
        async with self._session.get(f"{self._url}/health") as answer:
            found = (await answer.json())["breakers"]["log_writes"]
        return found["state"], found["opened"]

    async def check_log(self) -> None:
        """What was acknowledged is stored, and nothing twice; what was not may be either."""
        async with self._session.get(f"{self._of_stream}?limit=200") as answer:
            stored = Counter(each["text"] for each in (await answer.json())["items"])
        if set(self._acknowledged) - set(stored) or max(stored.values()) > 1:
            raise Misconception("a comment that was acknowledged is not in the log, or one is there twice")

    @property
    def _of_stream(self) -> str:
        return f"{self._url}/v1/streams/{STREAM}/comments"

    async def _post(self, text: str) -> None:
        body = {"text": text, "author": {"id": "ada"}}
        async with self._session.post(self._of_stream, json=body) as answer:
            self.last = answer.status
        self.statuses[self.last] += 1
        if self.last == 201:
            self._acknowledged.append(text)
