"""Comments over their life: posted, answered, edited, deleted, pinned, held, reported, and in batches."""

import json
import time
from datetime import datetime

import pytest

from tests.server.conftest import ServerProcess, eventually
from tests.server.sse import Follower

MODERATOR = {"user": "mod", "allow": ("moderate",)}
ADMIN = {"user": "gateway", "allow": ("admin",)}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ServerProcess(tmp_path_factory.mktemp("comments") / "data", "--rate-burst", "100000")
    yield started
    started.end()


def events_of(server, stream, count):
    """Everything on a stream from its beginning, as a viewer gets it."""
    start = server.request("GET", f"/v1/streams/{stream}/comments?limit=1")[1]["next_cursor"].split(":")[0]
    follower = Follower(server.port, stream=stream, query=f"?cursor={start}:0")
    try:
        return [(event.event, json.loads(event.data)) for event in follower.until(count) if event.id]
    finally:
        follower.close()


def test_an_edit_is_seen_by_those_who_watch_and_those_who_come_later(server):
    _, comment = server.post("first words @Bo", stream="edits")
    path = f"/v1/streams/edits/comments/{comment['id']}"
    assert comment["mentions"] == ["Bo"]
    status, event, _ = server.ask("PATCH", path, {"text": "better words"})
    assert (status, event["comment"]["text"], event["comment"]["edited"]) == (200, "better words", True)
    assert server.request("GET", path)[1] == event["comment"] == server.history("edits")[0]
    seen = events_of(server, "edits", 2)
    assert [kind for kind, _ in seen] == ["comment", "edit"]
    assert "first words" not in json.dumps(seen)


def test_nobody_edits_anothers_words_and_only_moderators_delete_them(server):
    _, comment = server.post("mine", author="ann", stream="others")
    path = f"/v1/streams/others/comments/{comment['id']}"
    for user in ({"user": "bo"}, MODERATOR):
        assert server.ask("PATCH", path, {"text": "yours"}, **user)[0] == 403
    assert server.ask("DELETE", path, user="bo")[0] == 403
    status, event, _ = server.ask("DELETE", path, **MODERATOR)
    assert (status, event["comment_id"]) == (200, comment["id"])
    assert server.ask("DELETE", path, **MODERATOR)[0] == 404
    (left,) = server.history("others")
    assert (left["deleted"], left["text"], left["author"]["name"]) == (True, "", "")


def test_an_edit_may_say_the_same_again(server):
    _, comment = server.post("as it was", stream="unchanged")
    path = f"/v1/streams/unchanged/comments/{comment['id']}"
    assert server.ask("PATCH", path, {"text": "as it was"})[0] == 200


def test_replies_hang_on_their_comment(server):
    _, parent = server.post("question", stream="threads")
    replies = [server.post(f"answer {number}", stream="threads", parent=parent["id"])[1] for number in range(5)]
    status, problem = server.post("deeper", stream="threads", parent=replies[0]["id"])
    assert (status, problem["type"]) == (422, "/problems/not-a-thread")
    path = f"/v1/streams/threads/comments/{parent['id']}"
    assert server.request("GET", path)[1]["reply_count"] == 5
    page = server.request("GET", f"{path}/replies?limit=3")[1]
    rest = server.request("GET", f"{path}/replies?limit=3&after={page['next_cursor']}")[1]
    assert ([*page["items"], *rest["items"]], page["has_more"], rest["has_more"]) == (replies, True, False)


def test_a_pin_reaches_late_joiners_until_its_comment_is_deleted(server):
    _, comment = server.post("read this", stream="pins")
    assert server.request("GET", "/v1/streams/pins/pin")[0] == 404
    assert server.ask("PUT", "/v1/streams/pins/pin", {"comment_id": comment["id"]}, **MODERATOR)[0] == 200
    assert server.request("GET", "/v1/streams/pins/pin")[1]["id"] == comment["id"]
    follower = Follower(server.port, stream="pins")
    hello = json.loads(next(event for event in follower if event.event == "hello").data)
    follower.close()
    assert hello["pinned"]["text"] == "read this"
    server.ask("DELETE", f"/v1/streams/pins/comments/{comment['id']}")
    assert server.request("GET", "/v1/streams/pins/pin")[0] == 404
    assert server.ask("DELETE", "/v1/streams/pins/pin", **MODERATOR)[0] == 404


