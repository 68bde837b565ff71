"""What the page does when the server sends it away: for a while, until it has a new token, or for good."""

import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

on_each_transport = pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
FINAL = re.compile("Unavailable")


@on_each_transport
def test_a_rolling_restart_loses_nothing_and_needs_no_backoff(server, open_viewer, transport):
    viewer = open_viewer(transport=transport)
    server.post("demo", ["before"])
    expect(viewer.rows).to_have_count(1)
    server.stop()
    expect(viewer.state).to_have_text(re.compile("Reconnecting"))
    server.start()
    server.post("demo", ["after"])
    expect(viewer.rows).to_have_count(2)
    expect(viewer.state).to_have_text("Live")
    assert viewer.texts() == ["before", "after"]


def test_a_page_that_is_told_when_to_come_back_shows_it_and_waits(open_viewer):
    viewer = open_viewer()
    opened = _speak_for_the_server(viewer, [{"event": "reconnect", "data": {"after_ms": 999_000}}])
    viewer.page.evaluate("dispatchEvent(new Event('online'))")
    expect(viewer.state).to_have_text(re.compile(r"Reconnecting in 9\d\d s"))
    viewer.page.evaluate("dispatchEvent(new Event('online'))")
    expect(viewer.state).to_have_text(re.compile(r"Reconnecting in 9([0-8]\d|9[0-7]) s"))
    assert len(opened) == 1


@on_each_transport
def test_a_page_that_may_no_longer_read_says_so_and_asks_no_more(server, open_viewer, transport):
    viewer = open_viewer(transport=transport)
    server.post("demo", ["it has joined"])
    expect(viewer.rows).to_have_count(1)
    server.moderate("PATCH", "demo/settings", {"visibility": "private"})
    expect(viewer.state).to_have_text(FINAL)
    asked = len(viewer.requests) + len(viewer.sockets)
    viewer.page.evaluate("dispatchEvent(new Event('online'))")
    viewer.open_panel()
    expect(viewer.state).to_have_text(FINAL)
    assert len(viewer.requests) + len(viewer.sockets) == asked


def test_a_page_whose_token_has_ended_gets_a_new_one_and_comes_back_once(open_viewer):
    viewer = open_viewer()
    viewer.send("who I am")
    expect(viewer.rows).to_have_count(1)
    given = len(viewer.asked("/v1/dev/tokens"))
    opened = _speak_for_the_server(viewer, [{"event": "end", "data": {"reason": "token_expired"}}])
    viewer.page.evaluate("dispatchEvent(new Event('online'))")
    expect(viewer.state).to_have_text("Unavailable: your session has ended")
    assert len(opened) == 2
    assert len(viewer.asked("/v1/dev/tokens")) == given + 1


def _speak_for_the_server(viewer, messages):
    """From now on every WebSocket is greeted and then told this; answers the list of those that were opened."""
    opened = []

    def greet(socket):
        opened.append(socket.url)
        hello = {"event": "hello", "data": {"heartbeat_ms": 15_000, "pinned": None, "state": "open"}}
        socket.send("\n".join(map(json.dumps, [hello, *messages])))

    viewer.page.route_web_socket("**/websocket?*", greet)
    return opened
