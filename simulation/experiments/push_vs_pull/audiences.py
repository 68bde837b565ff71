"""Audiences of the model, one for each way of a comment to its viewers, and what they have seen."""

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reference_impl.policy.polling import Pacing, PollingConfig
from simulation.experiments.push_vs_pull.plan import WAIT_S, Transport
from simulation.experiments.push_vs_pull.stage import Numbers, Stage
from simulation.model.edge import FanOut
from simulation.model.event_loop import EventLoop
from simulation.model.http_cache import HttpCache
from simulation.model.long_poller import HeldCosts, LongPollers
from simulation.model.poller import Asked, Pollers
from simulation.model.segments import SegmentOrigin, SegmentReaders
from simulation.result import Seconds

BEGIN_S = 0.2  # over which long polls begin, and are held from then on
READERS_BEGIN_S = 1.0
AFTER_S = 1.0  # the end, from when on they go who have everything
RANKS = 20  # viewers of a fan-out that are timed, evenly spread over all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What all viewers saw while it was measured; ``delivered`` counts receipts of comments in the whole run."""

    latencies_s: Seconds
    delivered: int
    wire_bytes: float
    requests: int = 0
    answers: int = 0
    empty: int = 0


class Audience(Protocol):
    """``used_s``: what a cache of its own has used of a core so far."""

    @property
    def used_s(self) -> float: ...

    def seen(self) -> Seen: ...


class Told:
    """Pushed to: ``fan_outs`` grows as the edge writes."""

    used_s = 0.0

    def __init__(self, stage: Stage, fan_outs: Sequence[FanOut], viewers: int) -> None:
        self._stage, self._fan_outs, self._viewers = stage, fan_outs, viewers

    def seen(self) -> Seen:
        stage, transport = self._stage, self._stage.case.variant.transport
        of_frame = stage.sizes.sse if transport is Transport.SSE else stage.sizes.websocket
        frames = [each for each in self._fan_outs if stage.is_measured(each.start_s)]
        each_bytes = sum(stage.costs.bytes_of(transport.value) + of_frame(each.seqs) for each in frames)
        shares = (np.arange(RANKS) + 0.5) / RANKS
        seqs = np.array([seq for each in self._fan_outs for seq in each.seqs], dtype=np.int64)
        received_s = [
            each.start_s + each.cost.first_lag_s + shares * each.cost.span_s
            for each in self._fan_outs
            for _ in each.seqs
        ]
        return Seen(
            latencies_s=stage.latencies_s(np.repeat(seqs, RANKS), np.concatenate([np.zeros(0), *received_s])),
            delivered=len(seqs) * self._viewers, wire_bytes=each_bytes * self._viewers,
        )  # fmt: skip


class Asking:
    """Poll a process on whose loop they are, or have it hold their polls until it is `told`."""

    used_s = 0.0

    def __init__(self, stage: Stage, loop: EventLoop, published: Sized, viewers: int) -> None:
        self._stage = stage
        variant, seconds, wanted = stage.case.variant, stage.case.size.seconds, len(stage.posts)
        costs, way_s = stage.costs, stage.costs["way_s"]
        poll, comment_s = costs.curve("poll"), costs["comment_s"]

        def at_once(gap_s: float, comments: int) -> float:
            return poll(gap_s) + comment_s * comments

        held = HeldCosts(
            at_once=at_once,
            enter=lambda gap_s: costs["enter_share"] * poll(gap_s),
            answer=lambda comments: costs["answer_s"] + comment_s * comments,
        )
        self.asked: Pollers | LongPollers
        if variant.transport is Transport.POLL:
            self.asked = Pollers(stage.env, loop, published, at_once, way_s)
            self.asked.run(viewers, variant.every_s, seconds, lambda: wanted)
        else:
            pacing = Pacing(PollingConfig(), stage.rng("pacing"))
            self.asked = LongPollers(stage.env, loop, published, held, pacing, WAIT_S, way_s)
            self.asked.run(viewers, BEGIN_S, seconds + AFTER_S, wanted)

    def told(self) -> None:
        if isinstance(self.asked, LongPollers):
            self.asked.told()

    def seen(self) -> Seen:
        stage, costs = self._stage, self._stage.costs
        answers = [each for each in self.asked.answers if stage.is_measured(each.received_s)]
        empty = sum(map(stage.is_measured, self.asked.empty_s))
        said = sum(stage.sizes.items(each.first, each.last) for each in answers)
        # Who asks a long poll has no copy that could be unchanged: its answers are not to be kept.
        of_empty = "unchanged" if stage.case.variant.transport is Transport.POLL else "poll"
        wire_bytes = costs.bytes_of("poll") * len(answers) + said + costs.bytes_of(of_empty) * empty
        return seen_of(stage, self.asked, wire_bytes)


class Cached:
    """Read segments from a cache on a loop of its own, with the stage's server behind it."""

    def __init__(self, stage: Stage, loop: EventLoop, viewers: int) -> None:
        self._stage, self._loop = stage, loop
        rng, costs = stage.rng("readers"), stage.costs
        self.cache = HttpCache(stage.env, loop, costs.curve("cache"), clock_s=rng.random())
        self.origin = SegmentOrigin(
            stage.env, stage.server.loop, stage.published, -1 - rng.random(), costs.curve("manifest"),
            costs.curve("segment"),
        )  # fmt: skip
        self.asked = SegmentReaders(stage.env, self.cache, self.origin, rng, costs["way_s"])
        self.asked.run(viewers, READERS_BEGIN_S, stage.case.size.seconds + AFTER_S)

    @property
    def used_s(self) -> float:
        return self._loop.busy_s

    def seen(self) -> Seen:
        stage, costs, sizes = self._stage, self._stage.costs, self._stage.sizes
        manifests = [each for at_s, each in self.asked.manifests if stage.is_measured(at_s)]
        segments = [each for at_s, each in self.asked.segments if stage.is_measured(at_s)]
        wire_bytes = sum(
            costs.bytes_of("manifest_unchanged") if each is None
            else costs.bytes_of("manifest") + sizes.manifest(each.spans) for each in manifests
        )  # fmt: skip
        wire_bytes += sum(costs.bytes_of("segment") + sizes.segment(each) for each in segments)
        return seen_of(stage, self.asked, wire_bytes)


def seen_of(stage: Stage, asked: Asked, wire_bytes: float) -> Seen:
    """What those who ask have seen."""
    answers = asked.answers
    counts = np.array([each.last - each.first + 1 for each in answers], dtype=np.int64)
    firsts = np.array([each.first for each in answers], dtype=np.int64)
    seqs: Numbers = np.repeat(firsts, counts) + np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    received_s = np.repeat([each.received_s for each in answers], counts)
    empty = sum(map(stage.is_measured, asked.empty_s))
    return Seen(
        latencies_s=stage.latencies_s(seqs, received_s), delivered=int(counts.sum()), wire_bytes=wire_bytes,
        requests=sum(map(stage.is_measured, asked.asked_s)), empty=empty,
        answers=empty + sum(stage.is_measured(each.received_s) for each in answers),
    )  # fmt: skip