def test_a_change_of_settings_is_an_event_and_applies_at_once(server):
    path = "/v1/streams/modes/settings"
    assert server.post("one", stream="modes")[0] == 201
    status, event, _ = server.ask("PATCH", path, {"slow_mode_s": 300}, **MODERATOR)
    assert (status, event["slow_mode_s"], event["display"]) == (200, 300, "all")
    assert server.post("two", stream="modes")[0] == 201
    status, problem = server.post("three", stream="modes")
    assert (status, problem["type"]) == (429, "/problems/slow-mode")
    assert 0 < problem["retry_after_s"] <= 300
    assert server.ask("POST", "/v1/streams/modes/comments", {"text": "four"}, **MODERATOR)[0] == 201
    assert ("settings", 300) in [(kind, data.get("slow_mode_s")) for kind, data in events_of(server, "modes", 4)]
    assert server.request("GET", path)[1]["slow_mode_s"] == 300


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"slow_mode_s": 301},
        {"slow_mode_s": -1},
        {"colour": 1},
        {"display": "loud"},
        {"display_per_s": 0.4},
        {"display_per_s": 101},
        {"rules": {"links": "x"}},
    ],
)
def test_settings_that_cannot_be_are_refused(server, wrong):
    status, problem, _ = server.ask("PATCH", "/v1/streams/modes/settings", wrong, **MODERATOR)
    assert (status, problem["type"]) == (400, "/problems/invalid-request")


def test_the_rules_of_a_stream_are_known_to_its_moderators_only(server):
    path = "/v1/streams/secret/settings"
    status, event, _ = server.ask("PATCH", path, {"rules": {"blocked_terms": ["badword"]}}, **MODERATOR)
    assert (status, "rules" in event) == (200, False)
    assert server.ask("GET", path, **MODERATOR)[1]["rules"]["blocked_terms"] == ["badword"]
    public = [server.request("GET", each)[1] for each in (path, "/v1/streams/secret", "/v1/streams?limit=200")]
    public += [server.ask("GET", path, user="ann")[1], events_of(server, "secret", 1)]
    follower = Follower(server.port, stream="secret")
    public.append(next(event.data for event in follower if event.event == "hello"))
    follower.close()
    assert "badword" not in json.dumps(public)


def test_a_closed_stream_is_read_and_not_written(server):
    server.post("before", stream="closing")
    assert server.ask("PATCH", "/v1/streams/closing", {"state": "closed"}, **ADMIN)[0] == 200
    status, problem = server.post("after", stream="closing")
    assert (status, problem["type"]) == (409, "/problems/stream-closed")
    assert len(server.history("closing")) == 1
    assert "closing" in [each["name"] for each in server.request("GET", "/v1/streams?limit=200")[1]["items"]]
    server.ask("PATCH", "/v1/streams/closing", {"state": "archived"}, **ADMIN)
    assert "closing" not in [each["name"] for each in server.request("GET", "/v1/streams?limit=200")[1]["items"]]
    server.ask("PATCH", "/v1/streams/closing", {"state": "open"}, **ADMIN)
    assert server.post("again", stream="closing")[0] == 201


def test_a_stream_is_created_once(server):
    new = {"name": "created", "title": "The final", "settings": {"slow_mode_s": 5}}
    status, stream, _ = server.ask("POST", "/v1/streams", new, **ADMIN)
    assert (status, stream["title"], stream["settings"]["slow_mode_s"]) == (201, "The final", 5)
    status, problem, _ = server.ask("POST", "/v1/streams", new, **ADMIN)
    assert (status, problem["type"]) == (409, "/problems/stream-exists")


