"""The viewers of one stream on this edge, and the loop that writes a frame to all of them."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from reference_impl.ports import Viewer
from reference_impl.protocol.message import Encode, Frame, Parting
from reference_impl.transports.batch_send import BatchSend
from reference_impl.transports.lane import Lane
from reference_impl.transports.socket_viewer import SocketViewer

NONE_OF_THEIR_OWN: Mapping[Viewer, Frame] = MappingProxyType({})


class Edge:
    """A viewer joins at a position; it gets every event after it, once."""

    def __init__(self, batch_send: BatchSend | None) -> None:
        self._batch_send = batch_send
        self._lanes: dict[Encode, Lane] = {}  # of viewers that are a bare socket
        self._others: dict[Viewer, None] = {}
        self._ahead: dict[Viewer, int] = {}  # joined past the next frame's first event: position of each

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values())) + len(self._others) + len(self._ahead)

    def __iter__(self) -> Iterator[Viewer]:
        for lane in self._lanes.values():
            yield from lane
        yield from (*self._others, *self._ahead)

    def attach(self, viewer: Viewer, position: int, next_seq: int) -> None:
        """Let a viewer that has everything up to ``position`` follow frames that go on at ``next_seq``."""
        if position >= next_seq:
            self._ahead[viewer] = position
        else:
            self._follow(viewer)

    def detach(self, viewer: Viewer) -> None:
        self._others.pop(viewer, None)
        self._ahead.pop(viewer, None)
        if isinstance(viewer, SocketViewer) and viewer.lane is not None:
            viewer.lane.remove(viewer)

    def release(self, viewer: Viewer) -> int:
        """Let a viewer go to another edge; the answer is how far it is ahead of everybody here, else 0."""
        position = self._ahead.get(viewer, 0)
        self.detach(viewer)
        return position

    def broadcast(self, frame: Frame, own: Mapping[Viewer, Frame] = NONE_OF_THEIR_OWN) -> None:
        """Send it to everybody, but to some one of their ``own``; those who are ahead get what they lack of it."""
        others, ahead = tuple(self._others), tuple(self._ahead.items())
        apart = [viewer for viewer in own if isinstance(viewer, SocketViewer) and viewer.lane is not None]
        for special in apart:
            self.detach(special)
        for lane in self._lanes.values():
            lane.send(frame)
        for viewer in others:
            viewer.deliver(own.get(viewer, frame))
        for viewer, position in ahead:
            self._deliver_after(viewer, position, own.get(viewer, frame))
        for special in apart:
            special.deliver(own[special])
            if not special.closed:
                self._follow(special)

    def close(self, parting: Parting) -> None:
        for viewer in self:
            viewer.close(parting)
        self._others.clear()
        self._ahead.clear()

    def _follow(self, viewer: Viewer) -> None:
        if isinstance(viewer, SocketViewer) and viewer.fd >= 0:
            if viewer.encode not in self._lanes:
                self._lanes[viewer.encode] = Lane(viewer.encode, self._batch_send)
            self._lanes[viewer.encode].add(viewer)
        else:
            self._others[viewer] = None

    def _deliver_after(self, viewer: Viewer, position: int, frame: Frame) -> None:
        if not frame.first:
            viewer.deliver(frame)
            return
        if position < frame.last:
            viewer.deliver(frame.after(position))
        if position <= frame.last and self._ahead.pop(viewer, None) is not None:
            self._follow(viewer)
