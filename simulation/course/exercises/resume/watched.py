"""The live run: the answer follows a real server over a bad network, through a restart and into a new log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

import aiohttp

from reference_impl.client import Client, Lost, Message
from reference_impl.client.http import Http, base_url
from reference_impl.client.sse import sse
from reference_impl.protocol.cursor import Cursor
from simulation.course.chat import gateway, post_all
from simulation.course.exercise import Misconception

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM = "final"
ROUNDS, AT_ONCE = 12, 5  # comments of each server's life
TICK_S = 0.01
HEADS_S = 0.25
LOST_SHARE = DOUBLED_SHARE = 0.15
LASTS = 20  # messages of a connection, before it is cut
WAIT_S = 45.0  # for the last comment


class Follows:
    """The answer, with connections that lose things, a clock, and the log to be read."""

    def __init__(self, answer: ModuleType) -> None:
        self._follower: Any = None
        self._answer = answer
        self._rng = Random(6)
        self.passed_on: list[Cursor] = []
        self.lost = self.doubled = self.asked = self.cuts = 0

    @asynccontextmanager
    async def following(self, url: str, client: Client) -> AsyncIterator[None]:
        """Follow this server for as long as the block lasts."""
        if self._follower is None:
            self._follower = self._answer.Follower((await client.head(STREAM)).epoch, 0)
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            http = Http(session, base_url(url), None)
            running = [tasks.create_task(each) for each in (self._connect(http), self._keep_time(http, client))]
            yield
            for task in running:
                task.cancel()

    async def _connect(self, http: Http) -> None:
        """Connections one after the other, each from then on: what came between is lost."""
        while True:
            try:
                left = LASTS
                async with aclosing(sse(http, STREAM, None)) as batches:
                    async for batch in batches:
                        left -= len(batch)
                        self._mangle([each for each in batch if each.event == "comment"])
                        if left <= 0:
                            break
            except Lost:
                pass
            self.cuts += 1
            await asyncio.sleep(self._rng.uniform(0, 0.1))

    def _mangle(self, batch: list[Message]) -> None:
        """Some are lost, some come twice, and neighbours change places."""
        kept = [each for each in batch if self._rng.random() >= LOST_SHARE]
        twice = [each for each in kept if self._rng.random() < DOUBLED_SHARE]
        self.lost, self.doubled = self.lost + len(batch) - len(kept), self.doubled + len(twice)
        for each in sorted([*kept, *twice], key=lambda each: each.data["seq"] + self._rng.uniform(0, 3)):
            self._take(each)

    def _take(self, message: Message) -> None:
        place = message.cursor
        assert place is not None
        now = asyncio.get_running_loop().time()
        self.passed_on += self._follower.receive(place.epoch, place.seq, place, now)

    async def _keep_time(self, http: Http, client: Client) -> None:
        """Wake the follower at its deadlines, and tell it of heads."""
        clock, heads_s = asyncio.get_running_loop().time, 0.0
        while True:
            now = clock()
            if now >= heads_s:
                heads_s = now + HEADS_S
                head = await client.head(STREAM)
                self._follower.head(head.epoch, head.seq, clock())
            deadline = self._follower.deadline
            if deadline is not None and now >= deadline and (wanted := self._follower.missing(now)):
                await self._read(http, head.epoch, wanted)
            await asyncio.sleep(TICK_S)

    async def _read(self, http: Http, epoch: int, wanted: range) -> None:
        self.asked += 1
        place = {"cursor": f"{epoch}:{max(0, wanted.start - 1)}", "wait_s": "0"}
        _, answer = await http.ask("GET", http.of_stream(STREAM, "poll"), params=place)
        for each in map(Message.of, answer["items"]):
            if each.event == "comment" and each.cursor is not None and each.cursor.seq in wanted:
                self._take(each)


async def run(answer: ModuleType, stage: "Stage") -> str:
    follows, meant = Follows(answer), list[Cursor]()
    with TemporaryDirectory(prefix="livecomments-resume-") as folder:
        for data in ("log", "log", "another-log"):
            async with (
                stage.server("--data", str(Path(folder) / data)) as url,
                gateway(url) as client,
                follows.following(url, client),
            ):
                meant += await _post(client)
                await _wait(follows, len(meant))
    if follows.passed_on != meant:
        lost, twice = set(meant) - set(follows.passed_on), len(follows.passed_on) - len(set(follows.passed_on))
        raise Misconception(
            f"of {len(meant)} comments of a real server, which was restarted and then begun with another log, "
            f"{len(follows.passed_on)} were passed on: {len(lost)} missing, {twice} twice"
            f"{'' if follows.passed_on == sorted(follows.passed_on) else ', not in order'}."
        )
    return (
        f"{len(meant)} comments, each once and in order, through {follows.cuts} cut connections, a restart and a new "
        f"epoch: {follows.lost} lost on the way, {follows.doubled} twice, {follows.asked} questions to the log"
    )


async def _post(client: Client) -> list[Cursor]:
    """Comments a few at a time; where they are, in order."""
    posted = []
    for turn in range(ROUNDS):
        posted += await post_all(client, ((STREAM, f"Number {turn}.{each}, what a save!") for each in range(AT_ONCE)))
        await asyncio.sleep(0.02)
    return sorted(Cursor.parse(each["cursor"]) for each in posted)


async def _wait(follows: Follows, count: int) -> None:
    """Until so many have been passed on, or time is over."""
    for _ in range(round(WAIT_S / TICK_S)):
        if len(follows.passed_on) >= count:
            return
        await asyncio.sleep(TICK_S)