def test_a_held_comment_waits_for_a_moderator(server):
    rules = {"rules": {"blocked_terms": ["badword"], "blocked": "hold"}}
    server.ask("PATCH", "/v1/streams/held/settings", rules, **MODERATOR)
    answers = [server.post(f"{text} badword", stream="held", key=text) for text in ("good", "bad", "good")]
    assert [status for status, _ in answers] == [202, 202, 202]
    assert answers[0][1] == answers[2][1] == {"id": answers[0][1]["id"], "status": "held"}
    assert server.history("held") == []
    waiting = server.ask("GET", "/v1/streams/held/held", **MODERATOR)[1]["items"]
    assert [(each["text"], each["reason"]) for each in waiting] == [
        ("good badword", "blocked-term"),
        ("bad badword", "blocked-term"),
    ]
    good, bad = (f"/v1/streams/held/held/{each['id']}" for each in waiting)
    status, comment, _ = server.ask("POST", f"{good}:approve", **MODERATOR)
    assert (status, comment["text"], comment["author"]["id"]) == (200, "good badword", "Ada")
    assert server.ask("POST", f"{bad}:deny", **MODERATOR)[0] == 204
    assert [server.ask("POST", f"{each}:approve", **MODERATOR)[0] for each in (good, bad)] == [404, 404]
    assert [each["text"] for each in server.history("held")] == ["good badword"]


def test_a_repeated_request_gets_its_first_answer_whatever_the_limits_say(start_server):
    server = start_server("--rate-burst", "1")
    first = server.post("once", key="k")
    assert first[0] == 201
    assert server.post("another", key="l")[0] == 429
    assert server.post("once", key="k") == first


def test_the_same_text_again_is_denied(server):
    assert server.post("GG", stream="same")[0] == 201
    status, problem = server.post("gg", stream="same")
    assert (status, problem["type"]) == (422, "/problems/denied-by-rules")
    assert problem["detail"].startswith("repeated: ")


def test_reports_are_for_moderators_and_count_once(server):
    _, comment = server.post("rude", stream="reports")
    path = f"/v1/streams/reports/comments/{comment['id']}/reports"
    for user in ("ann", "ann", "bo"):
        assert server.ask("POST", path, {"reason": "rude", "note": "see?"}, user=user)[0] == 204
    reports = server.ask("GET", "/v1/streams/reports/reports", **MODERATOR)[1]["items"]
    assert [(each["reporter"], each["comment_id"]) for each in reports] == [
        ("ann", comment["id"]),
        ("bo", comment["id"]),
    ]
    nothing = path.replace(comment["id"], "00000000-0000-7000-8000-000000000000")
    assert server.ask("POST", nothing, {"reason": "x"})[0] == 404


def test_a_batch_answers_for_each_of_its_comments(server):
    server.post("taken", stream="batch", key="k1")
    items = [
        {"text": "from a gateway", "author": {"id": "ann", "name": "Ann"}, "idempotency_key": "a"},
        {"text": " \n "},
        {"text": "from a gateway", "author": {"id": "ann", "name": "Ann"}, "idempotency_key": "a"},
        {"text": "from a gateway", "author": {"id": "bo"}},
        {"text": "lost", "parent_id": "00000000-0000-7000-8000-000000000000"},
    ]
    path = "/v1/streams/batch/comments:batch"
    status, body, _ = server.ask("POST", path, {"comments": items}, **ADMIN)
    assert (status, [each["status"] for each in body["results"]]) == (200, [201, 422, 409, 201, 404])
    again = server.ask("POST", path, {"comments": items[:1]}, **ADMIN)[1]["results"][0]
    assert (again["replayed"], again["id"]) == (True, body["results"][0]["id"])
    assert [each["author"]["name"] for each in server.history("batch")] == ["Ada", "Ann", "bo"]


