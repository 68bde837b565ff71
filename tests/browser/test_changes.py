"""What a reader sees of changes to comments that are on the page already."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_an_edited_comment_changes_where_it_stands(server, open_viewer):
    server.post("demo", ["first", "second"], author="Ada")
    viewer = open_viewer()
    expect(viewer.rows).to_have_count(2)
    # Only its author edits a comment; the gateway is its own.
    mine = server.moderate("POST", "demo/comments", {"text": "third"})
    expect(viewer.rows).to_have_count(3)
    server.moderate("PATCH", f"demo/comments/{mine['id']}", {"text": "third, better"})
    expect(viewer.showing("third, better")).to_have_count(1)
    assert viewer.texts() == ["first", "second", "third, better"]
    expect(viewer.rows.nth(2)).to_contain_text("edited")
    assert viewer.errors == []


def test_a_deleted_comment_is_gone_for_those_who_watch_and_those_who_come_later(server, open_viewer):
    server.post("demo", ["stays", "goes"], author="Ada")
    early = open_viewer()
    expect(early.rows).to_have_count(2)
    server.moderate("DELETE", f"demo/comments/{server.ids('demo')[1]}")
    late = open_viewer()
    for viewer in (early, late):
        expect(viewer.showing("This comment was deleted.")).to_have_count(1)
        expect(viewer.showing("goes")).to_have_count(0)
        assert viewer.errors == []


def test_the_pinned_comment_is_at_the_top_until_it_is_taken_away(server, open_viewer):
    server.post("demo", ["read this"], author="Ada")
    early = open_viewer()
    server.moderate("PUT", "demo/pin", {"comment_id": server.ids("demo")[0]})
    late = open_viewer()
    for viewer in (early, late):
        expect(viewer.page.locator(".pinned")).to_contain_text("read this")
    server.moderate("DELETE", "demo/pin")
    for viewer in (early, late):
        expect(viewer.page.locator(".pinned")).to_be_empty()


def test_a_closed_stream_keeps_what_was_written_and_takes_nothing(server, open_viewer):
    viewer = open_viewer()
    viewer.write("unfinished")
    server.moderate("PATCH", "demo", {"state": "closed"})
    expect(viewer.page.locator(".message")).to_have_text("This stream is closed.")
    expect(viewer.page.get_by_role("button", name="Send")).to_be_disabled()
    expect(viewer.page.get_by_label("Comment", exact=True)).to_have_value("unfinished")
    server.moderate("PATCH", "demo", {"state": "open"})
    expect(viewer.page.get_by_role("button", name="Send")).to_be_enabled()


def test_a_comment_that_the_rules_refuse_is_given_back(server, open_viewer):
    server.moderate("PATCH", "demo/settings", {"rules": {"links": "deny"}})
    viewer = open_viewer()
    viewer.send("see https://example.org/x")
    expect(viewer.page.locator(".message")).to_contain_text("cannot be posted")
    expect(viewer.page.get_by_label("Comment", exact=True)).to_have_value("see https://example.org/x")
    expect(viewer.rows).to_have_count(0)


def test_a_comment_that_is_held_says_so_and_appears_when_it_is_approved(server, open_viewer):
    server.moderate("PATCH", "demo/settings", {"rules": {"links": "hold"}})
    viewer = open_viewer()
    viewer.send("see https://example.org/x")
    expect(viewer.page.locator(".message")).to_have_text("Your comment waits for a moderator.")
    expect(viewer.page.locator(".pending .row")).to_have_count(0)
    (held,) = server.moderate("GET", "demo/held")["items"]
    server.moderate("POST", f"demo/held/{held['id']}:approve")
    expect(viewer.showing("see https://example.org/x")).to_have_count(1)
    assert viewer.errors == []
