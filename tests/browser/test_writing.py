"""What somebody who writes a comment sees, in a real browser on a real server."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
# Its writer's next comment is welcome twelve seconds after one, and not before a slow browser has sent it.
one_at_a_time = pytest.mark.parametrize(
    "server", [("--rate-burst", "1", "--rate-period-s", "12")], indirect=True, ids=["one at a time"]
)


def test_a_comment_written_on_one_page_is_on_another_exactly_once(open_viewer):
    writer, reader = open_viewer(), open_viewer()
    writer.watch_rows()
    writer.send("Good evening")
    expect(reader.rows).to_have_count(1)
    expect(writer.rows).to_have_count(1)
    for viewer in (writer, reader):
        expect(viewer.showing("Good evening")).to_have_count(1)
        expect(viewer.page.locator(".pending .row")).to_have_count(0)
        assert viewer.errors == []
    assert writer.most_rows() == 1


def test_markup_in_names_and_texts_is_shown_as_text(server, open_viewer):
    viewer = open_viewer()
    server.post("demo", ["<img src=x onerror=alert(1)>"], author="<b>Eve</b>")
    expect(viewer.showing("<img src=x onerror=alert(1)>")).to_have_count(1)
    expect(viewer.page.locator(".list .author")).to_have_text("<b>Eve</b>")
    expect(viewer.page.locator(".list img")).to_have_count(0)


def test_a_text_that_is_empty_or_too_long_cannot_be_sent(server, open_viewer):
    viewer = open_viewer()
    send = viewer.page.get_by_role("button", name="Send")
    for text, sendable in [("", False), (" \n ", False), ("é" * 500, True), ("😀" * 501, False)]:
        viewer.write(text)
        expect(send).to_be_enabled(enabled=sendable)
    viewer.page.get_by_label("Comment", exact=True).press("Enter")
    expect(viewer.page.locator(".counter")).to_have_text("501 / 500")
    expect(viewer.page.get_by_label("Comment", exact=True)).to_have_value("😀" * 501)
    assert server.texts("demo") == []


def test_a_writer_without_a_name_is_asked_for_one_and_keeps_the_text(open_viewer):
    viewer = open_viewer()
    viewer.send("Who am I?", author="")
    expect(viewer.page.locator(".message")).to_have_text("Choose a name first.")
    expect(viewer.page.get_by_label("Name")).to_be_focused()
    expect(viewer.page.get_by_label("Comment", exact=True)).to_have_value("Who am I?")


@one_at_a_time
def test_a_writer_who_is_too_fast_keeps_the_text_and_is_told_when_to_go_on(server, open_viewer):
    viewer = open_viewer()
    viewer.write("one too many")
    server.post("demo", ["the one before"], author="Ada")
    viewer.press_enter()
    countdown = re.compile(r"You are posting very fast\. You can post again in \d+ s\.")
    expect(viewer.page.locator(".message")).to_have_text(countdown)
    expect(viewer.page.get_by_label("Comment", exact=True)).to_have_value("one too many")
    expect(viewer.page.get_by_role("button", name="Send")).to_be_disabled()
    expect(viewer.page.get_by_role("button", name="Send")).to_be_enabled()
    viewer.page.get_by_role("button", name="Send").click()
    expect(viewer.page.locator(".list").get_by_text("one too many")).to_have_count(1)


@one_at_a_time
def test_a_comment_that_came_too_fast_is_sent_later_when_its_writer_is_at_the_next_one(server, open_viewer):
    viewer = open_viewer()
    viewer.write("one too many")

    def answer_late(route):
        refusal = route.fetch()
        viewer.write("the next one")
        route.fulfill(response=refusal)

    viewer.page.route("**/comments", answer_late, times=1)
    server.post("demo", ["the one before"], author="Ada")
    viewer.press_enter()
    expect(viewer.page.locator(".pending")).to_contain_text("Waiting its turn")
    expect(viewer.page.locator(".list").get_by_text("one too many")).to_have_count(1)
    expect(viewer.page.locator(".pending .row")).to_have_count(0)
    expect(viewer.page.get_by_label("Comment", exact=True)).to_have_value("the next one")
