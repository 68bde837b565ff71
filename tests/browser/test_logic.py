"""The decisions behind the connection, which need no page: fed with times and messages, in the browser's own engine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[2] / "reference_impl" / "api" / "web"
ORIGIN = "http://widget.test"

HEARTBEATS = """
import { Diagnosis } from "./diagnosis.js";
const diagnosis = new Diagnosis();
const START = 1_800_000_000_000;
const at = (s) => START + s * 1000;

/** Heartbeats every 15 s by the server's clock come `delays` later; a page that is awake looks every second. */
const live = (delays, { aheadS = 0, sleeps = () => false } = {}) => {
  const beats = delays.map((delay, index) => ({ sentS: index * 15, cameS: index * 15 + delay + aheadS }));
  diagnosis.begin(at(aheadS));
  const endS = aheadS + delays.length * 15 + 5;
  for (let s = aheadS; s <= endS; s += 1) {
    for (const { sentS } of beats.filter(({ cameS }) => cameS > s - 1 && cameS <= s)) {
      const data = { server_time_ms: at(sentS), heartbeat_ms: 15_000 };
      diagnosis.heard(at(s), { event: sentS ? "heartbeat" : "hello", data });
    }
    if (!sleeps(s)) diagnosis.look(at(s));
  }
  return diagnosis.verdicts(at(endS));
};
"""

LADDER = """
import { Ladder } from "./ladder.js";
const MINUTE = 60_000;
let kept = null;
const memory = { read: () => kept, write: (known) => (kept = known) };
"""

MESSAGES = """
import { Backlog } from "./backlog.js";
import { Progress } from "./progress.js";
const comment = (seq, epoch = 7) => ({ event: "comment", id: `${epoch}:${seq}`, data: { id: `c${seq}` } });
const gap = (from, to, reason, epoch = 7) => ({ event: "gap", id: `${epoch}:${to}`, data: { from, to, reason } });
const ids = (messages) => messages.map(({ id }) => id);
"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """An empty page from which the widget's modules can be imported."""
    empty = browser.new_page()
    empty.route(f"{ORIGIN}/**", lambda route: _serve(route, route.request.url.removeprefix(ORIGIN + "/")))
    empty.goto(f"{ORIGIN}/")
    yield empty
    empty.close()


@pytest.fixture
def run(page: Any) -> Callable[[str], Any]:
    """Runs a module's text beside the widget's own modules; it answers what was given to `answer`."""

    def run_one(text: str) -> Any:
        page.evaluate("text => (window.text = text)", text.replace('"./', f'"{ORIGIN}/'))
        return page.evaluate(
            """() => new Promise((answer, fail) => {
              window.answer = answer;
              const url = URL.createObjectURL(new Blob([window.text], { type: "text/javascript" }));
              import(url).catch((error) => fail(new Error(error.message)));
            })"""
        )

    return run_one


def _serve(route: Any, name: str) -> None:
    if name:
        route.fulfill(path=WEB / name)
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


@pytest.mark.parametrize(
    ("delays", "held_back"),
    [
        ([0, 0, 0, 0, 0, 0, 0, 0], False),
        ([0, 2, 0, 3, 1, 0, 2, 0], False),  # a network like others
        ([0, 45, 30, 15, 0, 0, 0, 0], True),  # four at once
        ([0, 15, 0, 15, 0, 15, 0, 0], True),  # two at once, again and again
        ([0, 30, 15, 0, 0, 0, 0, 0], False),  # once, as after a tunnel
        ([0, 20, 20, 20, 20, 20, 20, 20], False),  # a long way is not a proxy that waits
    ],
)
def test_heartbeats_that_come_together_though_they_were_sent_apart_are_held_back(run, delays, held_back):
    verdicts = run(f"{HEARTBEATS} answer(live({delays}))")
    assert ("a proxy is holding messages back (heartbeats came in clumps)" in verdicts) is held_back


