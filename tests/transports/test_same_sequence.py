"""All transports tell the same events with the same data in the same order, live and to those who come later."""

import asyncio
from contextlib import aclosing

import pytest

from reference_impl.client import Message
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import REDACTED
from tests.server.conftest import eventually
from tests.transports.observing import SOURCES, TRANSPORTS, collect, requests, run, seqs, triples

MODERATE = ("read", "post", "moderate", "admin")


class Script:
    """A bit of everything that happens on a stream, with the log's events as the API answered them."""

    def __init__(self, server, stream):
        self._server = server
        self._path = f"/v1/streams/{stream}"
        self.expected = []
        self.deleted = ""

    def run(self, told=()):
        """Do it all; the lists in ``told`` have what viewers were told, and none of them comes late to a deletion."""
        first, second, third = (self._tell("comment", "POST", "/comments", {"text": text}) for text in "1é🎉")
        self._tell("edit", "PATCH", f"/comments/{first}", {"text": "one"})
        self._tell("pin", "PUT", "/pin", {"comment_id": second})
        self._tell("comment", "POST", "/comments", {"text": "an answer", "parent_id": first})
        self._tell("unpin", "DELETE", "/pin")
        eventually(lambda: all(len(each) == len(self.expected) for each in told), "all have been told so far")
        self._tell("delete", "DELETE", f"/comments/{third}")
        self._tell("settings", "PATCH", "/settings", {"slow_mode_s": 3})
        self._tell("ban", "PUT", "/bans/Cy", {})
        self._tell("state", "PATCH", "", {"state": "closed"})
        self.deleted = third
        return self

    def _tell(self, event, method, path, body=None):
        status, answer, _ = self._server.ask(method, self._path + path, body, allow=MODERATE)
        assert status in (200, 201), answer
        self.expected.append((event, answer["cursor"], answer))
        return answer["id"]

    def as_it_is_now(self):
        """What one who comes later is told: comments with their last text, deleted ones with none."""
        page = self._server.request("GET", f"{self._path}/comments?limit=200")[1]
        now = {item["id"]: item for item in page["items"]}
        assert now[self.deleted]["text"] == REDACTED["text"]
        return [(event, cursor, _with(data, now)) for event, cursor, data in self.expected]


def _with(data, now):
    """An event's data, with the comments as they are now."""
    if data["id"] in now:
        return now[data["id"]]
    return data | {"comment": now[data["comment_id"]]} if "comment" in data else data


def test_viewers_of_all_transports_are_told_the_same(raw_server, stream):
    async def watch():
        async with requests(raw_server.url) as http:
            got = {each: [] for each in TRANSPORTS}
            watchers = [asyncio.create_task(collect(http, each, stream, start, 11, got[each])) for each in TRANSPORTS]
            await asyncio.to_thread(eventually, lambda: raw_server.viewers() >= 3, "all that stay have joined")
            script = await asyncio.to_thread(Script(raw_server, stream).run, got.values())
            return script.expected, [triples(await watcher) for watcher in watchers]

    raw_server.watched(0)
    start = Cursor.parse(raw_server.request("GET", f"/v1/streams/{stream}/comments")[1]["next_cursor"])
    expected, told = run(watch())
    assert len(expected) == 11
    for transport, messages in zip(TRANSPORTS, told, strict=True):
        assert messages == expected, transport


def test_one_who_comes_later_is_told_the_same(case, stream):
    async def read():
        async with requests(case.server.url) as http:
            return await collect(http, case.transport, stream, start, 11)

    start = Cursor.parse(case.server.request("GET", f"/v1/streams/{stream}/comments")[1]["next_cursor"])
    script = Script(case.server, stream).run()
    expected, told = script.as_it_is_now(), triples(run(read()))
    assert told == (list(map(uncounted, expected)) if case.cached else expected)


def uncounted(told):
    """An event without the counts that go on changing: what caches keep for good has none."""
    event, cursor, data = told
    if "comment" in data:
        return event, cursor, data | {"comment": data["comment"] | {"reply_count": 0}}
    return event, cursor, data | ({"reply_count": 0} if event == "comment" else {})


def test_a_deleted_comment_does_not_come_back_by_resuming(case, stream):
    async def read(cursor, last):
        async with requests(case.server.url) as http:
            return await collect(http, case.transport, stream, cursor, last)

    path = f"/v1/streams/{stream}/comments"
    posted = [case.server.ask("POST", path, {"text": f"secret {number}"})[1] for number in range(3)]
    start = Cursor(Cursor.parse(posted[0]["cursor"]).epoch, 0)
    assert len(shown(run(read(start, 3)))) == 3
    case.server.ask("DELETE", f"{path}/{posted[1]['id']}")
    for seen in range(4):
        messages = run(read(start._replace(seq=seen), 4))
        assert seqs(messages) == list(range(seen + 1, 5))
        assert posted[1]["id"] not in shown(messages)


def shown(messages: list[Message]) -> dict[str, str]:
    """What a page shows after these: comments by id."""
    comments = {}
    for message in messages:
        if message.event == "comment" and not message.data.get("deleted"):
            comments[message.data["id"]] = message.data["text"]
        elif message.event == "delete":
            comments.pop(message.data["comment_id"], None)
    return comments


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_told_besides_the_log_has_no_cursor(raw_server, stream, transport):
    async def first():
        async with requests(raw_server.url) as http, aclosing(SOURCES[transport](http, stream, None)) as batches:
            return (await anext(batches))[0]

    hello = run(first())
    assert (hello.event, hello.cursor) == ("hello", None)
    assert hello.data["name"] == stream
    assert hello.data["heartbeat_ms"] == 15_000
