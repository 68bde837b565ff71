"""The client against a real server: its example, posting, reading, following, and both ways over one WebSocket."""

import asyncio
import inspect
import textwrap
from contextlib import aclosing
from urllib.parse import parse_qs, urlsplit

import pytest

import reference_impl.client
from reference_impl.client import Client, Ended, Lost, Refused
from tests.client.conftest import answer, standing_in
from tests.server.conftest import DEADLINE_S

TRANSPORTS = ("auto", "websocket", "sse", "poll", "polling")


def run(work):
    return asyncio.run(asyncio.wait_for(work, DEADLINE_S))


def test_the_example_of_the_package_works(server):
    text = reference_impl.client.__doc__.split("\n\n", 1)[1]
    example = "\n".join(line for line in text.splitlines() if line.startswith("    ") or not line)
    names = {"Client": Client}
    exec(textwrap.dedent(example), names)
    assert run(names["greet"](server.url)) == "And another one!"


def test_every_public_name_says_what_it_is():
    names = [getattr(reference_impl.client, name) for name in reference_impl.client.__all__]
    members = [
        member
        for each in names
        for name, member in vars(each).items()
        if callable(member) and not name.startswith("_") and inspect.isfunction(member)
    ]
    assert len(members) > 12
    assert not [each.__qualname__ for each in (*names, *members) if not (each.__doc__ or "").strip()]


def test_a_comment_under_one_key_is_stored_once(server, stream):
    async def post():
        async with Client(server.url, token=server.token("Ada")) as client:
            first = await client.post(stream, "hi", key="k")
            again = await client.post(stream, "hi", key="k")
            answer = await client.post(stream, "an answer", parent_id=first["id"])
            return first, again, answer, [message.data["text"] async for message in client.history(stream)]

    first, again, answer, texts = run(post())
    assert first == again
    assert answer["parent_id"] == first["id"]
    assert texts == ["hi", "an answer"]


def test_history_is_read_page_by_page_from_the_beginning_or_after_a_cursor(server, stream):
    body = {"trusted": True, "comments": [{"text": f"{number}"} for number in range(450)]}
    server.ask("POST", f"/v1/streams/{stream}/comments:batch", body, allow=("read", "post", "admin"))

    async def read():
        async with Client(server.url) as client:
            every = [message async for message in client.history(stream)]
            late = [message async for message in client.history(stream, after=every[399].cursor)]
            return every, late, await client.head(stream)

    every, late, head = run(read())
    assert [message.cursor.seq for message in every] == list(range(1, 451))
    assert late == every[400:]
    assert head == every[-1].cursor


async def next_comment(messages):
    """And not how many are watching, which is told when it is time."""
    return await anext(message async for message in messages if message.event == "comment")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_one_who_follows_from_now_on_is_told_what_comes(server, stream, transport):
    async def follow():
        async with Client(server.url, token=server.token("Ada")) as client:
            await client.post(stream, "before")
            async with aclosing(client.follow(stream, transport=transport)) as messages:
                assert (await anext(messages)).event == "hello"
                posted = await client.post(stream, "after")
                return posted, await next_comment(messages)

    posted, message = run(follow())
    assert (message.event, message.data) == ("comment", posted)


def test_segments_tell_what_comes_from_now_on_and_how_it_is_changed(server, stream):
    async def follow():
        async with Client(server.url, token=server.token("Ada")) as client:
            await client.post(stream, "before")
            start = await client.head(stream)
            posted = await client.post(stream, "after")
            async with aclosing(client.follow(stream, start, "segments")) as messages:
                told = [await anext(messages)]
                await asyncio.to_thread(server.ask, "DELETE", f"/v1/streams/{stream}/comments/{posted['id']}")
                return posted, [*told, await anext(messages)]

    posted, (comment, deletion) = run(follow())
    assert (comment.event, comment.data) == ("comment", posted)
    assert (deletion.event, deletion.data["comment_id"]) == ("delete", posted["id"])


def test_segments_are_of_public_streams_only(server, stream):
    body = {"name": stream, "settings": {"visibility": "private"}}
    assert server.ask("POST", "/v1/streams", body, allow=("admin",))[0] == 201

    async def follow():
        async with Client(server.url, token=server.token("Ada")) as client:
            await anext(client.follow(stream, "1:0", "segments"))

    with pytest.raises(Refused, match="public streams only"):
        run(follow())