def test_a_page_that_slept_blames_nobody(run):
    # The machine wakes after a minute: the heartbeats of that time are all there, and nobody has looked meanwhile.
    asleep = "{ sleeps: (s) => s > 1 && s < 61 }"
    assert run(f"{HEARTBEATS} answer(live([0, 45, 30, 15, 0, 0], {asleep}))") == []


@pytest.mark.parametrize(
    ("delays", "ahead_s", "verdict"),
    [
        ([0, 0, 0], 0, []),
        ([0, 0, 0], 2, []),
        ([0, 0, 0], 90, ["this device's clock is off by 90 s"]),
        ([0, 0, 0], -3_600, ["this device's clock is off by 3,600 s"]),
        ([8, 1, 4], 0, []),  # the way explains it
    ],
)
def test_a_clock_is_off_by_the_least_that_it_ever_was(run, delays, ahead_s, verdict):
    assert run(f"{HEARTBEATS} answer(live({delays}, {{ aheadS: {ahead_s} }}))") == verdict


def test_heartbeats_have_stopped_when_two_are_missing(run):
    said = "[44, 46].map((s) => diagnosis.verdicts(at(s)))"  # the last one came at 15 s
    assert run(f"{HEARTBEATS} live([0, 0]); answer({said})") == [[], ["heartbeats have stopped"]]


@pytest.mark.parametrize(("worked", "failures"), [("", 2), ("ladder.opened(0);", 4)])
def test_a_transport_that_has_worked_is_given_up_later(run, worked, failures):
    code = f"""{LADDER}
    const ladder = new Ladder(0, memory, null);
    {worked}
    const rungs = [];
    for (let n = 0; n < 4; n += 1) {{
      if (ladder.rung === "websocket") ladder.failed(0, "could not be opened");
      rungs.push(ladder.rung);
    }}
    answer(rungs)"""
    assert run(code) == ["websocket"] * (failures - 1) + ["sse"] * (5 - failures)


def test_a_transport_that_proves_itself_is_blamed_for_nothing_before(run):
    code = f"""{LADDER}
    const ladder = new Ladder(0, memory, null);
    ladder.failed(0, "could not be opened");
    ladder.proved();
    ladder.failed(0, "could not be opened");
    answer(ladder.rung)"""
    assert run(code) == "websocket"


def test_the_better_transport_is_tried_again_after_ten_minutes_and_then_later_each_time(run):
    code = f"""{LADDER}
    const ladder = new Ladder(0, memory, null);
    ladder.leave(0, "failed");
    const asked = [9, 10].map((minutes) => ladder.better(minutes * MINUTE));
    ladder.slipped(10 * MINUTE);
    asked.push(...[29, 30].map((minutes) => ladder.better(minutes * MINUTE)));
    ladder.climbed(30 * MINUTE);
    answer([asked, ladder.rung, ladder.fallbacks])"""
    assert run(code) == [[None, "websocket", None, "websocket"], "websocket", []]


def test_a_forced_transport_is_never_left(run):
    code = f"""{LADDER}
    const ladder = new Ladder(0, memory, "sse");
    answer([ladder.leave(0, "failed"), ladder.better(60 * MINUTE), ladder.rung])"""
    assert run(code) == [False, None, "sse"]


def test_what_was_found_out_is_forgotten_after_a_while(run):
    code = f"""{LADDER}
    const ladder = new Ladder(0, memory, null);
    ladder.leave(0, "failed");
    ladder.opened(0);
    answer([9, 11].map((minutes) => new Ladder(minutes * MINUTE, memory, null).rung))"""
    assert run(code) == ["sse", "websocket"]


def test_a_reader_is_given_each_message_once_and_none_after_a_later_one(run):
    code = f"""{MESSAGES}
    const progress = new Progress("7:2");
    const seen = [2, 3, 3, 5, 4, 6].map((seq) => progress.take(comment(seq))?.id ?? null);
    answer([seen, progress.take({{ event: "heartbeat", data: {{}} }}).event, progress.cursor])"""
    assert run(code) == [[None, "7:3", None, "7:5", None, "7:6"], "heartbeat", "7:6"]


