"""Reactions: taken at once, stored and pushed once a second as sums. A like is never an event of its own.

What has been answered but not yet stored (one window at most) is lost if the process dies; the counts follow what is
stored, so they are exact again with the next window. The buffer is bounded: a full one answers 503.
"""

import asyncio
import logging
from collections.abc import Mapping

from reference_impl.policy.reactions import ReactionConfig, largest_changes
from reference_impl.ports import Aggregate, Broker, LogUnavailable, Reaction, ReactionStore
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

PENDING_MAX = 50_000

log = logging.getLogger(__name__)


class Reactions:
    def __init__(self, store: ReactionStore, broker: Broker, config: ReactionConfig) -> None:
        self._store = store
        self._broker = broker
        self._config = config
        self._pending: dict[tuple[str, str, str, str], Reaction] = {}  # the last word of each user on each emoji

    def react(self, reaction: Reaction) -> None:
        """Take a reaction; the same one twice counts once."""
        key = (reaction.stream, reaction.target, reaction.emoji, reaction.user)
        if key not in self._pending and len(self._pending) >= PENDING_MAX:
            raise Problem(problem.OVERLOADED, f"{PENDING_MAX} reactions wait to be stored", self._config.window_s)
        self._pending[key] = reaction

    async def counts(self, stream: str, target: str) -> dict[str, int]:
        """Counts by emoji: exact to the last window, and what has come since as it looks now."""
        counts = (await self._store.counts(stream, [target])).get(target, {})
        for reaction in self._pending.values():
            if (reaction.stream, reaction.target) == (stream, target) and reaction.given:
                counts[reaction.emoji] = counts.get(reaction.emoji, 0) + 1
        return counts

    async def run(self) -> None:
        """Store and push once a window, until cancelled."""
        while True:
            await asyncio.sleep(self._config.window_s)
            await self.flush()

    async def flush(self) -> None:
        """Store what waits, then tell the viewers what came of it; when the log is away, all of it waits on."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            changes = await self._store.store(list(pending.values()))
        except LogUnavailable as error:
            log.warning("%d reactions wait to be stored: %s", len(pending), error)
            self._pending = pending | self._pending
            return
        for stream, changed in changes.items():
            await tell(self._store, self._broker, self._config, stream, changed)


async def tell(
    store: ReactionStore, broker: Broker, config: ReactionConfig, stream: str, changes: Mapping[tuple[str, str], int]
) -> None:
    """Tell a stream's viewers of the largest changes of a window."""
    told = largest_changes(changes, config)
    try:
        counts = await store.counts(stream, list({each.target for each in told}))
    except LogUnavailable:
        return  # the next window has newer counts
    items = [
        {
            "comment_id": each.target or None,
            "emoji": each.emoji,
            "delta": each.delta,
            "count": counts.get(each.target, {}).get(each.emoji, 0),
        }
        for each in told
    ]
    if items:
        data = {"window_ms": int(config.window_s * 1000), "counts": items}
        broker.publish(Aggregate(stream, "reactions", data))
