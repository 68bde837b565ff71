"""A stream that is too fast for anybody to read: what is left out is said, quietly, and nothing is shown twice."""

import itertools

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

# What is put into `extra` comes with the next answer to a poll.
ANSWER_MORE = """
const { fetch } = window;
window.extra = [];
window.fetch = async (...asked) => {
  const answer = await fetch(...asked);
  if (!answer.ok || !String(asked[0]).includes("/poll?")) return answer;
  const body = await answer.json();
  return Response.json({ ...body, items: [...body.items, ...window.extra.splice(0)] });
};
"""
ROOM = {"event": "room", "data": {"room": "0110", "viewers": 900, "error": 0.05}}


class Crowd:
    """What a server would say about a crowd, after its newest event."""

    def __init__(self, server, viewer) -> None:
        self._server, self._viewer = server, viewer
        server.post("demo", ["the first"])
        self._comment = server.moderate("GET", "demo/comments?limit=1")["items"][0]
        self._said = itertools.count()
        self._epoch = self._comment["cursor"].partition(":")[0]

    def say(self, *messages) -> None:
        """With the next answer, which a comment brings about."""
        self._viewer.page.evaluate("messages => window.extra.push(...messages)", list(messages))
        self._server.post("demo", [f"more {next(self._said)}"])  # the same text twice would be refused

    def shown(self, seq: int, text: str):
        cursor = f"{self._epoch}:{seq}"
        return {"event": "comment", "data": self._comment | {"id": cursor, "seq": seq, "cursor": cursor, "text": text}}

    def shed(self, first: int, last: int, dropped: int, reason: str = "budget"):
        data = {"from": first, "to": last, "shown": 20, "dropped": dropped, "window_ms": 1000, "reason": reason}
        return {"event": "shed", "id": f"{self._epoch}:{last}", "data": data}


@pytest.fixture
def viewer(open_viewer):
    return open_viewer(transport="poll", script=ANSWER_MORE)


@pytest.fixture
def crowd(server, viewer):
    return Crowd(server, viewer)


def test_what_is_left_out_is_one_line_that_counts_up(viewer, crowd):
    line = viewer.page.locator(".shed")
    expect(line).to_be_hidden()
    crowd.say(crowd.shed(3, 1_002, 980))
    expect(line).to_have_text("980 more comments — this chat shows 20 a second")
    crowd.say(crowd.shed(3, 1_002, 980), crowd.shed(1_003, 2_020, 1_000))
    expect(line).to_have_text("1,980 more comments — this chat shows 20 a second")
    expect(viewer.page.get_by_text("more comments")).to_have_count(1)
    expect(viewer.page.get_by_role("button", name="Show skipped comments")).to_have_count(0)
    viewer.open_panel()
    expect(viewer.fact("Left out")).to_have_text("1,980")
    expect(viewer.fact("Gaps")).to_have_text("0")
    assert viewer.errors == []


def test_what_is_left_out_interrupts_nobody(viewer, crowd):
    crowd.say(crowd.shed(3, 1_002, 980))
    expect(viewer.page.locator(".shed")).to_be_visible()
    live = viewer.page.locator("[aria-live]:not([aria-live=off]), [role=status], [role=alert]")
    assert not [text for text in live.all_text_contents() if "this chat shows" in text]
    assert live.filter(has=viewer.page.locator(".shed")).count() == 0


def test_a_window_that_is_told_again_is_shown_once(viewer, crowd):
    crowd.say(crowd.shown(3, "a"), crowd.shown(7, "b"))
    expect(viewer.showing("b")).to_have_count(1)
    crowd.say(crowd.shown(3, "a"), crowd.shown(5, "between"), crowd.shown(7, "b"), crowd.shed(3, 30, 24))
    expect(viewer.showing("between")).to_have_count(1)
    texts = [text for text in viewer.texts() if not text.startswith("more")]
    assert texts == ["the first", "a", "between", "b"]


def test_the_panel_says_in_which_room_this_viewer_is_and_the_line_what_the_others_write(viewer, crowd):
    viewer.open_panel()
    expect(viewer.fact("Room")).to_have_text("The whole stream")
    crowd.say(ROOM, crowd.shed(3, 1_002, 700, reason="room"))
    expect(viewer.fact("Room")).to_have_text("0110, about 900 watching")
    expect(viewer.page.locator(".shed")).to_have_text("700 in other rooms")


@pytest.mark.parametrize(("transport", "path"), [("poll", "/poll?"), ("sse", "/events?"), ("websocket", "/websocket?")])
def test_a_room_that_friends_have_named_is_asked_for(open_viewer, transport, path):
    viewer = open_viewer()
    viewer.page.locator("live-comments").evaluate(
        "(widget, transport) => (widget.setAttribute('transport', transport), widget.setAttribute('room', 'north'))",
        transport,
    )
    expect(viewer.state).to_have_text("Live")
    assert [url for url in viewer.asked(path) if url.endswith("&room=north") or "&room=north&" in url]
