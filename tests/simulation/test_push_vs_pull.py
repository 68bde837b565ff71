"""push_vs_pull: its answer's directions in the model, with confidence; the rooms' behaviour; a small live run."""

import asyncio
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import simpy

from reference_impl.policy.polling import MANIFEST_FRESH_S, Pacing, PollingConfig
from reference_impl.protocol.segments import SETTLE_MS
from simulation.calibration import REFERENCE, Calibration
from simulation.experiments.family import Observation
from simulation.experiments.push_vs_pull.asking import listed_in, seqs_of
from simulation.experiments.push_vs_pull.family import MEASURES, PushVsPull
from simulation.experiments.push_vs_pull.http import Asking
from simulation.experiments.push_vs_pull.live import run_live
from simulation.experiments.push_vs_pull.plan import VARIANTS, Case, Size, Transport
from simulation.experiments.push_vs_pull.pushed import frames_in
from simulation.experiments.push_vs_pull.sizes import Sizes
from simulation.experiments.push_vs_pull.stage import Costs
from simulation.experiments.running import document
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.http_cache import LOOK_AGAIN_S, HttpCache
from simulation.model.log import Stamps
from simulation.model.long_poller import HeldCosts, LongPollers
from simulation.model.segments import SegmentOrigin, SegmentReaders
from simulation.statistics import confidence_interval

TO_MANY = [[10_000, 0.02, 1, 0.07, 3e-4, 0.07], [10_000, 0.3, 1, 0.08, 3e-4, 0.08]]
COSTS: dict[str, Any] = {
    "calibration": Calibration.load(REFERENCE).as_dict(), "fan_outs": {"sse": TO_MANY, "websocket": TO_MANY},
    "idle_share": 0.004,
    "poll": [(1e-3, 4e-4), (3e-3, 6e-4), (1e-2, 8e-4), (3e-2, 1.2e-3)], "comment_s": 3e-6, "way_s": 1e-4,
    "enter_share": 0.8, "answer_s": 9e-5,
    "cache": [(1e-3, 1.5e-5), (3e-2, 2e-4)], "manifest": [(1e-3, 3e-4), (0.25, 2e-3)],
    "segment": [(1e-3, 1e-3), (0.05, 2e-3)],
    "bytes": {
        "poll": 814.0, "unchanged": 637.0, "manifest": 774.0, "manifest_unchanged": 818.0, "segment": 858.0,
        "sse": 109.0, "websocket": 109.0,
    },
}  # fmt: skip
SMALL = Size(viewers=60, rate_per_s=1.5, seconds=12.0, crowd=100_000, busy_max=0.02)  # few at a process
REPLICATIONS = 4


