"""Changed profiles brought into earlier comments by workers: servers find them, and leave them in a queue.

A piece of work is a user, whose version in the store says whether there is anything to do: doing it twice does nothing,
and a worker that was only slow writes what the profile is by then.
"""

from collections.abc import Sequence

from reference_impl.ports import Clock, ProfileSpread
from reference_impl.profiles import USERS_MAX, ProfileRefresher, watch
from reference_impl.working import Hold, Piece, WorkQueue

PROFILES = "profiles"  # the queue
AGAIN_S = 30.0  # after which a profile that still waits is queued again
QUEUED_MAX = 10_000  # remembered; past it the oldest may be queued again


class QueuedProfiles:
    """What a server does about changed profiles when there are workers."""

    def __init__(self, store: ProfileSpread, queue: WorkQueue, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self._queued: dict[tuple[str, int], float] = {}  # (user, version): when

    async def run(self) -> None:
        """Queue what has changed, until cancelled."""
        await watch(self.look)

    async def look(self) -> None:
        now_s = self._clock()
        recent = [(key, at_s) for key, at_s in self._queued.items() if at_s > now_s - AGAIN_S]
        self._queued = dict(recent[-QUEUED_MAX:])
        found = [(spread.profile.user, spread.version) for spread in await self._store.pending(USERS_MAX)]
        new = [key for key in found if key not in self._queued]
        if new:
            await self._queue.add([(user, user) for user, _ in new])
            self._queued |= dict.fromkeys(new, now_s)


class ProfileWork:
    """What a worker does about them."""

    def __init__(self, store: ProfileSpread, refresher: ProfileRefresher) -> None:
        self._store = store
        self._refresher = refresher

    async def handle(self, hold: Hold, pieces: Sequence[Piece]) -> None:
        users = {piece.data for piece in pieces}
        for spread in await self._store.pending(USERS_MAX):
            if spread.profile.user in users:
                await self._refresher.refresh(spread)
