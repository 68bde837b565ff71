"""The tabs of one browser read a stream over one connection; none of them misses a comment, whoever leads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

LEADS, FOLLOWS = "Yes, this tab holds the connection", "Yes, another tab holds the connection"
SAY_NOTHING_UNTIL_DEPOSED = """() => {
  const { prototype } = BroadcastChannel;
  const { postMessage } = prototype;
  prototype.postMessage = function (message) {
    if (message.type === "since") prototype.postMessage = postMessage;
    if (message.type === "since") postMessage.call(this, message);
  };
}"""
often = pytest.mark.parametrize("server", [("--heartbeat-s", "0.5")], indirect=True, ids=["often"])


def test_two_tabs_share_one_connection_and_each_shows_each_comment_once(server, open_viewer):
    first = open_viewer()
    server.post("demo", ["before the second tab"])
    second = open_viewer(beside=first)
    server.post("demo", [f"live {n}" for n in range(20)])
    for viewer, role in ((first, LEADS), (second, FOLLOWS)):
        expect(viewer.rows).to_have_count(21)
        assert viewer.texts() == server.texts("demo")
        viewer.open_panel()
        expect(viewer.fact("Shared")).to_have_text(role)
        expect(viewer.fact("Transport")).to_have_text("WebSocket")
        assert viewer.errors == []
    server.watched(1)
    assert [len(viewer.sockets) for viewer in (first, second)] == [1, 0]


def test_the_lead_passes_on_without_loss_when_its_tab_is_closed(server, open_viewer):
    first = open_viewer()
    second, third = open_viewer(beside=first), open_viewer(beside=first)
    server.post("demo", ["shared"])
    for viewer in (second, third):
        expect(viewer.rows).to_have_count(1)
    first.page.close()
    server.post("demo", [f"after {n}" for n in range(20)])
    for viewer in (second, third):
        expect(viewer.rows).to_have_count(21)
        assert viewer.texts() == server.texts("demo")
        expect(viewer.state).to_have_text("Live")
        viewer.open_panel()
    roles = sorted(viewer.fact("Shared").inner_text() for viewer in (second, third))
    assert roles == sorted([LEADS, FOLLOWS])
    assert len(second.sockets) + len(third.sockets) == 1


def test_tabs_that_come_and_go_while_comments_are_posted_miss_none_and_show_none_twice(server, open_viewer):
    first = open_viewer()
    with _posting(server, 50):
        second = open_viewer(beside=first)
    with _posting(server, 50):
        third = open_viewer(beside=first)
        first.page.close()
    with _posting(server, 50):
        fourth = open_viewer(beside=second)
        second.page.close()
    server.post("demo", ["the last one"])
    stored = server.texts("demo")
    for viewer in (third, fourth):
        expect(viewer.showing("the last one")).to_have_count(1)
        # A page begins with the newest fifty; from there on it has everything.
        shown = viewer.texts()
        assert shown == stored[-len(shown) :]
        assert len(shown) > 50
    server.watched(1)


def test_a_tab_that_comes_late_learns_how_the_stream_stands(server, open_viewer):
    server.post("demo", ["read this"], author="Ada")
    first = open_viewer()
    server.moderate("PUT", "demo/pin", {"comment_id": server.ids("demo")[0]})
    server.moderate("PATCH", "demo", {"state": "closed"})
    expect(first.page.locator(".message")).to_have_text("This stream is closed.")
    second = open_viewer(beside=first)
    expect(second.page.locator(".pinned")).to_contain_text("read this")
    expect(second.page.locator(".message")).to_have_text("This stream is closed.")


@often
def test_a_tab_that_falls_silent_loses_the_lead_to_one_that_is_awake(server, open_viewer):
    first = open_viewer()
    second = open_viewer(beside=first)
    second.open_panel()
    expect(second.fact("Shared")).to_have_text(FOLLOWS)
    first.page.evaluate(SAY_NOTHING_UNTIL_DEPOSED)
    server.post("demo", ["not handed on"])
    expect(second.fact("Shared")).to_have_text(LEADS)
    expect(second.showing("not handed on")).to_have_count(1)
    first.open_panel()
    expect(first.fact("Shared")).to_have_text(FOLLOWS)
    server.post("demo", ["handed on by the other one"])
    for viewer in (first, second):
        expect(viewer.rows).to_have_count(2)
        assert viewer.texts() == ["not handed on", "handed on by the other one"]


def test_tabs_of_different_readers_do_not_share(server, open_viewer):
    first = open_viewer()
    second = open_viewer(beside=first)
    second.page.locator("live-comments").evaluate("widget => widget.setAttribute('author', 'Ada')")
    second.open_panel()
    expect(second.fact("Shared")).to_have_text(LEADS)
    server.watched(2)


def test_without_locks_every_tab_is_by_itself(server, open_viewer):
    first = open_viewer(script="delete Navigator.prototype.locks")
    second = open_viewer(beside=first, script="delete Navigator.prototype.locks")
    server.post("demo", ["to each"])
    for viewer in (first, second):
        expect(viewer.rows).to_have_count(1)
        viewer.open_panel()
        expect(viewer.fact("Shared")).to_contain_text("No")
    server.watched(2)


@contextmanager
def _posting(server, count: int) -> Iterator[None]:
    """Comments are posted meanwhile."""
    thread = threading.Thread(target=server.post, args=("demo", [f"posted {n}" for n in range(count)]))
    thread.start()
    try:
        yield
    finally:
        thread.join()
