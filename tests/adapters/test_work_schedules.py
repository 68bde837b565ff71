"""Whatever becomes of workers, every piece of work is in effect once, in order: random schedules of two of them.

A worker that "falls silent" loses its lease at once and does not know it, which is what a stalled process meets.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st

from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.fences import new_pieces
from reference_impl.storage import migrate_all
from reference_impl.working import Fenced, Hold, Piece

ACTIONS = ["add", "renew", "take", "act", "finish", "falls silent", "dies"]
EXAMPLES = 60
LEASE_S = 600.0  # it ends when a schedule says so
STEPS = {"min_size": 20, "max_size": 60}


@dataclass
class Someone:
    """A worker, as far as it knows."""

    name: str
    hold: Hold | None = None
    taken: list[Piece] = field(default_factory=list)


@dataclass
class Case:
    queue: RedisWorkQueue
    database: Database
    server: object
    added: int = 0
    effects: list[int] = field(default_factory=list)

    async def step(self, someone: Someone, action: str) -> None:
        try:
            await self._step(someone, action)
        except Fenced:
            event(f"refused to {action}")
            someone.hold, someone.taken = None, []

    async def _step(self, someone: Someone, action: str) -> None:
        if action == "add":
            await self.queue.add([("key", self.added)])
            self.added += 1
        elif action == "renew" or (action == "take" and someone.hold is None):
            someone.hold = await self.queue.hold(someone.name, 0, someone.hold)
        elif action == "falls silent":
            self.server.ask("DEL", "lc:{work:test:0}:holder")
        elif action == "dies":
            someone.hold, someone.taken = None, []
        elif someone.hold is not None and action == "take":
            someone.taken = await self.queue.take(someone.hold, 2)
        elif someone.hold is not None and action == "act":
            await self._act(someone.hold, someone.taken)
        elif someone.hold is not None:
            await self._act(someone.hold, someone.taken)
            await self.queue.done(someone.hold, someone.taken)
            someone.taken = []

    async def _act(self, hold: Hold, pieces: list[Piece]) -> None:
        """The effect: what has been committed, in the order of the commits."""
        new = await self.database.write(lambda connection: new_pieces(connection, hold, pieces))
        self.effects += [piece.data for piece in new]


def test_every_piece_is_in_effect_once_in_order(one):
    @settings(max_examples=EXAMPLES, derandomize=True)
    @given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(ACTIONS)), **STEPS))
    def over(schedule) -> None:
        one.server.ask("FLUSHALL")
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_run(schedule, one, f"sqlite:///{Path(folder) / 'log.sqlite'}"))

    over()


async def _run(schedule, one, url: str) -> None:
    await migrate_all(url, 1)
    case = Case(RedisWorkQueue(connect_redis(one.url), "test", parts=1, lease_s=LEASE_S), connect(url), one.server)
    workers = [Someone("one"), Someone("other")]
    try:
        for who, action in schedule:
            await case.step(workers[who], action)
        heir = Someone("heir")
        for action in ("add", "falls silent", "renew", *["take", "finish"] * (case.added + 1)):
            await case.step(heir, action)
        assert case.effects == list(range(case.added))
        assert (await case.queue.backlog()).depth == 0
    finally:
        await case.queue.close()
        await case.database.close()