def test_an_importer_is_under_no_limits(start_server):
    server = start_server("--rate-burst", "1")
    items = [{"text": "the same"} for _ in range(500)]
    path = "/v1/streams/demo/comments:batch"
    status, body, _ = server.ask("POST", path, {"comments": items, "trusted": True}, **ADMIN)
    assert (status, {each["status"] for each in body["results"]}) == (200, {201})
    assert len(server.history()) == 500
    assert server.ask("POST", path, {"comments": items * 2, "trusted": True}, **ADMIN)[0] == 400


def test_a_changed_name_reaches_earlier_comments(server):
    server.post("hello", author="cy", stream="names")
    status, user, _ = server.ask(
        "PATCH", "/v1/users/cy", {"name": "Cyra", "avatar": "https://example.org/c.png"}, user="cy"
    )
    assert (status, user["name"]) == (200, "Cyra")
    eventually(lambda: server.history("names")[0]["author"]["name"] == "Cyra", "the earlier comment has the new name")
    assert server.post("again", author="cy", stream="names")[1]["author"]["avatar"] == "https://example.org/c.png"
    assert server.ask("PATCH", "/v1/users/cy", {"name": "Mine"}, user="ann")[0] == 403
    assert server.ask("PATCH", "/v1/users/cy", {"badges": ["vip"]}, user="cy")[0] == 403
    assert server.ask("PATCH", "/v1/users/cy", {"badges": ["vip"]}, **ADMIN)[1]["badges"] == ["vip"]
    assert server.request("GET", "/v1/users/cy")[1]["badges"] == ["vip"]
    assert server.request("GET", "/v1/users/nobody")[0] == 404


def test_reactions_are_sums_once_a_second_and_counted_exactly(server):
    _, comment = server.post("like this", stream="likes")
    follower = Follower(server.port, stream="likes")
    path, on = "/v1/streams/likes/reactions", {"comment_id": comment["id"]}
    server.watched()  # and those of other tests have gone
    for user in ("ann", "bo", "ann"):
        assert server.ask("POST", path, {"emoji": "👍"} | on, user=user)[0] == 202
    assert server.ask("POST", path, {"emoji": "🔥"}, user="ann")[0] == 202
    pushed = []
    for event in follower:
        if event.event == "reactions":
            pushed += json.loads(event.data)["counts"]
        if {each["emoji"] for each in pushed} == {"👍", "🔥"}:
            break
    follower.close()
    assert sum(each["delta"] for each in pushed if each["emoji"] == "👍") == 2
    assert len(pushed) <= 4, "sums, not an event for each like"
    assert server.request("GET", f"{path}?comment_id={comment['id']}")[1] == {"counts": {"👍": 2}}
    assert server.request("GET", path)[1] == {"counts": {"🔥": 1}}
    assert server.ask("POST", f"{path}:withdraw", {"emoji": "👍"} | on, user="bo")[0] == 202
    eventually(lambda: server.history("likes")[0]["reactions"] == {"👍": 1}, "the count follows")
    for wrong in ("yes", "👍👍"):
        assert server.ask("POST", path, {"emoji": wrong})[0] == 422


def test_history_is_replayed_by_the_time_since_the_stream_began(server):
    server.request("GET", "/v1/streams/replay")
    early = server.post("early", stream="replay")[1]
    time.sleep(0.05)  # the comments must differ in time, or there is nothing to find
    late = server.post("late", stream="replay")[1]
    opened = server.request("GET", "/v1/streams/replay")[1]["opened_at"]
    offset_ms = _ms(late["created_at"]) - _ms(opened)
    path = "/v1/streams/replay/comments"
    assert server.request("GET", f"{path}?offset_ms={offset_ms}")[1]["items"] == [late]
    assert server.request("GET", f"{path}?offset_ms=0")[1]["items"] == [early, late]
    assert server.request("GET", f"{path}?offset_ms=0&before={late['cursor']}")[0] == 400


def _ms(iso):
    return round(datetime.fromisoformat(iso).timestamp() * 1000)
