"""The requests of a live run, ready for the socket, and the case that one process tells another."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import aiohttp

from simulation.bench.http_load import request_bytes
from simulation.engines.api_client import gateway_token, open_stream, user_token
from simulation.experiments.degradation.plan import FANS, PAGE, VARIANTS, Case, Kind, Request, Size, Step

STREAM = "demo"
EMOJI = "🔥"
PATH = f"/v1/streams/{STREAM}"


class Asking:
    """Makes requests; a comment's text says which it is and when it was due."""

    def __init__(self, gateway: str, moderator: str, fans: list[str], pinned: str) -> None:
        self._gateway = gateway
        self._moderator = moderator
        self._fans = fans
        self._pinned = pinned
        self._began_s = 0.0
        self._comments = self._reactions = 0

    @classmethod
    async def at(cls, url: str) -> "Asking":
        """Users that are known, a stream that takes every comment, and a comment for the moderators."""
        gateway, moderator = await gateway_token(url), await user_token(url, "moderator", "moderate", "read", "post")
        await open_stream(url, STREAM, gateway)
        fans = [await user_token(url, f"fan{number}") for number in range(FANS)]
        headers = {"Authorization": f"Bearer {gateway}"}
        async with (
            aiohttp.ClientSession(raise_for_status=True, headers=headers) as session,
            session.post(f"{url}{PATH}/comments", json={"text": "Welcome!", "author": {"id": "host"}}) as answer,
        ):
            pinned = str((await answer.json())["id"])
        return cls(gateway, moderator, fans, pinned)

    def begin(self, at_s: float) -> None:
        """What requests are due by counts from then, on this machine's monotonic clock."""
        self._began_s = at_s

    def __call__(self, request: Request) -> bytes:
        if request.kind is Kind.POST:
            return self._post(request)
        if request.kind is Kind.PAGE:
            return request_bytes("GET", f"{PATH}/comments?limit={PAGE}")
        if request.kind is Kind.REACTION:
            return self._react()
        return request_bytes("PUT", f"{PATH}/pin", self._moderator, json.dumps({"comment_id": self._pinned}).encode())

    def _post(self, request: Request) -> bytes:
        self._comments += 1
        due_ns = int((self._began_s + request.due_s) * 1e9)
        text = f"@@{self._comments} {due_ns} What a goal!"
        body = json.dumps({"author": {"id": f"author{request.author}"}, "text": text}).encode()
        return request_bytes("POST", f"{PATH}/comments", self._gateway, body)

    def _react(self) -> bytes:
        """All fans react, then all take it back, and so on: no sum is zero for long."""
        lap, fan = divmod(self._reactions, FANS)
        self._reactions += 1
        body = json.dumps({"emoji": EMOJI}).encode()
        return request_bytes("POST", f"{PATH}/reactions{':withdraw' if lap % 2 else ''}", self._fans[fan], body)


def told(case: Case) -> dict[str, Any]:
    """A case in JSON's types."""
    return asdict(case) | {"variant": case.variant.name}


def case_of(said: Mapping[str, Any]) -> Case:
    size = said["size"]
    steps = tuple(Step(**step) for step in size["steps"])
    return Case(**{**said, "variant": VARIANTS[said["variant"]], "size": Size(**{**size, "steps": steps})})
