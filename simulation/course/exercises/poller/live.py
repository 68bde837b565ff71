"""The learner's pollers at a real server, over a way that loses some of its answers."""

import asyncio
import time
from collections.abc import Sequence
from random import Random
from types import ModuleType
from typing import Any

import aiohttp

from simulation.course.chat import gateway, post_each
from simulation.course.exercise import Misconception

STREAM = "final"
TEXTS = [f"comment {number}" for number in range(24)]
EVERY_S = 0.15
WAITS_S = (0.0, 0.0, 0.0, 10.0, 10.0, 10.0)  # the server answers at once, or holds the question: a long poll
LOST_EVERY = 4  # one answer in so many does not come
PATIENCE_S = 90.0


class Viewer:
    """Asks when its poller says so. ``seqs`` are the comments on its screen."""

    def __init__(self, poller: Any, url: str, wait_s: float) -> None:
        self.seqs: list[int] = []
        self.questions = 0
        self._poller = poller
        self._url = f"{url}/v1/streams/{STREAM}/poll"
        self._wait_s = wait_s

    async def run(self, session: aiohttp.ClientSession) -> None:
        while len(self.seqs) < len(TEXTS):
            if self._poller.due_s is None:
                raise Misconception("with nothing under way `due_s` is None: this viewer never asks again")
            await asyncio.sleep(self._poller.due_s - time.monotonic())
            await self._ask(session)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        cursor = self._poller.cursor
        self._poller.asked(time.monotonic())
        self.questions += 1
        async with session.get(self._url, params={"cursor": cursor, "wait_s": f"{self._wait_s:g}"}) as answer:
            answer.raise_for_status()
            said = await answer.json()
        if self.questions % LOST_EVERY == 0:
            self._poller.failed(None, time.monotonic())
            return
        self.seqs += [each["data"]["seq"] for each in said["items"] if each["event"] == "comment"]
        self._poller.answered(said["next_cursor"], said["poll_after_ms"] / 1000, time.monotonic())


async def polled(answer: ModuleType, url: str) -> str:
    """Post, and let some viewers ask for it; Misconception if one has not everything, once and in order."""
    async with gateway(url, STREAM) as client:
        start = str(await client.head(STREAM))
        viewers = [Viewer(_begun(answer, start, number), url, wait_s) for number, wait_s in enumerate(WAITS_S)]
        posting = post_each(client, STREAM, TEXTS, EVERY_S)
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_S):
                await asyncio.gather(posting, *(each.run(session) for each in viewers))
        except TimeoutError:
            raise Misconception(
                f"after {PATIENCE_S:g} s at a real server a viewer has only {min(len(each.seqs) for each in viewers)} "
                f"of {len(TEXTS)} comments"
            ) from None
    for viewer in viewers:
        _check(viewer.seqs)
    held, at_once = _questions(viewers[3:]), _questions(viewers[:3])
    return (
        f"{len(viewers)} viewers have each of {len(TEXTS)} comments once, through lost answers; {at_once} questions "
        f"of those who poll, {held} of those whose polls are held"
    )


def _begun(answer: ModuleType, cursor: str, number: int) -> Any:
    poller = answer.Poller(cursor, Random(number))
    poller.due_s = time.monotonic()
    return poller


def _check(seqs: Sequence[int]) -> None:
    if list(seqs) != list(range(seqs[0], seqs[0] + len(TEXTS))):
        raise Misconception(f"at a real server a viewer was shown {list(seqs)}: not each comment once and in order")


def _questions(viewers: Sequence[Viewer]) -> int:
    return sum(each.questions for each in viewers)
