"""Following a stream over real sockets, on the raw path and on the plain one."""

import itertools
import json
import threading

import pytest

from tests.server.conftest import eventually
from tests.server.sse import seqs


@pytest.fixture(params=["raw", "plain"])
def server(request, start_server):
    return start_server("--delivery", request.param)


_numbers = itertools.count()


def _post_many(server, count, author="Ada"):
    return [server.post(f"{author} {next(_numbers)}", author=author)[1] for _ in range(count)]


def test_a_viewer_gets_what_is_posted_after_it_joined(server, follow):
    follower = follow(server)
    eventually(lambda: server.viewers() == 1, "the viewer has joined")
    posted = _post_many(server, 5)
    events = follower.until(5)
    assert [json.loads(event.data) for event in events if event.event == "comment"] == posted


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_returning_viewer_goes_on_where_it_was(server, way, follow):
    cursors = [comment["cursor"] for comment in _post_many(server, 8)]
    place = {"last_event_id": cursors[2]} if way == "header" else {"query": f"?cursor={cursors[2]}"}
    assert seqs(follow(server, **place).until(8)) == [4, 5, 6, 7, 8]


def test_joining_while_posting_leaves_no_gap_and_no_overlap(server, follow):
    start = server.request("GET", "/v1/streams/demo/comments")[1]["next_cursor"]
    posting = threading.Thread(target=_post_many, args=(server, 150))
    posting.start()
    followers = []
    while posting.is_alive() and len(followers) < 40:
        followers.append(follow(server, last_event_id=start))
        posting.join(0.02)
    posting.join()
    for follower in followers:
        assert seqs(follower.until(150)) == list(range(1, 151))


def test_a_cursor_of_another_log_gets_a_gap_and_then_the_present(server, follow):
    _post_many(server, 3)
    follower = follow(server, last_event_id="1:2")
    eventually(lambda: server.viewers() == 1, "the viewer has joined")
    _post_many(server, 1)
    gap, comment = [event for event in follower.until(4) if event.event in ("gap", "comment")][-2:]
    assert json.loads(gap.data) == {"from": 1, "to": 3, "count": 3, "reason": "epoch"}
    assert seqs([comment]) == [4]


def test_a_viewer_that_leaves_is_forgotten_even_when_it_sent_bytes_ahead(server, follow):
    follower = follow(server, extra=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    eventually(lambda: server.viewers() == 1, "the viewer has joined")
    _post_many(server, 1)
    assert seqs(follower.until(1)) == [1]
    follower.close()
    # The plain path's reading stays paused, so only a write that fails tells it.
    eventually(lambda: _post_many(server, 1) and server.viewers() == 0, "the viewer has been forgotten")


def test_a_viewer_that_sends_nonsense_after_its_request_is_let_go(server, follow):
    follower = follow(server, extra=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"x" * 1000)
    assert follower.status == 400
    eventually(lambda: _post_many(server, 1) and server.viewers() == 0, "it has been forgotten")
    assert not [line for line in server.said if "level=error" in line]


def test_a_stopping_server_ends_every_response(server, follow):
    follower = follow(server)
    eventually(lambda: server.viewers() == 1, "the viewer has joined")
    assert server.stop() == 0
    list(follower)
    assert follower.ended


LONG = "long " * 90


def _fill(server, comments):
    for number in range(comments):
        body = {"author": {"id": f"author{number}"}, "text": LONG}
        assert server.ask("POST", "/v1/streams/demo/comments", body, allow=("admin",))[0] == 201


def test_a_slow_viewer_is_disconnected_and_nobody_else_notices(start_server, follow):
    server = start_server("--window-ms", "0", LIVECOMMENTS_QUEUE_BYTES="4096")
    slow, quick = follow(server, receive=4096), follow(server)
    eventually(lambda: server.viewers() == 2, "both have joined")
    got = []
    reading = threading.Thread(target=lambda: got.extend(seqs(quick.until(1000))))
    reading.start()
    _fill(server, 1000)
    reading.join()
    assert got == list(range(1, 1001))
    server.watched()
    slow.close()


def test_a_slow_viewer_that_keeps_its_connection_is_told_what_it_missed(start_server, follow):
    server = start_server("--window-ms", "0", "--slow-viewer", "drop_oldest", LIVECOMMENTS_QUEUE_BYTES="4096")
    slow = follow(server, receive=4096)
    eventually(lambda: server.viewers() == 1, "it has joined")
    _fill(server, 1000)
    events = slow.until(1000)
    missed = [number for event in events if event.event == "gap" for number in _range(event)]
    assert missed
    assert sorted(missed + seqs(events)) == list(range(1, 1001))
    first = _first_gap(events)
    assert first.id.endswith(f":{_range(first)[-1]}")


def _first_gap(events):
    return next(event for event in events if event.event == "gap")


def _range(gap):
    fields = json.loads(gap.data)
    assert fields["reason"] == "slow"
    return range(fields["from"], fields["to"] + 1)
