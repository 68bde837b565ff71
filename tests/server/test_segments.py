"""Segments: what they hold, which addresses there are, and what caches are told about them."""

import json
import time

import pytest

from reference_impl.protocol.segments import SEGMENT_MS, SETTLE_MS
from tests.server.conftest import JSON, ServerProcess, eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ServerProcess(
        tmp_path_factory.mktemp("segments") / "data", "--rate-burst", "1000000", "--rate-period-s", "1"
    )
    yield started
    started.end()


def manifest(server, stream, query=""):
    status, body, _ = server.request("GET", f"/v1/streams/{stream}/segments{query}")
    assert status == 200, body
    return body


def listed(server, stream, count):
    """The segments, once they have that many events between them."""

    def enough():
        found = manifest(server, stream)["segments"]
        return found if sum(each["count"] for each in found) >= count else None

    return eventually(enough, f"{count} events in the manifest")


def path(stream, entry):
    return f"/v1/streams/{stream}/segments/{entry['offset']}/{entry['revision']}"


def events(server, stream, entries):
    return [
        item
        for entry in entries
        for item in server.request("GET", path(stream, entry))[1]["items"]
    ]  # fmt: skip


def delete(server, stream, comment):
    address = f"/v1/streams/{stream}/comments/{comment}"
    status, body, _ = server.ask("DELETE", address, user="Mod", allow=("moderate", "post"))
    assert status in (200, 204), body


def test_all_segments_together_are_what_polling_answers(server, stream):
    posted = [server.post(f"comment {number}", stream=stream)[1]["id"] for number in range(30)]
    delete(server, stream, posted[3])
    entries = listed(server, stream, 31)
    epoch = manifest(server, stream)["epoch"]
    polled = server.request("GET", f"/v1/streams/{stream}/poll?wait_s=0&cursor={epoch}:0")[1]["items"]
    assert events(server, stream, entries) == polled
    assert [each["data"]["id"] for each in polled[:30]] == posted
    assert manifest(server, stream)["head"] == polled[-1]["id"]


def test_a_segment_says_which_events_it_has(server, stream):
    server.post("one", stream=stream)
    (entry,) = listed(server, stream, 1)
    body = server.request("GET", path(stream, entry))[1]
    assert {name: body[name] for name in ("offset", "revision", "first", "last")} == {
        name: entry[name] for name in ("offset", "revision", "first", "last")
    }
    assert (entry["first"], entry["last"], entry["count"], entry["revision"]) == (1, 1, 1, "1-0")


def test_a_second_is_listed_only_when_it_is_over(server, stream):
    server.post("now", stream=stream)
    found = listed(server, stream, 1)
    body = manifest(server, stream)
    over_ms = body["opened_at_ms"] + (found[0]["offset"] + 1) * SEGMENT_MS + SETTLE_MS
    assert time.time() * 1000 >= over_ms


def test_a_second_that_is_not_over_has_no_address_yet(server, stream):
    opened_at_ms = manifest(server, stream)["opened_at_ms"]
    offset = (int(time.time() * 1000) - opened_at_ms) // SEGMENT_MS + 60
    status, body, headers = server.request("GET", f"/v1/streams/{stream}/segments/{offset}/1-0")
    assert (status, headers["cache-control"]) == (404, "no-store")
    assert "not over yet" in body["detail"]


def test_a_deleted_comment_is_redacted_under_a_new_address_and_the_old_one_is_gone_for_good(server, stream):
    comment = server.post("regrettable", stream=stream)[1]["id"]
    (old,) = listed(server, stream, 1)
    delete(server, stream, comment)
    new = listed(server, stream, 2)[0]
    assert new["revision"].endswith("-1")
    (redacted, *_) = server.request("GET", path(stream, new))[1]["items"]
    assert (redacted["data"]["seq"], redacted["data"]["text"], redacted["data"]["deleted"]) == (1, "", True)
    status, body, headers = server.request("GET", path(stream, old))
    assert (status, body["type"]) == (410, "/problems/segment-gone")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_edit_changes_the_second_of_the_comment_and_those_that_carry_it(server, stream):
    comment = server.post("frist", stream=stream)[1]["id"]
    address = f"/v1/streams/{stream}/comments/{comment}"
    assert server.ask("PATCH", address, {"text": "first"})[0] == 200
    before = listed(server, stream, 2)
    delete(server, stream, comment)
    after = listed(server, stream, 3)[: len(before)]  # one second or two, whose revisions may be each other's
    assert all(old["revision"] != new["revision"] for old, new in zip(before, after, strict=True))
    assert "first" not in json.dumps(events(server, stream, after))


