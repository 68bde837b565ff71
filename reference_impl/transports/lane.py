"""The sockets of one stream that speak one wire format.

    ready   | its buffers are empty: gets each frame in one system call, from C where that can be had
    behind  | it did not take all of a frame: queues frames by itself until it has drained

A socket is taken off the ready list before anything else is written to it, so its bytes keep their order.
"""

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reference_impl.protocol.message import Encode, Frame
from reference_impl.transports.batch_send import BatchSend

if TYPE_CHECKING:
    from reference_impl.transports.socket_viewer import SocketViewer


class Lane:
    """Without ``batch_send`` the ready ones are written to one by one."""

    def __init__(self, encode: Encode, batch_send: BatchSend | None) -> None:
        self._encode = encode
        self._batch_send = batch_send
        self._fds = array("i")
        self._ready: list[SocketViewer] = []
        self._behind: dict[SocketViewer, None] = {}

    def __len__(self) -> int:
        return len(self._ready) + len(self._behind)

    def __iter__(self) -> Iterator["SocketViewer"]:
        yield from tuple(self._ready)
        yield from tuple(self._behind)

    def add(self, viewer: "SocketViewer") -> None:
        viewer.lane = self
        if viewer.behind:
            self._behind[viewer] = None
        else:
            self._make_ready(viewer)

    def remove(self, viewer: "SocketViewer") -> None:
        viewer.lane = None
        if viewer in self._behind:
            del self._behind[viewer]
        else:
            self._take_off(viewer)

    def fell_behind(self, viewer: "SocketViewer") -> None:
        self._take_off(viewer)
        self._behind[viewer] = None

    def caught_up(self, viewer: "SocketViewer") -> None:
        del self._behind[viewer]
        self._make_ready(viewer)

    def send(self, frame: Frame) -> None:
        payload = frame.payload(self._encode)
        behind = tuple(self._behind)  # without those that fall behind now: they have their part
        if self._batch_send is None:
            for viewer in tuple(self._ready):
                viewer.write(payload)
        else:
            slow = [(self._ready[at], taken) for at, taken in self._batch_send(self._fds, payload)]
            for viewer, taken in slow:
                viewer.write(payload[taken:])
        for viewer in behind:
            viewer.deliver(frame)

    def _make_ready(self, viewer: "SocketViewer") -> None:
        viewer.index = len(self._ready)
        self._ready.append(viewer)
        self._fds.append(viewer.fd)

    def _take_off(self, viewer: "SocketViewer") -> None:
        """Put the last one in its place."""
        last, fd = self._ready.pop(), self._fds.pop()
        if last is not viewer:
            last.index = viewer.index
            self._ready[last.index], self._fds[last.index] = last, fd
