"""What an overloaded hub leaves out, rung by rung, and that viewers can account for all of it."""

import asyncio
import logging

import pytest

from reference_impl.brownout import Brownout
from reference_impl.group_commit import GroupCommit
from reference_impl.hub import Hub
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.degradation import DegradationConfig, LadderConfig, Rung, Signal
from reference_impl.policy.rate import RateConfig
from reference_impl.ports import Aggregate, Published
from reference_impl.protocol import problem
from reference_impl.protocol.events import Event, EventKind, author_data, comment_data
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Display, StreamSettings
from reference_impl.stream_hub import HubConfig
from reference_impl.write_path import NewComment
from simulation.virtual_time import run
from tests.edge.test_audience import Witness
from tests.parity.commits import NoBroker, Outcome, SlowLog, path_to
from tests.parity.commits import reader as author
from tests.parity.hubs import SHOW_ALL, STREAM, MemoryLog

AT_ONCE = DegradationConfig(ladder=LadderConfig(up_after_s=0.0, down_after_s=0.0))


class Listener(Witness):
    """Judges events, and keeps what else it is told and when a frame came."""

    def __init__(self):
        super().__init__(None)
        self.told = []
        self.frames_s = []

    def deliver(self, frame):
        if frame.first:
            self.frames_s.append(asyncio.get_running_loop().time())
            super().deliver(frame)
        else:
            self.told += [message.event for message in frame.messages]

    async def drained(self):
        pass

    def ping(self):
        pass

    def close(self, parting):
        pass


def comment(seq, at_s):
    data = comment_data(author_data(f"u{seq}", f"u{seq}", None, ()), "hello", [])
    return Event(
        stream=STREAM, epoch=1, seq=seq, kind=EventKind.COMMENT, id=f"id{seq}", at_ms=int(at_s * 1000), data=data
    )


def on(rung, use, settings=SHOW_ALL, joins_first=True):
    """Run ``use(hub, viewer)`` on a hub at this rung; the answer is the viewer, accounted for."""

    async def main():
        load = [Signal(1.0 if rung else 0.0, rung)]

        async def settings_of(stream):
            return settings

        clock = asyncio.get_running_loop().time
        brownout = Brownout(AT_ONCE, clock, [lambda: load[0]])
        config = HubConfig(coalescing=CoalescingConfig(window_s=0.02))
        hub = Hub(MemoryLog(0), config, clock, clock, settings_of=settings_of, broker=NoBroker(), brownout=brownout)
        viewer = Listener()
        if joins_first:
            await hub.join(STREAM, viewer, None, None)
        for _ in range(rung):
            hub.degrade(0.0)
        assert brownout.rung is rung
        if not joins_first:
            await hub.join(STREAM, viewer, None, None)
        await use(hub, viewer, load)
        hub.close()
        return viewer

    return run(main())


async def crowd(hub, seconds=10, per_s=100, first=1):
    """A steady stream of comments."""
    start_s = asyncio.get_running_loop().time()
    for seq in range(first, first + seconds * per_s):
        at_s = start_s + (seq - first) / per_s
        await asyncio.sleep(at_s - asyncio.get_running_loop().time())
        hub.receive(Published(comment(seq, at_s), None))
    await asyncio.sleep(1.0)
    hub._streams[STREAM].account()
    return first + seconds * per_s


@pytest.mark.parametrize(("rung", "told"), [(Rung.FULL, {"typing", "reactions"}), (Rung.NO_HINTS, set())])
def test_from_the_first_rung_on_nobody_is_told_who_types_and_how_many_like_it(rung, told):
    async def use(hub, viewer, load):
        hub.receive(Aggregate(STREAM, "reactions", {}))
        hub.typing(STREAM, "Ada")
        hub._tell_typists()

    assert told == {each for each in on(rung, use).told if each in ("typing", "reactions")}


@pytest.mark.parametrize("joins_first", [True, False])
@pytest.mark.parametrize(("rung", "frames"), [(Rung.NO_HINTS, 500), (Rung.WIDE_WINDOWS, 100)])
def test_from_the_second_rung_on_frames_are_fewer_and_nothing_is_missing(rung, frames, joins_first):
    async def use(hub, viewer, load):
        await crowd(hub)

    viewer = on(rung, use, joins_first=joins_first)
    assert len(viewer.frames_s) == pytest.approx(frames, rel=0.1)
    assert viewer.shown == list(range(1, 1001))


SAMPLED = StreamSettings(display=Display.CROWD)


def test_from_the_third_rung_on_a_part_of_the_same_sample_is_shown_and_the_rest_is_told_of():
    async def use(hub, viewer, load):
        await crowd(hub, seconds=20)

    whole, cut = on(Rung.WIDE_WINDOWS, use, SAMPLED), on(Rung.SMALL_BUDGET, use, SAMPLED)
    assert set(cut.shown) < set(whole.shown)
    assert len(cut.shown) == pytest.approx(0.5 * len(whole.shown), rel=0.1)
    assert cut.position == whole.position == 2_000, "everything is accounted for"