@pytest.mark.parametrize(
    ("transport", "path"),
    [("websocket", "websocket"), ("sse", "events"), ("poll", "poll"), ("polling", "poll"), ("segments", "segments")],
)
def test_a_room_is_asked_for_on_all_transports_that_know_any(transport, path):
    async def follow():
        async with standing_in(*[answer(403)] * 2) as stand_in, Client(stand_in.url) as client:
            with pytest.raises(Refused):
                await anext(client.follow("demo", "7:1", transport, room="north"))
            return stand_in.requests[0].split(" ")[1]

    asked = urlsplit(run(follow()))
    assert asked.path == f"/v1/streams/demo/{path}"
    assert parse_qs(asked.query).get("room") == (None if transport == "segments" else ["north"])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_private_stream_is_refused_with_the_problem(server, stream, transport):
    body = {"name": stream, "settings": {"visibility": "private"}}
    assert server.ask("POST", "/v1/streams", body, allow=("admin",))[0] == 201

    async def follow(token, cursor=None):
        async with (
            Client(server.url, token=token) as client,
            aclosing(client.follow(stream, cursor, transport)) as messages,
        ):
            return (await anext(messages)).event

    elsewhere = server.token("Bo", "read", streams=("elsewhere",))
    for token, status, kind in (None, 401, "unauthenticated"), (elsewhere, 403, "forbidden"):
        for cursor in (None, "1:0"):
            with pytest.raises(Refused) as caught:
                run(follow(token, cursor))
            assert (caught.value.status, caught.value.kind) == (status, kind)
    assert run(follow(server.token("Bo", "read"))) == "hello"


def test_a_transport_that_is_none_and_a_cursor_that_is_none_are_errors(server, stream):
    async def follow(cursor, transport):
        async with Client(server.url) as client:
            await anext(client.follow(stream, cursor, transport))

    with pytest.raises(ValueError, match="pigeon"):
        run(follow("1:0", "pigeon"))
    with pytest.raises(ValueError, match="a cursor looks like"):
        run(follow("x", "auto"))


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_a_ban_ends_the_following(server, stream, transport):
    async def follow():
        async with Client(server.url, token=server.token("Cy")) as client:
            async for message in client.follow(stream, transport=transport):
                if message.event == "hello":
                    path = f"/v1/streams/{stream}/bans/Cy"
                    await asyncio.to_thread(server.ask, "PUT", path, {}, allow=("read", "moderate"))

    with pytest.raises((Ended, Refused)) as caught:
        run(follow())
    if transport != "poll":
        assert isinstance(caught.value, Ended)
        assert caught.value.reason == "forbidden"


def test_a_websocket_takes_posts_reactions_and_typing_hints(server, stream):
    async def talk():
        async with Client(server.url, token=server.token("Ada")) as client, client.connect(stream) as connection:
            messages = aiter(connection)
            assert (await anext(messages)).event == "hello"  # what is posted before may be from before it has joined
            posted = await connection.post("hi", key="k")
            assert await connection.post("hi", key="k") == posted
            await connection.react("🎉", comment_id=posted["id"])
            await connection.typing()
            told = {}
            async for message in messages:
                told[message.event] = message.data
                if {"comment", "reactions", "typing"} <= set(told):
                    break
            return posted, told

    posted, told = run(talk())
    assert told["comment"] == posted
    assert told["typing"] == {"users": 1, "names": ["Ada"]}


def test_more_is_said_over_a_websocket_than_is_answered_at_once(server, stream):
    async def talk():
        async with Client(server.url, token=server.token("Ada")) as client, client.connect(stream) as connection:
            return await asyncio.gather(*(connection.post(f"{number}") for number in range(60)))

    posted = run(talk())
    assert [comment["text"] for comment in posted] == [f"{number}" for number in range(60)]


def test_a_refusal_over_a_websocket_is_raised_and_a_token_can_follow_later(server, stream):
    async def talk():
        async with Client(server.url) as client, client.connect(stream) as connection:
            with pytest.raises(Refused) as caught:
                await connection.post("hi")
            answer = await connection.authenticate(server.token("Ada"))
            return caught.value, answer, await connection.post("hi")

    refused, answer, posted = run(talk())
    assert (refused.status, refused.kind) == (401, "unauthenticated")
    assert answer["user"] == "Ada"
    assert posted["author"]["id"] == "Ada"


def test_a_websocket_that_breaks_fails_what_waits_for_it(start_server, stream):
    server = start_server()

    async def talk():
        async with Client(server.url, token=server.token("Ada")) as client, client.connect(stream) as connection:
            messages = aiter(connection)
            assert (await anext(messages)).event == "hello"
            await asyncio.to_thread(server.kill)
            with pytest.raises(Lost):
                async for _ in messages:
                    pass
            with pytest.raises(Lost):
                await connection.post("hi")

    run(talk())
