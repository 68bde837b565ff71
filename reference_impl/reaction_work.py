"""Reactions stored by workers: the servers put them into a queue, and a worker stores and tells them.

A user's reactions have one part of the queue, so that taking one back never overtakes giving it.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from typing import Protocol

from reference_impl.policy.reactions import ReactionConfig
from reference_impl.ports import Broker, Reaction, ReactionStore
from reference_impl.reactions import tell
from reference_impl.working import Hold, Piece, WorkQueue

REACTIONS = "reactions"  # the queue

Changes = dict[str, dict[tuple[str, str], int]]


class OnceStore(ReactionStore, Protocol):
    async def store_once(self, hold: Hold, pieces: Sequence[Piece]) -> Changes:
        """Apply what pieces of work say, each of them once; Fenced: another worker has the part."""
        ...


class QueuedReactions:
    """A `ReactionStore` for servers: what is stored is in the queue then, and soon in the store behind."""

    def __init__(self, inner: ReactionStore, queue: WorkQueue) -> None:
        self._inner = inner
        self._queue = queue

    async def store(self, reactions: Sequence[Reaction]) -> Changes:
        """The changes are for the worker to find out, and to tell."""
        by_user: dict[str, list[Reaction]] = {}
        for reaction in reactions:
            by_user.setdefault(reaction.user, []).append(reaction)
        await self._queue.add([(user, list(map(astuple, given))) for user, given in by_user.items()])
        return {}

    async def counts(self, stream: str, targets: Sequence[str]) -> dict[str, dict[str, int]]:
        return await self._inner.counts(stream, targets)


class ReactionWork:
    """Stores pieces of work, and tells viewers once a window what came of them."""

    def __init__(self, store: OnceStore, broker: Broker, config: ReactionConfig) -> None:
        self._store = store
        self._broker = broker
        self._config = config
        self._changes: dict[str, Counter[tuple[str, str]]] = {}

    async def handle(self, hold: Hold, pieces: Sequence[Piece]) -> None:
        for stream, changes in (await self._store.store_once(hold, pieces)).items():
            self._changes.setdefault(stream, Counter()).update(changes)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._config.window_s)
            changes, self._changes = self._changes, {}
            for stream, changed in changes.items():
                await tell(self._store, self._broker, self._config, stream, changed)
