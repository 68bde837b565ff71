"""Server-sent events written straight to the socket."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reference_impl.ports import LogUnavailable
from reference_impl.protocol.message import FINAL, Frame, Parting, notice
from reference_impl.protocol.sse import LAST_CHUNK, chunk, retry_text, sse_chunk
from reference_impl.transports.handover import Connection
from reference_impl.transports.socket_viewer import SocketViewer

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
RETRY_MS = 2_000


class RawSseViewer(SocketViewer):
    """One viewer's HTTP response, which goes on until either side ends it."""

    __slots__ = ()

    encode = staticmethod(sse_chunk)

    def close(self, parting: Parting) -> None:
        """A slow viewer is not told why: it has enough to read."""
        self._leave_lane()
        if not self.behind:
            end = b"" if parting not in FINAL else sse_chunk(Frame([notice("end", {"reason": parting.value})]))
            self.write(end + LAST_CHUNK)
        self._transport.close()


Join = Callable[[SocketViewer], Awaitable[Callable[[], None]]]


class RawSseResponse(Response):
    """Sends the headers, hands the socket to a viewer, joins the stream and ends the ASGI call."""

    def __init__(self, viewer: RawSseViewer, join: Join) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._viewer = viewer
        self._join = join

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"]["connection"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if connection.hand_over(self._viewer):
            self._viewer.write(chunk(retry_text(RETRY_MS)))
            await join_stream(self._viewer, self._join)
        else:
            self._viewer.gone()


async def join_stream(viewer: SocketViewer, join: Join) -> None:
    """Bring a viewer that has its socket to the stream, and have it leave when the socket is gone."""
    try:
        leave = await join(viewer)
    except LogUnavailable:
        viewer.close(Parting.UNAVAILABLE)  # the client comes back by itself, with the same cursor
        return
    viewer.call_at_end(leave)
