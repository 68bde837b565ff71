"""Reactions: taken at once, stored and pushed once a second as sums. A like is never an event of its own.

What has been answered but not yet stored (one window at most) is lost if the process dies; the counts follow what is
stored, so they are exact again with the next window. The buffer is bounded: a full one answers 503.
"""

import asyncio
import logging

from reference_impl.policy.reactions import ReactionConfig, ReactionWindow
from reference_impl.ports import Aggregate, Broker, Clock, LogUnavailable, Reaction, ReactionStore
from reference_impl.protocol import problem
from reference_impl.protocol.problem import Problem

PENDING_MAX = 50_000

log = logging.getLogger(__name__)


class Reactions:
    def __init__(self, store: ReactionStore, broker: Broker, config: ReactionConfig, clock: Clock) -> None:
        self._store = store
        self._broker = broker
        self._config = config
        self._clock = clock
        self._pending: dict[tuple[str, str, str, str], Reaction] = {}  # the last word of each user on each emoji
        self._windows: dict[str, ReactionWindow] = {}

    def react(self, reaction: Reaction) -> None:
        """Take a reaction; the same one twice counts once."""
        key = (reaction.stream, reaction.target, reaction.emoji, reaction.user)
        if key not in self._pending and len(self._pending) >= PENDING_MAX:
            raise Problem(problem.OVERLOADED, f"{PENDING_MAX} reactions wait to be stored", self._config.window_s)
        known = self._pending.get(key)
        self._pending[key] = reaction
        if known is None or known.given != reaction.given:
            window = self._windows.setdefault(reaction.stream, ReactionWindow(self._config))
            window.offer(reaction.target, reaction.emoji, 1 if reaction.given else -1, self._clock())

    async def counts(self, stream: str, targets: list[str]) -> dict[str, dict[str, int]]:
        """Counts by target and emoji: exact to the last window, and what has come since as it looks now."""
        counts = await self._store.counts(stream, targets)
        for reaction in self._pending.values():
            if reaction.stream == stream and reaction.target in targets and reaction.given:
                of = counts.setdefault(reaction.target, {})
                of[reaction.emoji] = of.get(reaction.emoji, 0) + 1
        return counts

    async def run(self) -> None:
        """Store and push once a window, until cancelled."""
        while True:
            await asyncio.sleep(self._config.window_s)
            await self.flush()

    async def flush(self) -> None:
        """Store what waits, then tell the viewers the sums; when the log is away, all of it waits on."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            await self._store.store(list(pending.values()))
        except LogUnavailable as error:
            log.warning("%d reactions wait to be stored: %s", len(pending), error)
            self._pending = pending | self._pending
            return
        windows, self._windows = self._windows, {}
        for stream, window in windows.items():
            await self._push(stream, window)

    async def _push(self, stream: str, window: ReactionWindow) -> None:
        shown = window.flush()
        try:
            counts = await self._store.counts(stream, list({each.target for each in shown}))
        except LogUnavailable:
            return  # the next window has newer counts
        items = [
            {
                "comment_id": each.target or None,
                "emoji": each.emoji,
                "delta": each.delta,
                "count": counts.get(each.target, {}).get(each.emoji, 0),
            }
            for each in shown
        ]
        if items:
            data = {"window_ms": int(self._config.window_s * 1000), "counts": items}
            self._broker.publish(Aggregate(stream, "reactions", data))
