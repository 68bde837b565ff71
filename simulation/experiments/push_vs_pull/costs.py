"""Short probes of what asking and telling cost here, on processes of the probes' own; none of the variants is run."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import numpy as np

from simulation.bench.fanout_load import OWN_FILES, files_max
from simulation.engines import processes
from simulation.engines.api_client import head_cursor
from simulation.engines.calibrate import calibrate, measure_stalls
from simulation.engines.digest import Digest
from simulation.engines.live import FLUSHED_S, STREAM, finish, idle_share
from simulation.engines.poster import Posted, Poster
from simulation.experiments.push_vs_pull.asking import listed_in
from simulation.experiments.push_vs_pull.http import GZIP, request
from simulation.experiments.push_vs_pull.live import Running, last_words, running, viewers
from simulation.experiments.push_vs_pull.plan import WAIT_S, Case, Size, Transport, Variant
from simulation.experiments.push_vs_pull.probing import (
    HOT_S,
    Curve,
    Target,
    address_of,
    ascending,
    close,
    costs_by_gap,
    exchange_bytes,
    hot_cost_s,
    lone_cost_s,
    row_of_one,
)
from simulation.experiments.push_vs_pull.pushed import SsePushed
from simulation.experiments.push_vs_pull.sizes import Sizes
from simulation.measurements import Receipts, read_measured
from simulation.trace import Post

FEW_MAX = 1_000  # viewers for all probes but
MANY = 10_000  # for those of fan-outs, since to a few one is mostly what it takes for any number
WARM_POSTS, WARM_PER_S = 90, 60.0
LONE_POSTS, LONE_PER_S = 10, 20.0
COMMENTS = 20  # in the answer that is compared with an empty one
HELD, HELD_GAP_S, ROUNDS = 40, 0.005, 4
FRAMES = 12
FRAMES_PER_S = 10.0, 3.0  # close together, and so far apart that the loop has been idle
SETTLED_S = 0.1
ACKNOWLEDGED_S = 0.4  # by then every viewer has the last frame, and its kernel has said so
IDLE_S = 2.0


async def measure(size: Size, *, cached: bool) -> dict[str, Any]:
    """All costs in seconds and bytes, as JSON has them; but those of segments only if there is a cache for them."""
    probed = Size(viewers=min(size.viewers, FEW_MAX))
    many = max(probed.viewers, min(MANY, size.crowd, files_max() - OWN_FILES))
    scenario = Case(Variant(name="probe", transport=Transport.POLL), 0, probed).scenario
    calibration = await calibrate(scenario, await measure_stalls())
    async with running(scenario.changed({"audience": {"viewers": many}}), cached=cached) as started:
        watching = await _watching(started)
        await _post(started, WARM_POSTS, WARM_PER_S)
        idle = await idle_share(lambda: started.used_s[0], IDLE_S)
        asked = await _asked(started)
        held = await _held(started, asked["poll"])
        watching.close()
        segments = await _segments(started) if cached else {"bytes": {}}
        pushed = {kind: await _pushed(started, kind, many) for kind in Transport if kind.pushed}
    frames = {kind.value: overhead for kind, (overhead, _) in pushed.items()}
    fan_outs = {kind.value: rows for kind, (_, rows) in pushed.items()}
    return {
        "calibration": calibration.as_dict(), "idle_share": idle, **asked, **held, **segments,
        "fan_outs": fan_outs, "bytes": asked["bytes"] | segments["bytes"] | frames,
    }  # fmt: skip


async def _watching(started: Running) -> asyncio.Transport:
    """Somebody who watches, so that the server has the stream at hand; nobody does where it is read from the log."""
    host, port = address_of(started.url)
    asked = request(f"/v1/streams/{STREAM}/events", f"{host}:{port}")
    made = await asyncio.get_running_loop().create_connection(lambda: SsePushed(asked, lambda piece: None), host, port)
    await made[1].opened
    return made[0]


async def _asked(started: Running) -> dict[str, Any]:
    """Polls, which are answered at once."""
    epoch, head = (await head_cursor(started.url, STREAM)).split(":")
    path = f"/v1/streams/{STREAM}/poll?wait_s=0&cursor={epoch}:"
    empty = _target(started.url, f"{path}{head}", started)
    full = _target(started.url, f"{path}{int(head) - COMMENTS}", started)
    known = _target(started.url, f"{path}{head}", started, f'If-None-Match: "{epoch}:{head}"')
    await hot_cost_s(empty)
    curve, lone_s = await costs_by_gap(empty)
    comment_s = ((await hot_cost_s(full)) - curve[0][1]) / COMMENTS
    return {
        "poll": curve, "comment_s": max(0.0, comment_s), "way_s": max(0.0, lone_s - curve[-1][1]) / 2,
        "bytes": {"poll": await exchange_bytes(empty, body=True), "unchanged": await exchange_bytes(known)},
    }  # fmt: skip


async def _held(started: Running, poll: Curve) -> dict[str, float]:
    """Polls that wait: what their beginning takes, relative to a poll after the same gap, and their answers."""
    post_s = started.used_s[0]
    await _post(started, LONE_POSTS, LONE_PER_S)
    post_s = (started.used_s[0] - post_s) / LONE_POSTS
    enter_s, answer_s = 0.0, 0.0
    for _ in range(ROUNDS):
        cursor = await head_cursor(started.url, STREAM)
        held = _target(started.url, f"/v1/streams/{STREAM}/poll?wait_s={WAIT_S:g}&cursor={cursor}", started)
        pool, before_s = await held.open(HELD), held.used_s()
        asked = []
        for connection in pool:
            asked.append(asyncio.create_task(connection.ask(held.request)))
            await asyncio.sleep(HELD_GAP_S)
        enter_s += held.used_s() - before_s
        before_s = held.used_s()
        await _post(started, 1, 1.0)
        await asyncio.gather(*asked)
        await asyncio.sleep(SETTLED_S)
        answer_s += held.used_s() - before_s - post_s
        close(pool)
    gaps_s, costs_s = np.array(poll).T
    alike_s = float(np.interp(np.log(HELD_GAP_S), np.log(gaps_s), costs_s))
    each = ROUNDS * HELD
    return {"enter_share": enter_s / each / alike_s, "answer_s": max(0.0, answer_s) / each}


async def _segments(started: Running) -> dict[str, Any]:
    """Of the cache, and of the server behind it when the cache has nothing."""
    assert started.cache is not None
    cache, path = started.cache, f"/v1/streams/{STREAM}/segments"
    front = Target(*address_of(cache.url), path, lambda: cache.cpu_s, (GZIP,))
    (connection,) = await front.open(1)
    first = await connection.ask(front.request)
    segment = path + listed_in(first.body)[0][-1][0]
    curve, _ = await costs_by_gap(replace(front, second=segment))  # which is larger, and packed for each who asks
    manifest, one = _target(started.url, path, started), _target(started.url, segment, started)
    known = Target(front.host, front.port, path, front.used_s, (GZIP, f"If-None-Match: {first.tag}"))
    cached = Target(front.host, front.port, segment, front.used_s, (GZIP,))
    close([connection])
    return {
        "cache": curve,
        "manifest": ascending([
            (HOT_S, await hot_cost_s(manifest)), await row_of_one(manifest), (0.25, await lone_cost_s(manifest, 0.25)),
        ]),
        "segment": [await row_of_one(one), (0.05, await lone_cost_s(one, 0.05))],
        "bytes": {
            "manifest": await exchange_bytes(front), "manifest_unchanged": await exchange_bytes(known),
            "segment": await exchange_bytes(cached),
        },
    }  # fmt: skip


async def _pushed(started: Running, kind: Transport, count: int) -> tuple[float, list[list[float]]]:
    """Bytes of a frame besides what it says, and rows of fan-outs as a calibration has them."""
    receipts, start = started.folder / "probed.npz", await head_cursor(started.url, STREAM)
    async with viewers(kind, started.url, start, count, 0.0, receipts) as crowd:
        await processes.tell(crowd, "mark")
        from_s, posts, accepted = time.monotonic(), list[Post](), list[tuple[int, float]]()
        for per_s in FRAMES_PER_S:
            more, posted = await _post(started, FRAMES, per_s)
            posts, accepted = posts + more, accepted + posted.accepted
        await asyncio.sleep(ACKNOWLEDGED_S)
        await processes.tell(crowd, "mark")
        await finish(crowd, max(seq for seq, _ in accepted))
        counts = await last_words(crowd)
    await asyncio.sleep(FLUSHED_S)
    measured, sizes = read_measured(started.folder / "measure.csv").since(from_s), Sizes(posts)
    watched = Case(Variant(name="probe", transport=kind), 0, Size(viewers=count)).scenario
    fan_outs = Digest(watched, measured, Receipts.load(receipts), dict(accepted), []).fan_outs()
    of_frame = sizes.sse if kind is Transport.SSE else sizes.websocket
    first = int(measured.fan_outs["first"].min())
    spans = zip(measured.fan_outs["first"] - first, measured.fan_outs["last"] - first, strict=True)
    said = sum(of_frame(range(int(begin) + 1, int(end) + 2)) for begin, end in spans)
    overhead = (counts["wire_bytes"] / count - said) / len(measured.fan_outs["first"])
    return max(0.0, overhead), np.round(fan_outs[:, 1:], 7).tolist()


async def _post(started: Running, count: int, per_s: float) -> tuple[list[Post], Posted]:
    posts = [Post(number / per_s, f"author{number}", f"What a goal! {number}") for number in range(count)]
    poster = Poster(started.url, STREAM, int(time.monotonic_ns()), started.token)
    posted = await poster.run(posts, time.monotonic())
    await asyncio.sleep(SETTLED_S)
    return posts, posted


def _target(url: str, path: str, started: Running, *fields: str) -> Target:
    return Target(*address_of(url), path, lambda: started.used_s[0], fields)
