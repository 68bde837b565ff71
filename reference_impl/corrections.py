"""What a score that comes late changes in the log and in the queue of held comments, in nobody's name."""

import asyncio
import logging
from collections.abc import Callable

from reference_impl.catalog import Catalog
from reference_impl.changes import release_of
from reference_impl.group_commit import Commits
from reference_impl.moderation.scoring import Correction
from reference_impl.ports import Appended, Clock, LogUnavailable, ReviewQueue
from reference_impl.protocol.events import Draft, EventKind

SCORER = "scorer"  # who takes a comment back
TRIES, AGAIN_S = 5, 0.2  # a comment may not be stored yet, or the log may be away

log = logging.getLogger(__name__)


class Corrections:
    def __init__(
        self, commits: Commits, catalog: Catalog, review_queue: ReviewQueue, clock: Clock, wall_clock: Clock,
        new_id: Callable[[], str],
    ) -> None:  # fmt: skip
        self._commits = commits
        self._catalog = catalog
        self._review_queue = review_queue
        self._clock = clock
        self._wall_clock = wall_clock
        self._new_id = new_id

    async def apply(self, stream: str, comment: str, correction: Correction) -> None:
        """Take back, let in or drop a comment, which is soon there to be found."""
        for _ in range(TRIES):
            try:
                done = await self._try(stream, comment, correction)
            except LogUnavailable:
                done = False
            if done:
                log.info("corrected", extra={"stream": stream, "comment": comment, "correction": correction.value})
                return
            await asyncio.sleep(AGAIN_S)
        log.warning("not_corrected", extra={"stream": stream, "comment": comment, "correction": correction.value})

    async def _try(self, stream: str, comment: str, correction: Correction) -> bool:
        if correction is Correction.REJECT:
            return await self._review_queue.drop_held(stream, comment)
        at_ms = int(self._wall_clock() * 1000)
        if correction is Correction.REMOVE:
            removal = Draft(
                stream=stream, id=self._new_id(), author=SCORER, created_at_ms=at_ms, kind=EventKind.DELETE,
                target=comment,
            )  # fmt: skip
            return await self._submit(removal)
        held = await self._review_queue.held_comment(stream, comment)
        return held is not None and await self._submit(release_of(held, at_ms))

    async def _submit(self, draft: Draft) -> bool:
        promise = self._commits.submit(draft, self._clock())
        answer = await promise if promise is not None else None
        if not isinstance(answer, Appended):
            return False
        self._catalog.changed(answer.event)
        return True
