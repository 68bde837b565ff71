"""What polls answer besides the sequence: when to ask again, from where, and what a cache may keep."""

import threading

import pytest

ITEMS_MAX = 500


@pytest.fixture
def poll(raw_server, stream):
    """Ask for what comes after a cursor: (status, answer, headers)."""

    def ask(query="", **headers):
        return raw_server.request("GET", f"/v1/streams/{stream}/poll?{query}", headers=headers)

    return ask


def of_the_log(answer):
    """Without what comes whenever it is time, as the number of viewers does."""
    return [item for item in answer["items"] if "id" in item]


def test_without_a_cursor_it_answers_where_the_stream_stands(raw_server, poll, stream):
    posted = [raw_server.post(text, stream=stream)[1] for text in "ab"]
    status, answer, _ = poll()
    assert (status, of_the_log(answer), answer["next_cursor"]) == (200, [], posted[-1]["cursor"])
    assert poll("hello=true")[1]["next_cursor"] == posted[-1]["cursor"]


def test_a_hello_comes_first_and_at_once(raw_server, poll, stream):
    posted = [raw_server.post(text, stream=stream)[1] for text in "ab"]
    answer = poll(f"hello=true&cursor={posted[0]['cursor']}")[1]
    assert [item["event"] for item in answer["items"]] == ["hello", "comment"]
    assert answer["next_cursor"] == posted[1]["cursor"]
    assert [item["event"] for item in poll(f"hello=true&cursor={posted[1]['cursor']}")[1]["items"]] == ["hello"]


def test_a_held_poll_is_answered_when_something_comes(raw_server, poll, stream):
    cursor = raw_server.post("a", stream=stream)[1]["cursor"]
    raw_server.watched(0)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(poll(f"cursor={cursor}&wait_s=55")))
    asking.start()
    raw_server.watched()
    posted = raw_server.post("b", stream=stream)[1]
    asking.join()
    status, answer, headers = answers[0]
    assert (status, [item["data"] for item in of_the_log(answer)]) == (200, [posted])
    assert headers["cache-control"] == "no-store"
    raw_server.watched(0)


def test_one_that_is_held_in_vain_keeps_its_position(raw_server, poll, stream):
    cursor = raw_server.post("a", stream=stream)[1]["cursor"]
    answer = poll(f"cursor={cursor}&wait_s=0.02")[1]
    assert (of_the_log(answer), answer["next_cursor"], answer["poll_after_ms"]) == ([], cursor, 0)


def test_much_comes_in_answers_of_500_that_follow_each_other_at_once(raw_server, poll, stream):
    start = poll()[1]["next_cursor"]
    path = f"/v1/streams/{stream}/comments:batch"
    for _ in range(2):
        body = {"trusted": True, "comments": [{"text": "x"}] * 400}
        assert raw_server.ask("POST", path, body, allow=("admin", "post"))[0] == 200
    for wait in ("wait_s=55", "wait_s=0"):
        first = poll(f"{wait}&cursor={start}")[1]
        rest = poll(f"{wait}&cursor={first['next_cursor']}")[1]
        assert [item["data"]["seq"] for item in first["items"] + rest["items"]] == list(range(1, 801))
        assert len(first["items"]) == ITEMS_MAX
        assert first["poll_after_ms"] == 0
        assert rest["poll_after_ms"] > 0
        assert rest["next_cursor"] == rest["items"][-1]["id"]


def test_a_plain_poll_may_be_kept_by_a_cache_for_a_second(raw_server, poll, stream):
    cursor = raw_server.post("a", stream=stream)[1]["cursor"]
    status, answer, headers = poll(f"cursor={cursor}&wait_s=0")
    assert (status, of_the_log(answer), headers["cache-control"]) == (200, [], "public, max-age=1")
    assert headers["etag"] == f'"{cursor}"'
    status, nothing, headers = poll(f"cursor={cursor}&wait_s=0", **{"If-None-Match": f'"{cursor}"'})
    assert status == 304
    assert not nothing
    posted = raw_server.post("b", stream=stream)[1]
    status, answer, headers = poll(f"cursor={cursor}&wait_s=0", **{"If-None-Match": f'"{cursor}"'})
    assert (status, [item["data"] for item in of_the_log(answer)]) == (200, [posted])


def test_a_private_stream_is_never_kept_by_a_cache(raw_server, stream):
    body = {"name": stream, "settings": {"visibility": "private"}}
    assert raw_server.ask("POST", "/v1/streams", body, allow=("admin",))[0] == 201
    status, _, headers = raw_server.ask("GET", f"/v1/streams/{stream}/poll?wait_s=0", allow=("read",))
    assert (status, headers["cache-control"], headers.get("etag")) == (200, "no-store", None)


@pytest.mark.parametrize("wait_s", ["-1", "56", "x", "nan", "inf"])
def test_a_wait_that_is_none_is_refused(poll, wait_s):
    status, problem, _ = poll(f"wait_s={wait_s}")
    assert (status, problem["type"]) == (400, "/problems/invalid-request")