def test_a_gap_is_told_as_far_as_it_is_news(run):
    code = f"""{MESSAGES}
    const progress = new Progress("7:10");
    answer([gap(3, 9, "slow"), gap(5, 20, "slow"), gap(1, 4, "epoch"), gap(1, 3, "epoch", 8)].map((message) => {{
      const {"{ data }"} = progress.take(message) ?? {{}};
      return [data?.from ?? null, progress.cursor];
    }}))"""
    assert run(code) == [[None, "7:10"], [11, "7:20"], [1, "7:4"], [1, "8:3"]]


def test_a_tab_that_comes_late_is_answered_with_what_it_lacks(run):
    code = f"""{MESSAGES}
    const backlog = new Backlog("7:10");
    [11, 12, 13].forEach((seq) => backlog.add(comment(seq)));
    answer(["7:10", "7:12", "7:13", "7:20"].map((cursor) => ids(backlog.since(cursor))))"""
    assert run(code) == [["7:11", "7:12", "7:13"], ["7:13"], [], []]


def test_a_tab_that_lacks_more_than_is_kept_is_told_what_to_read_from_history(run):
    code = f"""{MESSAGES}
    const backlog = new Backlog("7:10");
    for (let seq = 11; seq <= 1_210; seq += 1) backlog.add(comment(seq));
    const [told, ...rest] = backlog.since("7:50");
    answer([told.id, told.data, rest.length, rest[0].id, rest.at(-1).id])"""
    assert run(code) == [
        "7:210", {"from": 51, "to": 210, "count": 160, "reason": "too_old"}, 1_000, "7:211", "7:1210"
    ]  # fmt: skip


def test_a_tab_of_another_log_is_told_to_begin_anew(run):
    code = f"""{MESSAGES}
    const backlog = new Backlog("7:10");
    backlog.add(comment(11));
    answer(backlog.since("6:500"))"""
    (gap,) = run(code)
    assert (gap["id"], gap["data"]["reason"]) == ("7:11", "epoch")


def test_a_greeting_that_is_handed_on_tells_how_the_stream_stands_now(run):
    code = f"""{MESSAGES}
    const backlog = new Backlog("7:10");
    const standing = () => backlog.since("7:99")[0].data;
    backlog.add({{ event: "hello", data: {{ state: "open", pinned: {{ id: "c1" }}, server_time_ms: 1 }} }});
    backlog.add({{ event: "delete", id: "7:11", data: {{ comment_id: "c2" }} }});
    const kept = standing().pinned;
    backlog.add({{ event: "delete", id: "7:12", data: {{ comment_id: "c1" }} }});
    backlog.add({{ event: "state", id: "7:13", data: {{ state: "closed" }} }});
    answer([kept, standing().pinned, standing().state, standing().server_time_ms ?? null])"""
    assert run(code) == [{"id": "c1"}, None, "closed", None]


def test_when_the_server_says_when_nothing_is_tried_before_and_nothing_grows(page, run):
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1_000"))
    run("""
    import { Attempts } from "./attempts.js";
    const start = Date.now();
    window.tried = [];
    window.attempts = new Attempts(() => tried.push(Date.now() - start), () => {});
    attempts.start();
    attempts.at(7_000);
    attempts.failed(null); // its connection is closed meanwhile
    dispatchEvent(new Event("online"));
    answer()""")
    page.clock.run_for(6_999)
    assert page.evaluate("tried") == [0]
    page.clock.run_for(1)
    assert page.evaluate("tried") == [0, 7_000]
    page.evaluate("attempts.failed(null)")
    page.clock.run_for(500)  # the most that a first failure waits
    assert len(page.evaluate("tried")) == 3
