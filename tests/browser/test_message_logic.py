"""What becomes of messages on their way to the page, whatever brings them: fed to the modules that decide about it."""

import json

import pytest

from tests.browser.modules import ORIGIN, page, run

__all__ = ["page", "run"]

MESSAGES = """
import { Backlog } from "./backlog.js";
import { Progress } from "./progress.js";
const comment = (seq, epoch = 7) => ({ event: "comment", id: `${epoch}:${seq}`, data: { id: `c${seq}` } });
const gap = (from, to, reason, epoch = 7) => ({ event: "gap", id: `${epoch}:${to}`, data: { from, to, reason } });
const shown = (seq) => ({ event: "comment", data: { id: `c${seq}`, seq, cursor: `7:${seq}` } });
const shed = (from, to, dropped = 1) => (
  { event: "shed", id: `7:${to}`, data: { from, to, shown: 20, dropped, window_ms: 1_000, reason: "budget" } }
);
const ids = (messages) => messages.map(({ id }) => id);
const places = (messages) => messages.map(({ id, data }) => id ?? data.cursor);
"""

READING = """
import { Reading } from "./reading.js";
const manifest = (listed, more = {}) => {
  const segments = listed.map(([offset, first, last]) => ({ offset, revision: "1-0", first, last }));
  return { head: `7:${segments.at(-1)?.last ?? 0}`, next_from: null, segments, ...more };
};
const second = (offset, first, last, epoch = 7) => {
  const seqs = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const items = seqs.map((seq) => ({ event: "comment", id: `${epoch}:${seq}`, data: {} }));
  return [{ offset, last }, { epoch, items }];
};
const offsets = ({ known, listed }) => {
  return [known.map(({ id, data }) => [id, data.reason]), listed.map(({ offset }) => offset)];
};
const ids = (messages) => messages.map(({ id }) => id);
"""


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


def test_a_reader_of_a_crowded_stream_moves_by_whole_windows(run):
    code = f"""{MESSAGES}
    const progress = new Progress("7:2");
    answer([shown(3), shown(5), shed(3, 5)].map((message) => [progress.take(message) !== null, progress.cursor]))"""
    assert run(code) == [[True, "7:2"], [True, "7:2"], [True, "7:5"]]


def test_a_window_that_is_told_again_brings_a_reader_only_what_is_new(run):
    code = f"""{MESSAGES}
    const progress = new Progress("7:2");
    const told = [shown(3), shown(5), shown(3), shown(4), shown(5), shed(3, 6), shown(4), shed(3, 6), comment(7)];
    answer(places(told.filter((message) => progress.take(message))))"""
    assert run(code) == ["7:3", "7:5", "7:4", "7:6", "7:7"]


def test_what_was_shown_of_a_window_is_not_repeated_with_an_id(run):
    code = f"""{MESSAGES}
    const progress = new Progress("7:2");
    const told = [shown(4), comment(3), comment(4), comment(5)].filter((message) => progress.take(message));
    answer([places(told), progress.cursor])"""
    assert run(code) == [["7:4", "7:3", "7:5"], "7:5"]


def test_in_a_log_begun_anew_nothing_has_been_shown(run):
    code = f"""{MESSAGES}
    const progress = new Progress("7:2");
    answer([shown(5), gap(1, 1, "epoch"), comment(5)].map((message) => progress.take(message) !== null))"""
    assert run(code) == [True, True, True]


def test_a_tab_that_comes_late_is_told_what_a_crowded_stream_has_shown_and_in_which_room(run):
    code = f"""{MESSAGES}
    const backlog = new Backlog("7:10");
    backlog.add({{ event: "room", data: {{ room: "01" }} }});
    backlog.add({{ event: "room", data: {{ room: "10" }} }});
    [shown(11), shown(13), shed(11, 15), shown(17)].forEach((message) => backlog.add(message));
    const [room, ...log] = backlog.since("7:10");
    answer([room.data.room, places(log), places(backlog.since("7:12")).slice(1)])"""
    assert run(code) == ["10", ["7:11", "7:13", "7:15", "7:17"], ["7:13", "7:15", "7:17"]]


def test_of_a_window_a_tab_that_lacks_much_is_told_all_or_a_gap(run):
    code = f"""{MESSAGES}
    const backlog = new Backlog("7:10");
    [shown(11), shown(13), shed(11, 15)].forEach((message) => backlog.add(message));
    for (let seq = 16; seq <= 1_013; seq += 1) backlog.add(comment(seq)); // one more than are kept
    const [told, first] = backlog.since("7:10");
    answer([told.event, told.data.from, told.data.to, first.id])"""
    assert run(code) == ["gap", 11, 15, "7:16"]