def test_a_room_that_is_opened_meanwhile_is_relieved_too():
    async def use(hub, viewer, load):
        hub._streams[STREAM].audience.configure(SAMPLED)
        await crowd(hub)

    assert len(on(Rung.SMALL_BUDGET, use).shown) == pytest.approx(0.5 * 20 * 10, rel=0.15)


def test_what_was_left_out_comes_back_by_itself_when_the_load_has_gone():
    async def use(hub, viewer, load):
        following = await crowd(hub)
        load[0] = Signal(0.0)
        while hub.brownout.rung:
            hub.degrade(0.0)
        await crowd(hub, first=following)
        hub.receive(Aggregate(STREAM, "reactions", {}))

    viewer = on(Rung.READ_ONLY, use, SAMPLED)
    before = [seq for seq in viewer.shown if seq <= 1_000]
    after = [seq for seq in viewer.shown if seq > 1_000]
    assert len(after) == pytest.approx(2 * len(before), rel=0.15)
    assert viewer.position == 2_000
    assert "reactions" in viewer.told


def test_the_hub_measures_how_late_its_own_timer_is():
    async def main():
        loop = asyncio.get_running_loop()

        async def settings_of(stream):
            return StreamSettings()

        config = DegradationConfig(ladder=LadderConfig(up_after_s=0.0), lag_max_s=0.5)
        hub = Hub(
            MemoryLog(0), HubConfig(), loop.time, loop.time, settings_of=settings_of, broker=NoBroker(),
            brownout=Brownout(config, loop.time),
        )  # fmt: skip
        running = asyncio.ensure_future(hub.run())
        await asyncio.sleep(5.5)
        assert hub.brownout.rung is Rung.FULL
        loop.call_at(5.6, loop._set_time, 7.6)  # the loop is busy for two seconds: a timer is late by one on average
        await asyncio.sleep(2.5)
        assert hub.brownout.rung is Rung.NO_HINTS
        running.cancel()

    run(main())


@pytest.mark.parametrize(
    ("rung", "refused"), [(Rung.SMALL_BUDGET, None), (Rung.READ_ONLY, (problem.READ_ONLY, 0.0, 1))]
)
def test_on_the_last_rung_no_comments_are_taken(rung, refused):
    async def main():
        clock = asyncio.get_running_loop().time
        brownout = Brownout(AT_ONCE, clock, [lambda: Signal(1.0, rung)])
        for _ in range(rung):
            brownout.sample(0.0)
        log = SlowLog(Outcome())
        path = path_to(log, GroupCommit(log, NoBroker(), GroupCommitConfig(), clock), RateConfig(), clock)
        path._brownout = brownout
        try:
            await path.post(STREAM, author("ann"), NewComment("1"), 0.0)
        except Problem as refusal:
            return refusal.kind, refusal.retry_after_s, brownout.refused
        return None

    assert run(main()) == refused


def test_a_log_that_does_not_answer_keeps_nobody_from_watching_the_load():
    class Stalled(MemoryLog):
        async def heads(self, streams):
            await asyncio.Event().wait()

    async def main():
        loop = asyncio.get_running_loop()

        async def settings_of(stream):
            return StreamSettings()

        config = DegradationConfig(ladder=LadderConfig(up_after_s=0.0))
        hub = Hub(
            Stalled(0), HubConfig(), loop.time, loop.time, settings_of=settings_of, broker=NoBroker(),
            brownout=Brownout(config, loop.time, [lambda: Signal(1.0)]),
        )  # fmt: skip
        running = asyncio.ensure_future(hub.run())
        await asyncio.sleep(4.5)
        assert hub.brownout.rung is Rung.READ_ONLY
        running.cancel()

    run(main())


def test_the_fill_of_the_commit_queue_is_known():
    async def main():
        clock = asyncio.get_running_loop().time
        log = SlowLog(Outcome())
        commits = GroupCommit(log, NoBroker(), GroupCommitConfig(waiting_max=4), clock)
        path = path_to(log, commits, RateConfig(burst=10), clock)
        posts = [asyncio.ensure_future(path.post(STREAM, author("ann"), NewComment("1"), 0.0)) for _ in range(3)]
        await asyncio.sleep(0.001)
        fill = commits.fill
        await asyncio.gather(*posts)
        return fill, commits.fill

    assert run(main()) == (0.5, 0.0)


def test_each_change_of_rung_is_said(caplog):
    async def use(hub, viewer, load):
        load[0] = Signal(0.0)
        for _ in range(5):
            hub.degrade(0.0)

    with caplog.at_level(logging.INFO):
        on(Rung.WIDE_WINDOWS, use)
    said = [(each.levelname, each.was, each.now) for each in caplog.records if each.message == "rung"]
    assert said == [
        ("WARNING", "full", "no_hints"),
        ("WARNING", "no_hints", "wide_windows"),
        ("INFO", "wide_windows", "no_hints"),
        ("INFO", "no_hints", "full"),
    ]
