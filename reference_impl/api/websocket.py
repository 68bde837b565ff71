"""Follow a stream over a WebSocket, and post, react and tell that one is typing over the same connection."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field, TypeAdapter, ValidationError
from starlette.responses import Response

from reference_impl.access import require
from reference_impl.api.body import Body, explain
from reference_impl.api.comments import CommentBody, answer_of
from reference_impl.api.deps import (
    KEY_MAX,
    EdgeParts,
    IdentityDep,
    Parts,
    ReadableStream,
    ViewerParts,
    ViewerPartsDep,
    authenticate,
    token_of,
)  # fmt: skip
from reference_impl.api.forwarding import forward_said, headers_of
from reference_impl.api.joining import JOINING, CursorQuery, RoomQuery, greet, hello, pressure, start, take_place
from reference_impl.api.problems import READING, problem_of, responses
from reference_impl.api.reactions import NewReaction, authorise_reaction, take_reaction
from reference_impl.auth.identity import Capability, Identity
from reference_impl.following import Forwarded
from reference_impl.protocol import problem
from reference_impl.protocol.message import notice
from reference_impl.protocol.problem import Problem
from reference_impl.transports.socket_viewer import SocketViewer
from reference_impl.transports.websocket import WebSocketResponse, WebSocketViewer, handshake

VERSION = "13"  # of the protocol; the only one there is (RFC 6455, section 4.4)
IN_FLIGHT_MAX = 16  # messages of one viewer that are being answered

router = APIRouter(prefix="/v1/streams/{stream}/websocket", tags=["follow"])

Reference = Annotated[str, Field(max_length=64, description="Comes back in the answer.")]


class Auth(Body):
    type: Literal["auth"]
    ref: Reference = ""
    token: str


class Post(Body):
    type: Literal["post"]
    ref: Reference = ""
    idempotency_key: str | None = Field(None, min_length=1, max_length=KEY_MAX)
    data: CommentBody


class NewOrOldReaction(NewReaction):
    given: bool = True


class React(Body):
    type: Literal["react"]
    ref: Reference = ""
    data: NewOrOldReaction


class Typing(Body):
    type: Literal["typing"]
    ref: Reference = ""


Said = Auth | Post | React | Typing
_SAID: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="type")])
_REF: TypeAdapter[str] = TypeAdapter(Reference)

_UPGRADE: dict[int | str, dict[str, Any]] = {
    101: {"description": "A WebSocket: text frames with one message a line, the same as on `/events`."},
}


@router.get(
    "",
    status_code=101,
    response_class=Response,
    responses=_UPGRADE | responses(*READING, *JOINING, problem.ORIGIN, problem.UPGRADE_REQUIRED),
    summary="Follow a stream over a WebSocket",
)
async def follow(
    stream: ReadableStream,
    request: Request,
    parts: ViewerPartsDep,
    identity: IdentityDep,
    cursor: CursorQuery = None,
    room: RoomQuery = None,
) -> Response:
    """Messages as they come, after the cursor, each once and in order; and yours, each with an answer."""
    upgrade = handshake(request.scope)
    if upgrade.status_code != 101:
        reason = upgrade.body.decode().partition("\n")[0]
        other_version = request.headers.get("sec-websocket-version", VERSION) != VERSION
        kind = problem.UPGRADE_REQUIRED if upgrade.status_code == 426 or other_version else problem.INVALID_REQUEST
        raise Problem(kind, reason, fields={"Upgrade": "websocket", "Sec-WebSocket-Version": VERSION})
    viewer = WebSocketViewer(pressure(parts, stream), parts.log.epoch)
    address = request.client.host if request.client else None
    viewer.on_text = Conversation(parts, stream.name, viewer, identity, address, token_of(request)).hear
    position, greeting = start(cursor), await hello(parts, stream)
    viewer.call_at_end(take_place(request, parts).leave)

    async def join(joining: SocketViewer) -> Callable[[], None]:
        return (await greet(parts, stream.name, joining, greeting, position, identity, room)).leave

    return WebSocketResponse(viewer, upgrade, join)


class Conversation:
    """What one viewer says over its WebSocket, and what it is answered."""

    def __init__(
        self,
        parts: ViewerParts,
        stream: str,
        viewer: WebSocketViewer,
        identity: Identity | None,
        address: str | None,
        token: str,
    ) -> None:
        self._parts = parts
        self._stream = stream
        self._viewer = viewer
        self._identity = identity
        self._address = address
        self._token = token
        self._answering: set[asyncio.Task[None]] = set()

    def hear(self, text: str) -> None:
        """Answer a message when that can be done; a viewer that does not wait for answers is let go."""
        if len(self._answering) >= IN_FLIGHT_MAX:
            self._viewer.close_with(1008, f"over {IN_FLIGHT_MAX} messages at once")
            return
        task = asyncio.get_running_loop().create_task(self._answer(text))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, text: str) -> None:
        said: Said | None = None
        try:
            said = _SAID.validate_json(text)
            answer = await self._do(said)
        except ValidationError as error:
            refusal = Problem(problem.INVALID_REQUEST, "; ".join(map(explain, error.errors()[:5])))
            answer = refusal.kind.status, refusal.as_dict()
        except Exception as error:
            refusal = problem_of(error, f"websocket of {self._stream}")
            answer = refusal.kind.status, refusal.as_dict()
        if not isinstance(said, Typing) or answer[0] >= 400:
            ref = said.ref if said else _ref_of(text)
            self._viewer.answer(notice("answer", {"ref": ref, "status": answer[0], "body": answer[1]}))

    async def _do(self, said: Said) -> tuple[int, dict[str, Any]]:
        if isinstance(said, Auth):
            return await self._authenticate(said.token)
        if isinstance(said, Typing):
            who = require(self._identity, Capability.POST, self._stream)
            self._parts.hub.typing(self._stream, who.name or who.user)
            return 204, {}
        refusal = self._parts.addresses.refusal(self._address)
        if refusal is not None:
            raise refusal
        if isinstance(self._parts, EdgeParts):
            return await forward_said(self._parts.upstream, self._request(said))
        assert isinstance(self._parts, Parts)
        if isinstance(said, React):
            who = await authorise_reaction(self._stream, self._parts, self._identity)
            take_reaction(self._stream, said.data, self._parts, who, given=said.data.given)
            return 202, {}
        new = said.data.new(said.idempotency_key)
        return answer_of(await self._parts.write_path.post(self._stream, self._identity, new, self._parts.clock()))

    def _request(self, said: Post | React) -> Forwarded:
        """What would be asked of the API without a WebSocket, by the same viewer."""
        where, key = "comments", said.idempotency_key if isinstance(said, Post) else None
        if isinstance(said, React):
            where = "reactions" if said.data.given else "reactions:withdraw"
        body = said.data.model_dump_json(exclude_none=True, exclude={"given"}).encode()
        path = f"/v1/streams/{self._stream}/{where}"
        return Forwarded("POST", path, headers_of(self._token, self._address, key), body)

    async def _authenticate(self, token: str) -> tuple[int, dict[str, Any]]:
        """A page cannot send header fields with a WebSocket, and a token ends sooner than a match."""
        identity = await authenticate(self._parts, token)
        await self._parts.catalog.require_not_banned(identity, self._stream)
        self._identity, self._token = identity, token
        self._parts.hub.identify(self._stream, self._viewer, identity)
        expires_in_s = round(identity.expires_at - self._parts.wall_clock())
        return 200, {"user": identity.user, "expires_in_s": expires_in_s}


def _ref_of(text: str) -> str:
    """The reference of a message that could not be understood otherwise."""
    try:
        return _REF.validate_python(TypeAdapter(dict[str, Any]).validate_json(text).get("ref", ""))
    except ValidationError:
        return ""
