"""What the page does when the server dies, the network goes, or an answer is lost: nothing missing, nothing twice."""

import re
import shutil
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

LIVE = "Live"
TRANSPORTS = {"websocket": "/websocket?", "sse": "/events?", "poll": "/poll?"}  # and where they are asked for
# Each pause is as long as it may be: a comment is tried for a minute and a half, also while a server is slow to start.
PATIENT = "Math.random = () => 0.99;"

on_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


@on_each_transport
def test_pages_resume_after_a_crash_with_what_was_posted_meanwhile(server, open_viewer, transport):
    one, two = open_viewer(transport=transport, script=PATIENT), open_viewer(transport=transport)
    one.send("before the crash")
    expect(two.rows).to_have_count(1)
    seen = two.rows.last.get_attribute("data-cursor")
    server.kill()
    for viewer in (one, two):
        expect(viewer.state).to_have_text(re.compile("Reconnecting"))
    one.send("written while the server was down", author="Ada")
    expect(one.page.locator(".pending .row")).to_have_count(1)
    server.start()
    server.post("demo", [f"meanwhile {n}" for n in range(20)])
    for viewer in (one, two):
        expect(viewer.state).to_have_text(LIVE)
        expect(viewer.rows).to_have_count(22)
        assert viewer.texts() == server.texts("demo")
    asked = [parse_qs(urlsplit(url).query) for url in two.asked(TRANSPORTS[transport])]
    assert [seen] in [query["cursor"] for query in asked]
    expect(one.page.locator(".pending .row")).to_have_count(0)
    assert server.texts("demo").count("written while the server was down") == 1


def test_a_comment_whose_answer_is_lost_is_stored_and_shown_once(server, open_viewer):
    viewer = open_viewer()
    keys = []

    def lose_first_answer(route):
        keys.append(route.request.headers.get("idempotency-key"))
        if route.request.method == "POST" and len(keys) == 1:
            route.fetch()  # the server stores it and answers, but nobody hears it
            route.abort()
        else:
            route.continue_()

    viewer.page.route("**/comments", lose_first_answer)
    viewer.watch_rows()
    viewer.send("said once")
    expect(viewer.page.locator(".pending .row")).to_have_count(0)
    assert viewer.most_rows() == 1
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert viewer.texts() == server.texts("demo") == ["said once"]


@on_each_transport
def test_a_page_that_was_offline_says_so_and_then_catches_up(server, open_viewer, transport):
    viewer = open_viewer(transport=transport)
    viewer.page.context.set_offline(True)
    expect(viewer.state).to_have_text("Offline")
    server.post("demo", ["one", "two"])
    viewer.page.context.set_offline(False)
    expect(viewer.state).to_have_text(LIVE)
    expect(viewer.rows).to_have_count(2)
    assert viewer.texts() == ["one", "two"]


@pytest.mark.parametrize(("transport", "event"), [("websocket", "websocket"), ("sse", "request")])
def test_a_connection_without_heartbeats_is_opened_again(server, open_viewer, transport, event):
    viewer = open_viewer(own_clock=True, transport=transport)
    expect(viewer.state).to_have_text(LIVE)
    with viewer.page.expect_event(event, lambda asked: TRANSPORTS[transport] in asked.url), server.frozen():
        viewer.page.clock.run_for(80_000)  # twice as long as it waits: something may have been under way
    server.post("demo", ["still here"])
    viewer.page.clock.run_for(1_000)
    expect(viewer.showing("still here")).to_have_count(1)


def test_a_large_gap_is_shown_with_its_size_and_opens_in_order(server, open_viewer):
    server.post("demo", ["the last one seen"])
    viewer = open_viewer()
    viewer.page.context.set_offline(True)
    expect(viewer.state).to_have_text("Offline")
    missed = [f"missed {n}" for n in range(1_250)]
    server.post("demo", missed)
    server.kill()
    server.start()  # what it kept in memory for resuming is gone
    viewer.page.context.set_offline(False)
    expect(viewer.page.locator(".gap")).to_contain_text("1,200 comments were skipped")
    expect(viewer.rows).to_have_count(51)
    viewer.page.get_by_role("button", name="Show skipped comments").click()
    expect(viewer.page.locator(".gap")).to_contain_text("1,000 comments were skipped")
    assert viewer.texts() == ["the last one seen", *missed[:200], *missed[-50:]]
    expect(viewer.page.get_by_role("button", name="Show skipped comments")).to_be_focused()


def test_a_log_begun_anew_takes_the_place_of_the_old_one(server, open_viewer, tmp_path):
    viewer = open_viewer()
    viewer.send("in the old log")
    expect(viewer.page.locator(".pending .row")).to_have_count(0)
    server.kill()
    shutil.rmtree(tmp_path / "data")
    server.start()
    server.post("demo", ["in the new log"])
    expect(viewer.showing("in the old log")).to_have_count(0)
    expect(viewer.showing("in the new log")).to_have_count(1)
    assert viewer.texts() == ["in the new log"]
