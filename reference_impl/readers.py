"""Who the viewers are, as far as their tokens said, and the end of those who may no longer read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

from reference_impl.access import may_read
from reference_impl.auth.identity import Identity
from reference_impl.ports import Clock, Viewer
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Parting
from reference_impl.protocol.streams import Visibility


@dataclass(frozen=True, slots=True)
class _Known:
    """Whom a viewer's latest token names; ``number`` finds the viewer when the token ends."""

    identity: Identity
    number: int


class Readers:
    """Viewers without a token are nobody in particular: they read what anybody may."""

    def __init__(self, wall_clock: Clock) -> None:
        self._wall_clock = wall_clock
        self._known: dict[Viewer, _Known] = {}
        self._viewers: dict[int, Viewer] = {}
        self._expiries: list[tuple[float, int]] = []
        self._numbers = count()

    def arrive(self, viewer: Viewer, identity: Identity | None) -> None:
        """Note who a viewer is by the token it came with, unless it has sent a later one meanwhile."""
        if viewer not in self._known:
            self.enter(viewer, identity)

    def enter(self, viewer: Viewer, identity: Identity | None) -> None:
        """Note who a viewer is; a later token takes the place of an earlier one."""
        if identity is None:
            return
        self.leave(viewer)
        known = self._known[viewer] = _Known(identity, next(self._numbers))
        self._viewers[known.number] = viewer
        heappush(self._expiries, (identity.expires_at, known.number))

    def leave(self, viewer: Viewer) -> None:
        known = self._known.pop(viewer, None)
        if known is not None:
            del self._viewers[known.number]
            self._tidy()

    def cut_expired(self) -> None:
        """Let those go whose token has ended."""
        now = self._wall_clock()
        while self._expiries and self._expiries[0][0] <= now:
            viewer = self._viewers.get(heappop(self._expiries)[1])
            if viewer is not None:
                viewer.close(Parting.TOKEN_EXPIRED)

    def _tidy(self) -> None:
        """A crowd that comes and goes leaves no more dead entries than there are live ones, and a thousand."""
        if len(self._expiries) > 2 * len(self._viewers) + 1_000:
            self._expiries = [(known.identity.expires_at, known.number) for known in self._known.values()]
            heapify(self._expiries)

    def heed(self, event: Event, viewers: Iterable[Viewer]) -> None:
        """Let those go whom an event of their stream has shut out: by a ban, or by closing the stream to them."""
        if event.kind is EventKind.BAN and self._stands(event.data.get("until_ms")):
            self._cut(viewers, lambda identity: identity is not None and identity.user == event.data["user"])
        elif event.kind is EventKind.SETTINGS and event.data.get("visibility", Visibility.PUBLIC) != Visibility.PUBLIC:
            visibility = Visibility(event.data["visibility"])
            self._cut(viewers, lambda identity: not may_read(identity, event.stream, visibility))

    def _stands(self, until_ms: float | None) -> bool:
        return until_ms is None or until_ms > self._wall_clock() * 1000

    def _cut(self, viewers: Iterable[Viewer], shut_out: Callable[[Identity | None], bool]) -> None:
        for viewer in [viewer for viewer in viewers if shut_out(self.known(viewer))]:
            viewer.close(Parting.FORBIDDEN)

    def known(self, viewer: Viewer) -> Identity | None:
        known = self._known.get(viewer)
        return known.identity if known else None
