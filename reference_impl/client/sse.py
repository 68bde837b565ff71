"""Server-sent events: one response that goes on."""

import json
from collections.abc import AsyncGenerator

from reference_impl.client.failures import Lost
from reference_impl.client.http import Http
from reference_impl.client.message import Message, after
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.sse import ReceivedEvent, SseParser

MEDIA_TYPE = "text/event-stream"


async def sse(
    http: Http, stream: str, cursor: Cursor | None, *, room: str | None = None
) -> AsyncGenerator[list[Message], None]:
    """Messages after the cursor (None: from now on), as they come, until the connection ends."""
    url, parser = http.of_stream(stream, "events"), SseParser()
    accept = {"Accept": MEDIA_TYPE}
    async with http.answer("GET", url, params=after(cursor, room), headers=accept, total_s=None) as response:
        if response.content_type != MEDIA_TYPE:
            raise Lost(f"{url}: {response.content_type} instead of {MEDIA_TYPE}")
        async for data in response.content.iter_any():
            try:
                messages = list(map(_message, parser.feed(data)))
            except ValueError as error:
                raise Lost(f"{url}: {error}") from error
            if messages:
                yield messages


def _message(event: ReceivedEvent) -> Message:
    return Message.read(event.event, event.id, json.loads(event.data))