def test_of_the_seconds_that_are_listed_those_after_the_position_are_read(run):
    code = f"""{READING}
    const reading = new Reading("7:3");
    const found = [offsets(reading.take(manifest([[3, 1, 2], [4, 3, 5], [6, 6, 6]])))];
    found.push(ids(reading.read(...second(4, 3, 5))), ids(reading.read(...second(6, 6, 6))));
    found.push(offsets(reading.take(manifest([[4, 3, 5], [6, 6, 8]]))));
    answer(found)"""
    assert run(code) == [[[], [4, 6]], ["7:4", "7:5"], ["7:6"], [[], [6]]]


def test_what_no_segment_has_any_more_is_a_gap(run):
    code = f"""{READING}
    const found = [manifest([[30, 11, 12]]), manifest([], {{ head: "7:9" }}), manifest([], {{ head: "8:3" }})];
    answer(found.map((each) => offsets(new Reading("7:4").take(each))))"""
    assert run(code) == [[[["7:10", "too_old"]], [30]], [[["7:9", "too_old"]], []], [[["8:3", "epoch"]], []]]


def test_what_a_late_cache_still_tells_is_passed_over(run):
    code = f"""{READING}
    const found = [manifest([[3, 1, 2]]), manifest([[3, 1, 9]], {{ head: "6:900" }})];
    const taken = found.map((each) => offsets(new Reading("7:4").take(each)));
    answer([...taken, new Reading("7:4").read(...second(3, 1, 9, 6))])"""
    assert run(code) == [[[], []], [[], []], None]


def test_a_page_that_slept_catches_up_from_the_last_second_it_has_read(run):
    code = f"""{READING}
    const reading = new Reading("7:0");
    reading.take(manifest([[3, 1, 2]]));
    reading.read(...second(3, 1, 2));
    const found = [];
    const take = (...told) => found.push([...offsets(reading.take(manifest(...told))), reading.begin]);
    take([[90, 7, 7]]);
    take([[3, 1, 2], [40, 3, 4]], {{ next_from: 41 }});
    reading.read(...second(40, 3, 4));
    take([[50, 5, 6], [90, 7, 7]]);
    answer(found)"""
    assert run(code) == [[[], [], 3], [[], [40], 41], [[], [50, 90], None]]


def test_a_server_sent_event_without_an_id_does_not_get_that_of_the_one_before(page, run):
    log = [("comment", 1, "7:1"), ("comment", 3, ""), ("shed", None, "7:5"), ("void", 6, "7:6"), ("room", None, "")]
    page.route(f"{ORIGIN}/events", lambda route: route.fulfill(body=events(log), content_type="text/event-stream"))
    code = """import { Sse } from "./sse.js";
    const told = [];
    const sse = new Sse({ eventsUrl: () => "http://widget.test/events" }, {
      onOpen: () => {},
      onMessage: ({ event, id }) => told.push([event, id ?? null]),
      onLost: () => answer(told),
    });
    sse.open("7:0")"""
    assert run(code) == [["comment", "7:1"], ["comment", None], ["shed", "7:5"], ["void", "7:6"], ["room", None]]


def events(log):
    """Server-sent events of (name, seq, id)."""
    return "".join(
        f"event: {name}\n{f'id: {id_}{chr(10)}' if id_ else ''}data: {json.dumps(data_of(seq))}\n\n"
        for name, seq, id_ in log
    )


def data_of(seq):
    return {"seq": seq, "cursor": f"7:{seq}"} if seq else {}


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([], ""),
        ([(20, 1, 1_000, "budget")], "1 more comment — this chat shows 20 a second"),
        ([(20, 1_000, 1_000, "budget"), (10, 980, 500, "budget")], "1,980 more comments — this chat shows 20 a second"),
        ([(3, 700, 1_000, "room")], "700 in other rooms"),
        (
            [(20, 90, 1_000, "budget"), (3, 700, 10, "room")],
            "90 more comments — this chat shows 20 a second · 700 in other rooms",
        ),
        ([(0, 5, 100, "budget")], "5 more comments — this chat shows 1 a second"),
    ],
)
def test_what_is_left_out_is_counted_in_one_line(run, windows, words):
    told = [dict(zip(("shown", "dropped", "window_ms", "reason"), each, strict=True)) for each in windows]
    code = f"""import {{ Shed }} from "./shed.js";
    import {{ shedWords }} from "./words.js";
    const shed = new Shed();
    {told}.forEach((window) => shed.add(window));
    answer(shedWords(shed))"""
    assert run(code) == words
