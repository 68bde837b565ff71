"""The learner's limiter in the real server, and an author there who does not stop."""

import asyncio
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reference_impl.policy.rate import Admission, RateConfig, RateLimiter
from simulation.course.exercise import Misconception

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM = "demo"
BURST, PERIOD_S = 5, 10.0
TRIES_MAX = 40
OPTIONS = ("--rate-burst", f"{BURST}", "--rate-period-s", f"{PERIOD_S:g}")


class _AsTheServers(RateLimiter):
    """The learner's limiter where the server has its own. A second one is for moderators, whose burst is another."""

    answer: ModuleType

    def __init__(self, config: RateConfig) -> None:
        super().__init__(config)
        self._limiter = self.answer.Limiter(config.burst, config.period_s)
        self._exempt = config.burst != BURST

    def admit(self, key: str, now: float) -> Admission:
        wait_s = self._limiter.admit(key, now, exempt=self._exempt)
        return Admission(wait_s <= 0, 0, now + wait_s)

    def refund(self, key: str) -> None:
        """No comment of the live run comes to nothing."""


def dressed(answer: ModuleType) -> Any:
    return type("Limiter", (_AsTheServers,), {"answer": answer})


async def live(answer: ModuleType, stage: "Stage") -> str:
    """An author posts until refused, waits for as long as it is told, and posts again; a moderator just posts."""
    import aiohttp

    from simulation.engines.api_client import open_stream, user_token

    async with stage.server(*OPTIONS) as url, aiohttp.ClientSession() as session:
        author = await user_token(url, "ada")
        moderator = await user_token(url, "mod", "read", "post", "moderate", "admin")
        await open_stream(url, STREAM, moderator)
        accepted, retry_after_s = await _until_refused(session, url, author)
        for number in range(3 * BURST):
            status, _ = await _post(session, url, moderator, f"cleaning up {number}")
            if status != 201:
                raise Misconception(f"a moderator's comment {number + 1} was answered with {status}, not 201")
        await asyncio.sleep(retry_after_s)
        status, _ = await _post(session, url, author, "as I was told")
    if status != 201:
        raise Misconception(f"refused with Retry-After {retry_after_s:g}, the author waited for it and got {status}")
    return f"{accepted} accepted, then 429 with Retry-After {retry_after_s:g} s, and accepted after that"


async def _until_refused(session: Any, url: str, token: str) -> tuple[int, float]:
    """How many were accepted before, and the seconds that the refusal named."""
    for number in range(TRIES_MAX):
        status, retry_after = await _post(session, url, token, f"comment {number}")
        if status == 201:
            continue
        if status != 429 or not retry_after:
            raise Misconception(f"comment {number + 1} was answered with {status}, Retry-After {retry_after!r}")
        if number < BURST:
            raise Misconception(f"comment {number + 1} was refused, with a burst of {BURST}")
        return number, float(retry_after)
    raise Misconception(f"{TRIES_MAX} comments at once, and all accepted: a burst is {BURST}")


async def _post(session: Any, url: str, token: str, text: str) -> tuple[int, str | None]:
    headers = {"Authorization": f"Bearer {token}"}
    async with session.post(f"{url}/v1/streams/{STREAM}/comments", json={"text": text}, headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After")