def test_a_reply_changes_nothing_in_the_second_of_what_it_answers(server, stream):
    comment = server.post("question", stream=stream)[1]["id"]
    (old,) = listed(server, stream, 1)
    before = server.request("GET", path(stream, old))[1]
    server.post("answer", stream=stream, parent=comment)
    assert listed(server, stream, 2)[0]["revision"] in (old["revision"], "2-0")
    assert before["items"][0]["data"]["reply_count"] == 0
    assert events(server, stream, listed(server, stream, 2))[0] == before["items"][0]


@pytest.mark.parametrize("revision", ["9-0", "1-7"])
def test_a_revision_that_has_not_been_is_not_found_and_not_kept(server, stream, revision):
    server.post("one", stream=stream)
    (entry,) = listed(server, stream, 1)
    status, _, headers = server.request("GET", path(stream, entry | {"revision": revision}))
    assert (status, headers["cache-control"]) == (404, "no-store")


def test_a_second_without_events_is_not_found(server, stream):
    server.post("one", stream=stream)
    empty = eventually(lambda: _empty(server, stream), "a second without events")
    status, body, headers = server.request("GET", f"/v1/streams/{stream}/segments/{empty}/1-0")
    assert (status, headers["cache-control"]) == (404, "no-store")
    assert "has no events" in body["detail"]


def _empty(server, stream):
    """A second that is over and has no events."""
    now_ms = time.time() * 1000
    body = manifest(server, stream)
    taken = {each["offset"] for each in body["segments"]}
    over = int(now_ms - SETTLE_MS - body["opened_at_ms"]) // SEGMENT_MS - 1  # a manifest is remembered for a moment
    return next((offset for offset in range(1, over) if offset not in taken), None)


@pytest.mark.parametrize("revision", ["x", "1", "1-", "-1-2", "1-2-3"])
def test_a_revision_of_another_form_is_refused(server, stream, revision):
    assert server.request("GET", f"/v1/streams/{stream}/segments/0/{revision}")[0] in (400, 404)


def test_a_manifest_is_kept_for_a_second_and_a_segment_for_good(server, stream):
    server.post("one", stream=stream)
    (entry,) = listed(server, stream, 1)
    _, _, of_manifest = server.request("GET", f"/v1/streams/{stream}/segments")
    _, _, of_segment = server.request("GET", path(stream, entry))
    assert of_manifest["cache-control"] == "public, max-age=1"
    assert of_segment["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_is_not_sent_again(server, stream, form):
    server.post("one", stream=stream)
    (entry,) = listed(server, stream, 1)
    for address in (path(stream, entry), f"/v1/streams/{stream}/segments"):
        tag = server.request("GET", address)[2]["etag"]
        status, body, headers = server.request("GET", address, headers={"If-None-Match": form.format(tag)})
        assert (status, body, headers["etag"]) == (304, b"", tag)


def test_another_tag_gets_the_whole(server, stream):
    headers = {"If-None-Match": '"other"'}
    assert server.request("GET", f"/v1/streams/{stream}/segments", headers=headers)[0] == 200


@pytest.mark.parametrize("visibility", ["private", "vip"])
def test_only_public_streams_have_segments_whoever_asks(server, stream, visibility):
    server.post("secret", stream=stream)
    (entry,) = listed(server, stream, 1)
    settings = {"visibility": visibility}
    assert server.ask("PATCH", f"/v1/streams/{stream}/settings", settings, user="Mod", allow=("moderate",))[0] == 200
    for address in (path(stream, entry), f"/v1/streams/{stream}/segments"):
        for answer in (server.request("GET", address), server.ask("GET", address, user="Mod", allow=("moderate",))):
            assert answer[0] == 404
            assert "public streams only" in answer[1]["detail"]


def test_the_answer_does_not_depend_on_who_asks(server, stream):
    server.post("hello", stream=stream)
    (entry,) = listed(server, stream, 1)
    ban = server.ask("PUT", f"/v1/streams/{stream}/bans/banned", {}, user="Mod", allow=("moderate",))
    assert ban[0] == 200, ban
    assert server.ask("GET", f"/v1/streams/{stream}/comments", user="banned")[0] == 403
    assert server.ask("GET", path(stream, entry), user="banned")[0] == 200


def test_pages_of_the_manifest_cover_a_stream_from_its_start(server, stream):
    for number in range(3):
        server.post(f"comment {number}", stream=stream)
        listed(server, stream, number + 1)  # so that each has a second of its own
    found, since = [], 0
    while since is not None:
        page = manifest(server, stream, f"?from={since}&limit=2")
        assert page["head"] == f"{page['epoch']}:{page['segments'][-1]['last']}"
        found += page["segments"]
        since = page["next_from"]
    assert found == manifest(server, stream)["segments"]
    assert [each["first"] for each in found] == [1, 2, 3]


def test_a_manifest_of_more_than_the_server_lists_is_refused(server, stream):
    status, body, _ = server.request("GET", f"/v1/streams/{stream}/segments?limit=201", headers=JSON)
    assert (status, body["type"]) == (400, "/problems/invalid-request")
