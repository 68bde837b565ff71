"""On the last rung a post is refused before anything is done for it: what is not called and not read is counted."""

import asyncio
import gc
import itertools
import json
import sys

import pytest
from structlog.testing import capture_logs

from reference_impl.api.app import build_app
from reference_impl.config import Settings
from reference_impl.policy.degradation import Rung
from reference_impl.wiring import running, signer

CAPS = [{"streams": ["*"], "allow": ["post"]}]
POSTS = ("/v1/streams/demo/comments", "/v1/streams/demo/comments:batch")


class Called:
    """How many Python functions were called within the block, in this thread, but to collect others' garbage."""

    def __enter__(self):
        self.count = 0
        gc.disable()
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        gc.enable()

    def _profile(self, frame, event, argument):
        self.count += event == "call"


class Client:
    """Speaks ASGI to the whole application, and counts how often it is asked for the body."""

    def __init__(self, app, token):
        self._app = app
        self._token = token
        self.bodies_read = 0

    async def post(self, path, body):
        sent = []

        async def receive():
            self.bodies_read += 1
            return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

        async def send(message):
            sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer " + self._token.encode())]
        scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await self._app(scope, receive, send)
        head, answer = sent
        return head["status"], dict(head["headers"]), json.loads(answer["body"] or b"{}")


def climb(brownout):
    """As an overload of any length does, at once."""
    times_s = itertools.count(step=60)
    brownout._clock = lambda: next(times_s)
    for _ in range(len(Rung)):
        brownout.sample(60.0)
    assert brownout.rung is Rung.READ_ONLY


def served(tmp_path, use):
    """Run ``use(parts, client)`` on a whole server, without a socket."""

    async def main():
        settings = Settings(data=tmp_path, log_deadline_s=60)
        sign = signer(settings)
        async with running(settings) as parts:
            await use(parts, Client(build_app(parts, settings, sign), sign("ada", None, CAPS, 60.0)))

    asyncio.run(main())


@pytest.mark.parametrize("path", POSTS)
def test_it_is_refused_without_its_body_or_its_token_and_without_a_line_in_the_log(tmp_path, path):
    async def use(parts, client):
        climb(parts.hub.brownout)
        with capture_logs() as said:
            status, headers, body = await client.post(path, {})
        assert (status, body["type"], headers[b"retry-after"]) == (503, "/problems/read-only", b"5")
        assert (client.bodies_read, len(parts.tokens._verified), parts.hub.brownout.refused) == (0, 0, 1)
        assert not said

    served(tmp_path, use)


def test_it_takes_a_small_part_of_the_calls_that_a_comment_takes(tmp_path):
    async def use(parts, client):
        async def calls(text):
            with Called() as called:
                status, *_ = await client.post(POSTS[0], {"text": text})
            return status, called.count

        await calls("What a goal!")  # what is remembered from then on is no part of either
        taken = await calls("What a save!")
        climb(parts.hub.brownout)
        refused = await calls("What a shame!")
        assert (taken[0], refused[0]) == (201, 503)
        assert refused[1] < taken[1] / 5

    served(tmp_path, use)


def test_other_changes_are_made_all_the_same(tmp_path):
    async def use(parts, client):
        climb(parts.hub.brownout)
        status, _, body = await client.post("/v1/streams/demo/reactions", {"emoji": "🔥"})
        assert (status, body, parts.hub.brownout.refused) == (202, {}, 0)

    served(tmp_path, use)
