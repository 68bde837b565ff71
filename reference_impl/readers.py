"""Who the viewers are, as far as their tokens said, and the end of those who may no longer read."""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count

from reference_impl.access import may_read
from reference_impl.auth.identity import Identity
from reference_impl.ports import Clock, Viewer
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Parting
from reference_impl.protocol.streams import Visibility


class Readers:
    """Viewers without a token are nobody in particular: they read what anybody may."""

    def __init__(self, wall_clock: Clock) -> None:
        self._wall_clock = wall_clock
        self._identities: dict[Viewer, Identity] = {}
        self._expiries: list[tuple[float, int, Viewer]] = []
        self._order = count()

    def enter(self, viewer: Viewer, identity: Identity | None) -> None:
        """Note who a viewer is; a later token takes the place of an earlier one."""
        if identity is not None:
            self._identities[viewer] = identity
            heappush(self._expiries, (identity.expires_at, next(self._order), viewer))

    def leave(self, viewer: Viewer) -> None:
        self._identities.pop(viewer, None)

    def cut_expired(self) -> None:
        """Let those go whose token has ended."""
        now = self._wall_clock()
        while self._expiries and self._expiries[0][0] <= now:
            _, _, viewer = heappop(self._expiries)
            identity = self._identities.get(viewer)
            if identity is not None and identity.expired(now):
                viewer.close(Parting.TOKEN_EXPIRED)

    def heed(self, event: Event, viewers: Iterable[Viewer]) -> None:
        """Let those go whom an event of their stream has shut out: by a ban, or by closing the stream to them."""
        if event.kind is EventKind.BAN:
            self._cut(viewers, lambda identity: identity is not None and identity.user == event.data["user"])
        elif event.kind is EventKind.SETTINGS and event.data.get("visibility", Visibility.PUBLIC) != Visibility.PUBLIC:
            visibility = Visibility(event.data["visibility"])
            self._cut(viewers, lambda identity: not may_read(identity, event.stream, visibility))

    def _cut(self, viewers: Iterable[Viewer], shut_out: Callable[[Identity | None], bool]) -> None:
        for viewer in [viewer for viewer in viewers if shut_out(self._identities.get(viewer))]:
            viewer.close(Parting.FORBIDDEN)
