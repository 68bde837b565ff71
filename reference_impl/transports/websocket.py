"""WebSocket (RFC 6455): frames to viewers go straight to the socket; what viewers send is read by the library.

A frame for all viewers is built once, by the library too. Its parser is made for a viewer when the first byte comes.
"""

import asyncio
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from websockets.datastructures import Headers
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.http11 import Response as Upgrade
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from reference_impl.protocol.message import FINAL, Frame, Message, Parting, notice
from reference_impl.transports.handover import Connection
from reference_impl.transports.socket_viewer import Pressure, SocketViewer
from reference_impl.transports.sse_raw import Join, join_stream

SUBPROTOCOL = Subprotocol("livecomments.v1")
MESSAGE_BYTES = 16 * 1024  # a longer one from a viewer is refused with 1009
CONTROL_BYTES = 64 * 1024  # pongs and answers that may wait for a viewer who sends and does not read
CLOSE_S = 2.0  # time for the peer to answer a close frame
CODES = {
    Parting.SHUTDOWN: 1001, Parting.DRAIN: 1012, Parting.TOKEN_EXPIRED: 4401, Parting.FORBIDDEN: 4403,
    Parting.UNAVAILABLE: 1013,
}  # fmt: skip


def websocket_frame(frame: Frame) -> bytes:
    """A text frame with one message a line."""
    text = "\n".join(message.line for message in frame.messages)
    return WireFrame(Opcode.TEXT, text.encode()).serialize(mask=False)


class WebSocketViewer(SocketViewer):
    """One viewer's WebSocket; ``on_text`` gets each text message that it sends."""

    __slots__ = ("_awaits_pong", "_parts", "_peer", "closing", "on_text")

    encode = staticmethod(websocket_frame)

    def __init__(self, pressure: Pressure, epoch: int) -> None:
        super().__init__(pressure, epoch)
        self._peer: ServerProtocol | None = None
        self._parts: list[bytes] = []  # of a fragmented message; the library bounds them
        self._awaits_pong = False
        self.closing = False
        self.on_text: Callable[[str], None] | None = None

    def data_received(self, data: bytes) -> None:
        peer = self._protocol()
        peer.receive_data(data)
        for event in peer.events_received():
            if isinstance(event, WireFrame) and peer.state is State.OPEN:
                self._take(peer, event)
        self._send_control(peer)

    def deliver(self, frame: Frame) -> None:
        if not self.closing:
            super().deliver(frame)

    def answer(self, message: Message) -> None:
        """Tell this viewer alone; one that does not read its answers is let go."""
        if not self.closing and not self.closed:
            self._write_control(websocket_frame(Frame([message])))

    def ping(self) -> None:
        """Ask whether anybody is there; one that has not answered the last time is let go."""
        if self._awaits_pong:
            self.abort()
        elif not self.closing and not self.behind:
            self._awaits_pong = True
            self.write(PING)

    def close(self, parting: Parting) -> None:
        if parting in FINAL:
            self.answer(notice("end", {"reason": parting.value}))
        self.close_with(CODES[parting], parting.value)

    def close_with(self, code: int, reason: str) -> None:
        """Begin the closing handshake; the peer has a moment for its part of it."""
        if not self.closing and not self.closed:
            peer = self._protocol()
            peer.send_close(code, reason)
            self._send_control(peer)

    def _protocol(self) -> ServerProtocol:
        if self._peer is None:
            self._peer = ServerProtocol(state=State.OPEN, max_size=MESSAGE_BYTES)
        return self._peer

    def _take(self, peer: ServerProtocol, event: WireFrame) -> None:
        if event.opcode is Opcode.PONG:
            self._awaits_pong = False
        elif event.opcode is Opcode.BINARY:
            peer.fail(1003, "text only")
        elif event.opcode in (Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(event.data))
            if event.fin:
                self._take_text(peer)

    def _take_text(self, peer: ServerProtocol) -> None:
        data, self._parts = b"".join(self._parts), []
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            peer.fail(1007, f"{error.reason} at position {error.start}")
            return
        if self.on_text is not None:
            self.on_text(text)

    def _send_control(self, peer: ServerProtocol) -> None:
        """Send what the library wants sent; once that is a close frame, nothing else follows."""
        writes = peer.data_to_send()
        if peer.close_expected() and not self.closing:
            self.closing = True
            self._leave_lane()
            self._forget_queue()
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
        for data in writes:
            if data:
                self._write_control(data)
            elif not self.closed:
                self._transport.write_eof()

    def _write_control(self, data: bytes) -> None:
        if not self.closed:
            self.write(data)
        if self._transport.get_write_buffer_size() > CONTROL_BYTES:
            self.abort()


PING = WireFrame(Opcode.PING, b"").serialize(mask=False)


class WebSocketResponse(Response):
    """Says yes to the handshake, hands the socket to a viewer, joins the stream and ends the ASGI call."""

    def __init__(self, viewer: WebSocketViewer, upgrade: Upgrade, join: Join) -> None:
        super().__init__()
        self._viewer = viewer
        self._upgrade = upgrade
        self._join = join

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection = scope["state"]["connection"]
        if connection.hand_over(self._viewer):
            self._viewer.write(self._upgrade.serialize())
            await join_stream(self._viewer, self._join)
        else:
            self._viewer.gone()


def handshake(scope: Scope) -> Upgrade:
    """The library's answer to a request for a WebSocket: 101, or a refusal with its reason as the body."""
    headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
    request = Request(scope["raw_path"].decode("latin-1"), headers)
    return ServerProtocol(subprotocols=[SUBPROTOCOL], select_subprotocol=_select).accept(request)


def _select(_peer: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """A client need not name one."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None
