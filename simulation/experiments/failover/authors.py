"""The authors and fans of a live failover run, who try again as the client does, and write down every try."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from random import Random

import aiohttp

from reference_impl.policy.retry import Retry
from simulation.experiments.failover.plan import ANSWER_S, FANS, POSTS, REACTIONS_PER_S
from simulation.experiments.failover.record import Try

EMOJI = "🔥"


class Authors:
    """Post to a stream at a steady rate, open loop; ``meant_s``: by seq."""

    def __init__(self, address: str, token: str, rng: Random) -> None:
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"}
        self._rng = rng
        self.meant_s: dict[int, float] = {}
        self.tries: list[Try] = []
        self.given_up = 0

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        """Post until told to stop, then wait for the last answers."""
        connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=ANSWER_S)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, headers=self._headers) as session,
            asyncio.TaskGroup() as tasks,
        ):
            due_s, number = time.monotonic(), 0
            while not stop.is_set():
                tasks.create_task(self._post(session, f"comment {number}", due_s))
                due_s, number = due_s + 1 / rate, number + 1
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    async def _post(self, session: aiohttp.ClientSession, text: str, meant_s: float) -> None:
        retry, key = Retry(POSTS, self._rng), str(uuid.uuid4())
        while True:
            began_s = time.monotonic()
            status, seq, away_s = await self._try(session, text, key)
            self.tries.append(Try(began_s, time.monotonic(), status))
            if status == 201:
                self.meant_s[seq] = meant_s
                return
            pause_s = retry.failed(0.0)
            if pause_s is None:
                self.given_up += 1
                return
            await asyncio.sleep(max(pause_s, away_s))

    async def _try(self, session: aiohttp.ClientSession, text: str, key: str) -> tuple[int, int, float]:
        """The status (0: no answer), the comment's seq, and for how long the server wants to be left alone."""
        try:
            async with session.post(self._address, json={"text": text}, headers={"Idempotency-Key": key}) as answer:
                said = await answer.json()
                return answer.status, int(said.get("seq", 0)), float(said.get("retry_after_s", 0.0))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0, 0, 0.0


async def cheer(address: str, tokens: Sequence[str], stop: asyncio.Event) -> None:
    """Each fan reacts to the stream and takes it back, by turns: every reaction is a piece of work."""
    async with aiohttp.ClientSession() as session:
        given = True
        while not stop.is_set():
            what = address if given else f"{address}:withdraw"
            for token in tokens:
                headers = {"Authorization": f"Bearer {token}"}
                async with session.post(what, json={"emoji": EMOJI}, headers=headers) as answer:
                    answer.raise_for_status()
                await asyncio.sleep(1 / REACTIONS_PER_S / FANS)
            given = not given
