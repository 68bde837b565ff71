"""Long polling and plain polling: request after request, at the pace that the server sets."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from reference_impl.client.failures import Lost
from reference_impl.client.http import ANSWER_S, Http, read_object
from reference_impl.client.message import Message, after
from reference_impl.protocol.cursor import Cursor

WAIT_S = 25.0
PAUSE_MAX_S = 60.0  # whatever the server says

Pause = Callable[[float], Awaitable[None]]


def long_poll(
    http: Http, stream: str, cursor: Cursor | None, pause: Pause = asyncio.sleep, *, room: str | None = None
) -> AsyncGenerator[list[Message], None]:
    """Messages after the cursor; each request is held until there are some."""
    return _answers(http, stream, after(cursor, room), WAIT_S, pause)


def plain_poll(
    http: Http, stream: str, cursor: Cursor | None, pause: Pause = asyncio.sleep, *, room: str | None = None
) -> AsyncGenerator[list[Message], None]:
    """Messages after the cursor; each request is answered at once, by a cache if there is one."""
    return _answers(http, stream, after(cursor, room), 0.0, pause)


async def _answers(
    http: Http, stream: str, place: Mapping[str, str], wait_s: float, pause: Pause
) -> AsyncGenerator[list[Message], None]:
    """One list for each answer, empty ones too: they show that somebody is there."""
    params = {"wait_s": f"{wait_s:g}", "hello": "true", **place}
    headers: dict[str, str] = {}
    messages: list[Message] = []
    pause_s = 0.0
    while True:
        async with http.answer(
            "GET", http.of_stream(stream, "poll"), params=params, headers=headers, total_s=wait_s + ANSWER_S
        ) as response:
            if response.status == 304:
                messages = []
            else:
                messages, params["cursor"], pause_s = _read(await read_object(response))
            headers = {"If-None-Match": response.headers["ETag"]} if "ETag" in response.headers else {}
        yield messages
        await pause(pause_s)
        params.pop("hello", None)


def _read(answer: dict[str, Any]) -> tuple[list[Message], str, float]:
    """The messages of an answer, the next cursor, and the pause until it is asked for."""
    try:
        pause_s = min(float(answer["poll_after_ms"]) / 1000, PAUSE_MAX_S)
        return list(map(Message.of, answer["items"])), str(Cursor.parse(answer["next_cursor"])), pause_s
    except (KeyError, TypeError, ValueError) as error:
        raise Lost(f"the answer to a poll cannot be read: {error!r}") from error
