"""The decisions behind the connection, which need no page: fed with times, in the browser's own engine."""

import pytest

from tests.browser.modules import page, run

__all__ = ["page", "run"]

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


def test_the_last_transport_has_none_after_it(run):
    code = f"""{LADDER}
    const ladder = new Ladder(0, memory, null);
    const left = [1, 2, 3, 4].map(() => ladder.leave(0, "failed"));
    answer([left, ladder.rung, ladder.fallbacks.map(({{ to }}) => to)])"""
    assert run(code) == [[True, True, True, False], "segments", ["sse", "poll", "segments"]]


def test_when_the_server_says_when_nothing_is_tried_before_and_nothing_grows(page, run):
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 60_000"))
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
