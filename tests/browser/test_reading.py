"""What a reader of the page sees, in a real browser on a real server."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

LIST_MAX = 500
REMEMBER_RECEIVED = """() => document.addEventListener(
  "live-comments:stats", ({ detail }) => (document.body.dataset.received = detail.received)
)"""

FOCUS_IF_SHOWN = "button => !button.hidden && (button.focus(), true)"


def test_a_page_opens_at_its_newest_comment(server, open_viewer):
    server.post("demo", [f"old {n}" for n in range(60)])
    viewer = open_viewer()
    expect(viewer.rows.last).to_be_in_viewport(ratio=1)
    expect(viewer.rows.last).to_contain_text("old 59")
    expect(viewer.page.locator(".pill")).to_be_hidden()


def test_a_reader_who_has_scrolled_up_is_not_moved_and_is_told_what_is_new(server, open_viewer):
    server.post("demo", [f"old {n}" for n in range(60)])
    viewer = open_viewer()
    log, pill = viewer.page.locator(".log"), viewer.page.locator(".pill")
    log.hover()
    viewer.page.mouse.wheel(0, -400)
    expect(viewer.showing("old 59")).not_to_be_in_viewport()
    top = log.evaluate("log => log.scrollTop")
    server.post("demo", ["new 1", "new 2", "new 3"])
    expect(pill).to_have_text("3 new comments")
    assert log.evaluate("log => log.scrollTop") == top
    pill.click()
    expect(viewer.showing("new 3")).to_be_in_viewport()
    expect(pill).to_be_hidden()


def test_the_page_holds_a_bounded_number_of_comments_and_the_newest_of_them(server, open_viewer):
    viewer = open_viewer()
    texts = [f"comment {n}" for n in range(LIST_MAX + 150)]
    server.post("demo", texts)
    expect(viewer.showing(texts[-1])).to_be_in_viewport()
    assert viewer.texts() == texts[-LIST_MAX:]
    assert viewer.errors == []


def test_a_reader_can_go_back_to_the_first_comment_and_return_to_the_newest(server, open_viewer):
    texts = [f"comment {n}" for n in range(LIST_MAX + 150)]
    server.post("demo", texts)
    viewer = open_viewer()
    _go_back_to_the_first(viewer.page)
    assert viewer.texts() == texts[:LIST_MAX]
    server.post("demo", ["the newest"])
    viewer.page.get_by_role("button", name="1 new comment").click()
    expect(viewer.showing("the newest")).to_be_in_viewport()
    assert viewer.texts() == [*texts[-49:], "the newest"]


def test_a_reader_far_up_who_scrolls_down_meets_every_comment_on_the_way(server, open_viewer):
    texts = [f"comment {n}" for n in range(LIST_MAX + 150)]
    server.post("demo", texts)
    viewer = open_viewer()
    _go_back_to_the_first(viewer.page)
    server.post("demo", ["the newest"])
    viewer.page.get_by_role("log").focus()
    viewer.page.keyboard.press("End")
    expect(viewer.rows.last).to_contain_text("the newest")
    assert viewer.texts() == [*texts, "the newest"][-LIST_MAX:]


def test_comments_that_arrive_while_the_newest_page_is_under_way_are_not_lost(server, open_viewer):
    texts = [f"comment {n}" for n in range(LIST_MAX + 100)]
    server.post("demo", texts)
    viewer = open_viewer()
    _go_back_to_the_first(viewer.page)
    viewer.page.evaluate(REMEMBER_RECEIVED)

    def answer_late(route):
        page = route.fetch()
        server.post("demo", ["after the page was read"])
        viewer.page.locator("body[data-received='2']").wait_for()
        route.fulfill(response=page)

    server.post("demo", ["before the page was read"])
    viewer.page.route("**/comments", answer_late)
    viewer.page.locator(".pill").click()
    expect(viewer.showing("after the page was read")).to_be_in_viewport()
    assert viewer.texts() == [*texts[-49:], "before the page was read", "after the page was read"]


def test_a_fast_chat_is_told_to_screen_readers_as_a_count(server, open_viewer):
    viewer = open_viewer()
    expect(viewer.page.get_by_role("log")).to_have_attribute("aria-live", "off")
    comments = [{"text": f"comment {n}", "author": {"id": f"Viewer {n // 10}"}} for n in range(30)]
    server.moderate("POST", "demo/comments:batch", {"comments": comments, "trusted": True})  # fast on any machine
    expect(viewer.page.get_by_role("status")).to_contain_text("new comments. Latest, Viewer 2: comment 29")


def test_a_stream_that_cannot_exist_is_said_to_be_unavailable(open_viewer):
    viewer = open_viewer("no+such%20stream!", state="unavailable")
    expect(viewer.state).to_contain_text("Unavailable")


def _go_back_to_the_first(page: Page) -> None:
    """Press 'Show earlier' until there is nothing earlier; each press brings a page of fifty.

    By keyboard: on the way up to the button the list asks for such a page by itself, and the last one takes the button
    away at any time, also from under a mouse.
    """
    first, button = page.locator(".list .text").first, page.locator(".earlier")
    shown = first.inner_text()
    while button.evaluate(FOCUS_IF_SHOWN):
        page.keyboard.press("Enter")
        expect(first).not_to_have_text(shown)
        shown = first.inner_text()


def test_no_console_error_appears_and_nothing_is_asked_of_another_origin(server, open_viewer):
    viewer = open_viewer()
    viewer.send("hello")
    expect(viewer.rows).to_have_count(1)
    assert viewer.errors == []
    assert viewer.requests
    assert all(url.startswith(f"{server.url}/") for url in viewer.requests)
