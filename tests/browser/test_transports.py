"""Every transport shows the same; one that does not work here is left for the next, and the page says why."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.proxies import HoldEverything, HoldHeartbeats, Proxy, running

pytestmark = pytest.mark.slow

WORDS = {
    "websocket": "WebSocket", "sse": "Server-sent events", "poll": "Long polling", "segments": "Cached segments"
}  # fmt: skip
HELD = b"wait_s=25"
GONE = "status of 410"  # what a browser calls an error: a segment has changed since it was listed
often = pytest.mark.parametrize("server", [("--heartbeat-s", "0.5")], indirect=True, ids=["often"])


def test_each_transport_shows_the_same_comments(server, open_viewer):
    server.post("demo", ["before"])
    viewers = {transport: open_viewer(transport=transport) for transport in WORDS}
    server.post("demo", [f"live {n}" for n in range(30)])
    server.moderate("DELETE", f"demo/comments/{server.ids('demo')[1]}")
    for transport, viewer in viewers.items():
        expect(viewer.showing("This comment was deleted.")).to_have_count(1)
        expect(viewer.showing("live 29")).to_have_count(1)
        texts = ["before", "This comment was deleted.", *(f"live {n}" for n in range(1, 30))]
        assert viewer.texts() == texts
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text(WORDS[transport])
        assert [error for error in viewer.errors if GONE not in error] == []


def test_the_first_choice_is_a_websocket(open_viewer):
    viewer = open_viewer()
    viewer.open_panel()
    expect(viewer.fact("Transport")).to_have_text("WebSocket")
    expect(viewer.fact("Why")).to_have_text("The first choice.")
    assert len(viewer.sockets) == 1
    assert viewer.asked("/events?") == viewer.asked("/poll?") == []


def test_where_no_websocket_gets_through_the_page_uses_server_sent_events_and_says_why(server, open_viewer):
    with running(Proxy(server.url)) as origin:
        viewer = open_viewer(origin=origin)
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text("Server-sent events")
        expect(viewer.fact("Why")).to_have_text(
            re.compile(r"^WebSocket could not be opened: .+, using server-sent events\.$")
        )
        assert len(viewer.sockets) == 2
        server.post("demo", ["got through"])
        expect(viewer.showing("got through")).to_have_count(1)


def test_what_was_found_out_about_the_network_is_kept_for_the_visit(server, open_viewer):
    with running(Proxy(server.url)) as origin:
        viewer = open_viewer(origin=origin)
        viewer.sockets.clear()
        viewer.page.reload()
        expect(viewer.state).to_have_text("Live")
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text("Server-sent events")
        expect(viewer.fact("Why")).to_contain_text("WebSocket could not be opened")
        assert viewer.sockets == []


def test_a_better_transport_is_tried_again_beside_the_one_in_use_when_the_network_may_be_another(server, open_viewer):
    proxy = Proxy(server.url)
    with running(proxy) as origin:
        viewer = open_viewer(origin=origin)
        viewer.open_panel()
        proxy.knows_websockets = True
        viewer.page.evaluate("dispatchEvent(new Event('online'))")
        expect(viewer.fact("Transport")).to_have_text("WebSocket")
        expect(viewer.fact("Why")).to_have_text("The first choice.")
        server.post("demo", ["once"])
        expect(viewer.showing("once")).to_have_count(1)
        server.watched(1)


def test_where_a_proxy_holds_events_back_the_page_asks_for_them_and_says_why(server, open_viewer):
    with running(Proxy(server.url, HoldEverything)) as origin:
        viewer = open_viewer(origin=origin)
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text("Long polling")
        expect(viewer.fact("Why")).to_contain_text("Server-sent events failed: a proxy is holding messages back")
        server.post("demo", ["asked for"])
        expect(viewer.showing("asked for")).to_have_count(1)


def test_where_requests_cannot_be_held_the_page_reads_segments_and_says_why(server, open_viewer):
    with running(Proxy(server.url, HoldEverything, HELD)) as origin:
        viewer = open_viewer(origin=origin)
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text("Cached segments")
        expect(viewer.fact("Why")).to_have_text(re.compile(r"Long polling could not be opened: .+ cached segments\.$"))
        expect(viewer.panel).to_contain_text("Comments come some seconds late.")
        server.post("demo", ["a little late"])
        expect(viewer.showing("a little late")).to_have_count(1)
        server.moderate("DELETE", f"demo/comments/{server.ids('demo')[0]}")
        expect(viewer.showing("This comment was deleted.")).to_have_count(1)


def test_where_requests_can_be_held_again_the_page_leaves_the_segments(server, open_viewer):
    proxy = Proxy(server.url, HoldEverything, HELD)
    with running(proxy) as origin:
        viewer = open_viewer(origin=origin)
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text("Cached segments")
        proxy.impatient_of = ()
        viewer.page.evaluate("dispatchEvent(new Event('online'))")
        expect(viewer.fact("Transport")).to_have_text("Long polling")
        server.post("demo", ["once"])
        expect(viewer.showing("once")).to_have_count(1)


def test_where_there_are_no_segments_either_the_page_goes_on_with_long_polling(server, open_viewer):
    proxy = Proxy(server.url, HoldEverything, HELD, b"/demo/segments")
    with running(proxy) as origin:
        viewer = open_viewer(origin=origin, state="reconnecting")
        viewer.open_panel()
        for _ in range(3):
            viewer.page.wait_for_event("request", lambda request: "/segments" in request.url)
        expect(viewer.fact("Transport")).to_have_text("Long polling")
        proxy.impatient_of = ()
        expect(viewer.state).to_have_text("Live")
        expect(viewer.fact("Transport")).to_have_text("Long polling")


def test_a_stream_that_is_not_for_all_has_no_segments_and_the_page_says_so(server, open_viewer):
    viewer = open_viewer(transport="segments")
    server.moderate("PATCH", "demo/settings", {"visibility": "private"})
    expect(viewer.state).to_have_text(re.compile("^Unavailable: .*public streams only"))


@often
def test_where_heartbeats_come_in_clumps_the_page_asks_instead_and_says_why(server, open_viewer):
    with running(Proxy(server.url, HoldHeartbeats)) as origin:
        viewer = open_viewer(origin=origin)
        viewer.open_panel()
        expect(viewer.fact("Transport")).to_have_text("Long polling")
        expect(viewer.fact("Why")).to_contain_text("a proxy is holding messages back (heartbeats came in clumps)")
        server.post("demo", ["asked for"])
        expect(viewer.showing("asked for")).to_have_count(1)


def test_a_server_that_is_away_leads_to_no_other_transport(server, open_viewer):
    viewer = open_viewer()
    server.kill()
    viewer.open_panel()
    expect(viewer.state).to_have_text(re.compile("Reconnecting"))
    for _ in range(3):
        viewer.page.wait_for_event("websocket")
    server.start()
    expect(viewer.state).to_have_text("Live")
    expect(viewer.fact("Transport")).to_have_text("WebSocket")
    expect(viewer.fact("Why")).to_have_text("The first choice.")
