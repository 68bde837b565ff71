"""The panel that says how the connection is, and what else a reader is told about it."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

CLOCK_AHEAD = "const now = Date.now; Date.now = () => now() + 90_000;"


def test_the_panel_is_opened_and_closed_by_keyboard(open_viewer):
    viewer = open_viewer()
    expect(viewer.state).to_have_attribute("aria-expanded", "false")
    viewer.state.focus()
    viewer.page.keyboard.press("Enter")
    expect(viewer.panel).to_be_visible()
    expect(viewer.state).to_have_attribute("aria-expanded", "true")
    viewer.page.keyboard.press("Escape")
    expect(viewer.panel).to_be_hidden()
    expect(viewer.state).to_be_focused()
    expect(viewer.state).to_have_attribute("aria-expanded", "false")


def test_a_healthy_connection_is_said_to_be_one(server, open_viewer):
    server.post("demo", ["here"])
    viewer = open_viewer()
    expect(viewer.open_panel()).to_contain_text("Everything arrives in time.")
    expect(viewer.fact("Position")).to_have_text(str(viewer.rows.last.get_attribute("data-cursor")))
    expect(viewer.fact("Clock")).to_have_text("As the server's")
    expect(viewer.fact("Reconnects")).to_have_text("0")
    expect(viewer.fact("Gaps")).to_have_text("0")


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_a_clock_that_is_off_is_noticed(open_viewer, transport):
    viewer = open_viewer(transport=transport, script=CLOCK_AHEAD)
    # The way counts too: that of the heartbeat which was least late, or of the greeting where there are none.
    expect(viewer.open_panel()).to_contain_text(re.compile(r"This device's clock is off by 9\d s\."))
    expect(viewer.fact("Clock")).to_have_text(re.compile(r"^9\d s ahead of the server's$"))


@pytest.mark.parametrize("server", [("--heartbeat-s", "0.5")], indirect=True, ids=["often"])
def test_what_happens_is_shown_while_the_panel_is_open(server, open_viewer):
    viewer = open_viewer()
    viewer.open_panel()
    expect(viewer.fact("Heartbeat")).to_have_text(re.compile(r"^\d s ago$"))
    server.kill()
    expect(viewer.state).to_have_text(re.compile("Reconnecting"))
    server.start()
    expect(viewer.fact("Reconnects")).not_to_have_text("0")


def test_how_many_are_watching_is_told(open_viewer):
    viewers = [open_viewer() for _ in range(2)]
    for viewer in viewers:
        expect(viewer.page.locator(".viewers")).to_have_text("2 watching")
    viewers[0].page.evaluate(REMEMBER_VIEWERS)
    expect(viewers[0].page.locator("body[data-viewers='2']")).to_have_count(1)


REMEMBER_VIEWERS = """() => document.addEventListener(
  "live-comments:stats", ({ detail }) => (document.body.dataset.viewers = detail.viewers)
)"""