@cache
def values(variant: str, repeat: int) -> dict[str, float]:
    return dict(PushVsPull(SMALL).simulate(variant, repeat, COSTS).values)


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        ("sse", "poll-1s", "freshness_p50_ms"),
        ("poll-1s", "poll-5s", "freshness_p50_ms"),
        ("poll-1s", "segments", "freshness_p50_ms"),
        ("sse", "poll-1s", "cpu_us_per_viewer_s"),
        ("poll-5s", "poll-1s", "cpu_us_per_viewer_s"),
        ("poll-2s", "poll-1s", "empty_pct"),
        ("long-poll", "poll-1s", "empty_pct"),
        ("sse", "poll-1s", "bytes_per_viewer_s"),
        ("sse-crowd", "poll-1s-crowd", "processes"),
        ("segments-crowd", "poll-1s-crowd", "processes"),
        ("sse-crowd", "segments-crowd", "freshness_p50_ms"),
        ("segments-crowd", "sse-crowd", "cpu_us_per_viewer_s"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    low, high = (
        confidence_interval([values(variant, repeat)[measure] for repeat in range(REPLICATIONS)], 0.95)
        for variant in (less, more)
    )
    assert low.mean + low.half_width < high.mean - high.half_width


@pytest.mark.parametrize("variant", VARIANTS)
def test_everybody_gets_everything_in_the_model_and_the_same_repeat_gives_the_same(variant: str) -> None:
    found = values(variant, 0)
    assert set(found) == {measure.name for measure in MEASURES}
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert Case(VARIANTS[variant], 0, SMALL).posts() == Case(VARIANTS["sse"], 0, SMALL).posts()


def test_a_repeat_is_a_repeat_whatever_ran_before() -> None:
    again = PushVsPull(SMALL).simulate("long-poll", 1, COSTS)
    assert dict(again.values) == values("long-poll", 1)


def test_another_size_is_another_family_of_the_same_name() -> None:
    family = PushVsPull().sized({"viewers": 50})
    assert (family.name, family.size[:10], family.sizes["viewers"]) == ("push_vs_pull", "50 viewers", 50)
    with pytest.raises(ValueError, match="viewers"):
        family.sized({"viewers": 0})


def test_the_answer_is_two_sentences_of_the_figures_whichever_way_they_lie(tmp_path: Path) -> None:
    family = PushVsPull(SMALL)
    made = document(family, [Observation(name, "sim", 0, values(name, 0), {"viewers": 60}) for name in VARIANTS], None)
    push, pull = values("sse", 0), values("poll-1s", 0)
    assert f"for {pull['cpu_us_per_viewer_s'] / push['cpu_us_per_viewer_s']:.2g} times the CPU" in made["answer"]
    assert "nan" not in made["answer"]
    assert made["answer"].count(". ") == 1
    turned = {"sse": "poll-1s", "poll-1s": "sse"}
    seen = [Observation(name, "sim", 0, values(turned.get(name, name), 0), {"viewers": 60}) for name in VARIANTS]
    cheaper = push["cpu_us_per_viewer_s"] / pull["cpu_us_per_viewer_s"]
    assert f"for {cheaper:.2g} times the CPU" in family.answer(seen)
    family.plot(made, tmp_path / "push_vs_pull.png")
    assert (tmp_path / "push_vs_pull.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_fan_out_takes_whatever_its_audience_is_not_multiplied_with_it() -> None:
    few, of_each_s, whoever_s = 300, 8e-6, 1e-3
    found = Calibration.load(REFERENCE).parts[0]
    rows = np.array([[few, 0.3, events, whoever_s + few * of_each_s, 3e-4, few * of_each_s] for events in (1, 9)])
    to_many = [[10_000, 0.3, 1, whoever_s + 10_000 * of_each_s, 3e-4, 10_000 * of_each_s]]
    costs = Costs(COSTS | {
        "calibration": replace(found, fan_outs=rows).as_dict(), "fan_outs": {"sse": to_many, "websocket": to_many},
    })  # fmt: skip
    made = costs.calibration(Transport.SSE)
    drawn = {viewers: made.fan_out(0.0, viewers, 0.3, 1, Random(1)) for viewers in (few, 5_000, 10_000)}
    assert all(cost.duration_s == pytest.approx(whoever_s + n * of_each_s) for n, cost in drawn.items())
    assert costs.edge(Transport.WEBSOCKET).send_s == pytest.approx(of_each_s, rel=0.02)


class Waiting:
    """Three viewers whose polls take no time, and who wait for comments that a test brings."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.published: list[int] = []
        costs = HeldCosts(lambda gap_s, comments: 0.0, lambda gap_s: 0.0, lambda comments: 0.0)
        pacing = Pacing(PollingConfig(), Random(1))
        self.polls = LongPollers(self.env, EventLoop(self.env), self.published, costs, pacing, wait_s=10.0)
        self.polls.run(3, 0.1, until_s=60.0)

    def bring(self, at_s: float) -> None:
        self.env.run(until=at_s)
        self.published.append(len(self.published) + 1)
        self.polls.told()


def test_who_waits_is_answered_at_once_and_who_is_away_when_he_is_back() -> None:
    waiting = Waiting()
    waiting.bring(2.0)
    waiting.bring(2.1)
    waiting.env.run(until=4.0)
    firsts = [each for each in waiting.polls.answers if each.first == 1]
    assert [(each.last, each.received_s) for each in firsts] == [(1, 2.0)] * 3
    seconds = [each for each in waiting.polls.answers if each.first == 2]
    assert all(2.5 <= each.received_s <= 3.5 for each in seconds)
    assert len(seconds) == 3
    assert waiting.polls.empty_s == []


def test_a_poll_that_nothing_comes_for_is_answered_empty_and_asked_again_at_once() -> None:
    waiting = Waiting()
    waiting.env.run(until=20.0)
    assert waiting.polls.answers == []
    assert all(5.0 <= at_s <= 20.0 for at_s in waiting.polls.empty_s)
    assert len(waiting.polls.asked_s) == 3 + len(waiting.polls.empty_s)


class Fronted:
    """A cache that costs nothing, in front of what takes a while and counts how often it is asked."""

    def __init__(self, clock_s: float = 0.0) -> None:
        self.env = simpy.Environment()
        self.cache = HttpCache(self.env, EventLoop(self.env), lambda gap_s: 0.0, clock_s)
        self.fetched = 0
        self.got: list[tuple[float, int]] = []

    def fetch(self) -> Steps:
        self.fetched += 1
        number = self.fetched
        yield self.env.timeout(0.1)
        return number  # type: ignore[return-value]

    def ask(self, at_s: float, fresh_s: int | None = MANIFEST_FRESH_S) -> None:
        def asking() -> Steps:
            yield self.env.timeout(at_s)
            value = yield from self.cache.get("here", self.fetch, fresh_s)
            self.got.append((round(self.env.now, 6), value))

        self.env.process(asking())


def test_a_cache_asks_once_for_all_who_find_nothing_and_they_look_again() -> None:
    fronted = Fronted()
    for _ in range(3):
        fronted.ask(0.0, fresh_s=None)
    fronted.ask(1_000.0, fresh_s=None)
    fronted.env.run()
    assert fronted.got == [(0.1, 1), (LOOK_AGAIN_S, 1), (LOOK_AGAIN_S, 1), (1_000.0, 1)]


def test_what_has_expired_is_asked_for_by_one_while_the_others_get_the_old() -> None:
    fronted = Fronted()
    for at_s in (0.5, 1.9, 2.01, 2.02, 2.2):
        fronted.ask(at_s)
    fronted.env.run()
    assert fronted.got == [(0.6, 1), (1.9, 1), (2.02, 1), (2.11, 2), (2.2, 2)]


def test_freshness_counts_in_whole_seconds_of_the_wall_clock() -> None:
    fronted = Fronted(clock_s=0.5)
    for at_s in (0.0, 1.4, 1.6):
        fronted.ask(at_s)
    fronted.env.run()
    assert fronted.got == [(0.1, 1), (1.4, 1), (1.7, 2)]


def test_a_second_is_listed_when_it_is_over_and_settled_and_is_read_once_by_each() -> None:
    env = simpy.Environment()
    published = [Stamps(0.2, admitted_s=0.2), Stamps(0.9, admitted_s=0.9), Stamps(1.1, admitted_s=1.1)]
    loop = EventLoop(env)
    origin = SegmentOrigin(env, loop, published, 0.0, lambda gap_s: 0.0, lambda gap_s: 0.0)
    readers = SegmentReaders(env, HttpCache(env, loop, lambda gap_s: 0.0), origin, Random(1))
    readers.run(5, 1.0, until_s=8.0)
    env.run()
    spans = [(span.offset, span.first, span.last) for _, span in readers.segments]
    assert sorted(spans) == [(0, 1, 2)] * 5 + [(1, 3, 3)] * 5
    assert min(at_s for at_s, span in readers.segments if span.offset == 0) >= 1 + SETTLE_MS / 1000
    assert len(readers.asked_s) == len(readers.manifests) + len(readers.segments)
    assert None in [manifest for _, manifest in readers.manifests]


def test_sizes_are_those_of_the_encoders() -> None:
    posts = Case(VARIANTS["sse"], 0).posts()[:2]
    sizes = Sizes(posts)
    assert sizes.items(1, 2) == sum(sizes.lines) + 1
    assert sizes.websocket([1]) == sizes.lines[0] + 4  # a frame of over 125 bytes has a long head
    assert sizes.sse([1, 2]) > sizes.sse([1]) > len(posts[0].text.encode())


class Heard(Asking):
    """What it would get, without a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.get_running_loop().create_future()
        self._answer = self.waits


@pytest.mark.parametrize(
    ("pieces", "status", "body"),
    [
        ([b'HTTP/1.1 200 OK\r\nETag: "7"\r\nContent-', b"Length: 5\r\n\r\nhe", b"llo"], 200, b"hello"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", b"0\r\n\r\n"], 200, b"hello"),
        ([b"HTTP/1.1 304 Not Modified\r\n\r\n"], 304, b""),
    ],
)
def test_an_answer_is_whole_when_its_last_byte_is_there(pieces: list[bytes], status: int, body: bytes) -> None:
    async def hear() -> None:
        heard = Heard()
        for piece in pieces:
            assert not heard.waits.done()
            heard.data_received(piece)
        answer = heard.waits.result()
        assert (answer.status, answer.body) == (status, body)

    asyncio.run(hear())


def test_what_answers_and_frames_say_is_read_from_any_stretch_of_bytes() -> None:
    message = b'{"event":"comment","id":"1795000000:7","data":{"seq":7}}'
    frame = bytes([0x81, len(message)]) + message
    piece, pings, rest = frames_in(frame + b"\x89\x00" + frame[:-3])
    assert (piece.seqs, pings, rest) == ((7,), 1, frame[:-3])
    assert seqs_of(b'{"items":[' + message + b"]}") == (7,)
    manifest = b'{"segments":[{"offset":61,"revision":"2-0","last":9}],"poll_after_ms":1000}'
    assert listed_in(manifest) == ((("/61/2-0", 9),), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["long-poll", "websocket", "segments"])
def test_a_small_live_run_has_every_comment_at_every_viewer(variant: str) -> None:
    if variant in PushVsPull().lacking:
        pytest.skip(PushVsPull().lacking[variant])
    size = Size(viewers=8, seconds=3.0, warm_s=1.0, rate_per_s=5.0)
    run, facts, _ = asyncio.run(run_live(Case(VARIANTS[variant], 0, size)))
    assert facts["posts"] == len(Case(VARIANTS[variant], 0, size).posts())
    assert (run.lost, run.doubled) == (0, 0)
    assert run.wire_bytes > 0
    assert run.server_s > 0
    asks = not VARIANTS[variant].transport.pushed
    assert (run.requests > 0) == (run.answers > 0) == asks
    assert run.empty <= run.answers
    assert (run.cache_s > 0) == (variant == "segments")
