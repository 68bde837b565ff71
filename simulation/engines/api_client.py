"""What the live engine asks of a server besides posting and following: a token, a stream's settings, its head."""

import asyncio
import time
from http import HTTPStatus
from typing import Any

import aiohttp

BUSY_S = 30.0
AGAIN_S = 0.2

# The recorded chats were moderated where they happened, and the model has no moderation yet: both post all of them.
UNMODERATED = {"rules": {"repeated": "allow", "floods": "allow"}}


async def gateway_token(url: str) -> str:
    """A development server's token that may post for anybody."""
    return await user_token(url, "gateway", "admin")


async def user_token(url: str, user: str, *allow: str) -> str:
    """A development server's token for a user, who may read and post unless more is asked for."""
    caps = [{"streams": ["*"], "allow": allow or ("read", "post")}]
    return str((await _ask("POST", f"{url}/v1/dev/tokens", {"user": user, "caps": caps}))["token"])


async def open_stream(url: str, stream: str, token: str) -> None:
    """Have a stream that takes every comment."""
    await change_settings(url, stream, token, UNMODERATED)


async def change_settings(url: str, stream: str, token: str, change: dict[str, Any]) -> None:
    await _ask("PATCH", f"{url}/v1/streams/{stream}/settings", change, token)


async def head_cursor(url: str, stream: str) -> str:
    """The stream's newest position."""
    return str((await _ask("GET", f"{url}/v1/streams/{stream}/comments?limit=1"))["next_cursor"])


async def _ask(method: str, url: str, body: Any = None, token: str = "") -> dict[str, Any]:
    """All that is asked here may be asked again, and is while a log that was slow keeps a server from answering."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    until_s = time.monotonic() + BUSY_S
    async with aiohttp.ClientSession(headers=headers) as session:
        while True:
            async with session.request(method, url, json=body) as answer:
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > until_s:
                    answer.raise_for_status()
                    said: dict[str, Any] = await answer.json()
                    return said
            await asyncio.sleep(AGAIN_S)
