"""What edges ask of the API, and that nobody else may."""

import pytest

from tests.server.conftest import JSON

EDGE = {"roles": ("edge",)}
BATCH = 600  # more than one answer holds


@pytest.fixture
def server(start_server):
    return start_server()


def asking(server, **grant):
    return JSON | {"Authorization": f"Bearer {server.token('edge-1', 'read', **(EDGE | grant))}"}


def get(server, path, **grant):
    return server.request("GET", path, headers=asking(server, **grant))[:2]


def post_many(server, count):
    for first in range(0, count, 300):
        body = {"comments": [{"text": f"{number}"} for number in range(first, first + 300)], "trusted": True}
        assert server.ask("POST", "/v1/streams/demo/comments:batch", body, allow=("admin",))[0] == 200


def test_a_stretch_of_the_log_has_its_events_in_order_and_the_epoch(server):
    posted = [server.post(text)[1] for text in "abc"]
    status, answer = get(server, "/v1/streams/demo/log?first=2&last=9")
    assert status == 200
    assert [(event["seq"], event["kind"], event["id"]) for event in answer["events"]] == [
        (each["seq"], "comment", each["id"]) for each in posted[1:]
    ]
    assert f"{answer['epoch']}:3" == posted[2]["cursor"]


def test_the_log_has_what_viewers_are_not_shown_but_no_deleted_text(server):
    comment = server.post("secret")[1]["id"]
    server.ask("DELETE", f"/v1/streams/demo/comments/{comment}")
    server.ask("PUT", "/v1/streams/demo/bans/Cy", {}, user="Mo", allow=("moderate",))
    events = get(server, "/v1/streams/demo/log?first=1&last=3")[1]["events"]
    assert [event["kind"] for event in events] == ["comment", "delete", "ban"]
    assert "secret" not in str(events)


@pytest.mark.parametrize(("first", "last", "status"), [(1, 500, 200), (1, 501, 400), (3, 2, 400), (0, 1, 400)])
def test_a_stretch_is_bounded(server, first, last, status):
    post_many(server, BATCH)
    got, answer = get(server, f"/v1/streams/demo/log?first={first}&last={last}")
    assert got == status, answer
    assert status != 200 or len(answer["events"]) == 500


def test_heads_of_many_streams_come_in_one_answer(server):
    epoch = int(server.post("a", stream="one")[1]["cursor"].split(":")[0])
    asked = {"streams": ["one", "none"]}
    status, answer, _ = server.request("POST", "/v1/heads", asked, asking(server))
    assert (status, answer) == (200, {"epoch": epoch, "heads": {"one": 1, "none": 0}})


def test_more_heads_than_allowed_are_refused(server):
    asked = {"streams": [f"s{number}" for number in range(1001)]}
    assert server.request("POST", "/v1/heads", asked, asking(server))[0] == 400


def test_the_standing_of_a_stream_follows_its_changes_at_once(server):
    comment = server.post("pin me")[1]["id"]
    before = get(server, "/v1/streams/demo/standing")[1]
    server.ask("PUT", "/v1/streams/demo/pin", {"comment_id": comment}, user="Mo", allow=("moderate",))
    server.ask("PUT", "/v1/streams/demo/bans/Cy", {}, user="Mo", allow=("moderate",))
    after = get(server, "/v1/streams/demo/standing")[1]
    assert (before["bans"], before["pinned"], before["stream"]["head"]) == ({}, None, 1)
    assert (after["bans"], after["pinned"]["id"], after["stream"]["head"]) == ({"Cy": None}, comment, 3)
    assert "rules" not in after["stream"]["settings"]


PATHS = ("/v1/streams/demo/log?first=1&last=1", "/v1/streams/demo/standing")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "grant", [{"roles": ()}, {"roles": ("vip", "member")}, {"streams": ("demo",)}], ids=["none", "others", "one stream"]
)
def test_without_the_role_on_every_stream_it_is_forbidden(server, path, grant):
    status, answer = get(server, path, **grant)
    assert (status, answer["type"]) == (403, "/problems/forbidden")


def test_not_even_an_admin_may(server):
    status, answer, _ = server.ask("POST", "/v1/heads", {"streams": []}, user="Root", allow=("admin",))
    assert (status, answer["type"]) == (403, "/problems/forbidden")


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_it_is_refused(server, path):
    status, answer, _ = server.request("GET", path)
    assert (status, answer["type"]) == (401, "/problems/unauthenticated")
