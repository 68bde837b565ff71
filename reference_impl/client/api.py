"""The requests that a client makes besides following, repeated with backoff where that is safe."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping
from random import Random
from typing import Any

from reference_impl.client.failures import Lost, Refused
from reference_impl.client.http import Http
from reference_impl.client.message import Message
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.protocol.cursor import Cursor

PAGE = 200  # comments in one answer; the server gives no more
IN_FLIGHT = "idempotency-in-flight"


class Api:
    """Every request here can be repeated: it reads, or it has a key, or twice is once."""

    def __init__(self, http: Http, retry: RetryConfig, rng: Random) -> None:
        self._http = http
        self._retry = retry
        self._rng = rng

    async def post(
        self,
        stream: str,
        text: str,
        *,
        key: str | None = None,
        parent_id: str | None = None,
        author: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Store a comment once, however often it has to be sent; a held one has the status `held`."""
        body = {"text": text, "parent_id": parent_id, "author": author}
        return await self._ask(
            "POST",
            self._http.of_stream(stream, "comments"),
            body={name: value for name, value in body.items() if value is not None},
            headers={"Idempotency-Key": key or str(uuid.uuid4())},
        )

    async def react(self, stream: str, emoji: str, *, comment_id: str | None = None, given: bool = True) -> None:
        """React to a comment, or to the stream itself; or take that back."""
        what = "reactions" if given else "reactions:withdraw"
        body = {"emoji": emoji} | ({"comment_id": comment_id} if comment_id else {})
        await self._ask("POST", self._http.of_stream(stream, what), body=body)

    async def history(self, stream: str, *, after: str | Cursor | None = None) -> AsyncGenerator[Message, None]:
        """The comments as they are now, oldest first, from the stream's beginning or after a cursor."""
        place = {"offset_ms": "0"} if after is None else {"after": str(after)}
        while True:
            page = await self._ask(
                "GET", self._http.of_stream(stream, "comments"), params={**place, "limit": str(PAGE)}
            )
            for item in page["items"]:
                yield Message.read("comment", item["cursor"], item)
            if not page["has_more"]:
                return
            place = {"after": page["next_cursor"]}

    async def head(self, stream: str) -> Cursor:
        """The stream's newest position."""
        page = await self._ask("GET", self._http.of_stream(stream, "comments"), params={"limit": "1"})
        return Cursor.parse(page["next_cursor"])

    async def development_token(self, user: str, *allow: str, streams: tuple[str, ...] = ("*",)) -> str:
        """A token from a development server, to read and post unless more is asked for."""
        caps = [{"streams": streams, "allow": allow or ("read", "post")}]
        answer = await self._ask("POST", "/v1/dev/tokens", body={"user": user, "caps": caps})
        return str(answer["token"])

    async def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        retry = Retry(self._retry, self._rng)
        while True:
            try:
                return (await self._http.ask(method, url, **options))[1]
            except (Lost, Refused) as failure:
                pause_s = retry.failed(0.0) if _repeatable(failure) else None
                if pause_s is None:
                    raise
                again_s = max(pause_s, failure.retry_after_s)
            await asyncio.sleep(again_s)


def _repeatable(failure: Lost | Refused) -> bool:
    """A rate limit is the caller's to heed: nobody wants a comment to appear a minute later."""
    if isinstance(failure, Lost):
        return True
    return (failure.passing and failure.status != 429) or failure.kind == IN_FLIGHT
