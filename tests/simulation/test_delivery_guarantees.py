"""delivery_guarantees: which way each promise goes in the model, its parts, and a small live run that counts."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reference_impl.adapters.redis import broker, link
from reference_impl.adapters.redis.messages import Batch, encode
from reference_impl.client import client
from reference_impl.ports import Published
from reference_impl.protocol.events import Event, EventKind
from reference_impl.stream_hub import HubConfig
from simulation.experiments.delivery_guarantees import plan, relay, sim
from simulation.experiments.delivery_guarantees.cursor import SavedCursor
from simulation.experiments.delivery_guarantees.family import MEASURES, DeliveryGuarantees
from simulation.experiments.delivery_guarantees.networks import BrokenWay, LosingProxy
from simulation.experiments.delivery_guarantees.plan import VARIANTS, Case, Fate, Size
from simulation.experiments.delivery_guarantees.record import Record, Screen
from simulation.experiments.family import Observation
from simulation.experiments.running import document
from simulation.statistics import confidence_interval

COSTS = {
    "way_s": [0.002, 0.003], "commit_s": [0.0015, 0.002], "back_s": [0.001], "edge_hop_s": [0.002],
    "relay_hop_s": [0.0015], "send_s": 1e-5, "read_s": [0.003], "link_s": [0.002], "catch_up_s": [0.001],
    "edge_join_s": [0.002], "relay_join_s": [0.001], "comment_bytes": 334.0, "edge_hello_bytes": 463.0,
    "relay_hello_bytes": 18.0,
    "cpu": {
        "post_s": 1e-3, "edge_comment_s": 5e-4, "relay_comment_s": 4e-4, "edge_idle_s": 8e-3, "relay_idle_s": 6e-3,
        "edge_join_s": 7e-4, "relay_join_s": 2e-4,
    },
}  # fmt: skip
REPLICATIONS = 6
MOST, LEAST, DROPPED, ONCE = VARIANTS


@cache
def values(variant: str, repeat: int) -> dict[str, float]:
    return dict(DeliveryGuarantees().simulate(variant, repeat, COSTS).values)


@pytest.mark.parametrize(
    ("less", "more", "measure"),
    [
        (LEAST, MOST, "lost_pct"),
        (LEAST, MOST, "unstored_pct"),
        (DROPPED, LEAST, "doubled_pct"),
        (DROPPED, LEAST, "behind_pct"),
        (ONCE, LEAST, "bytes"),
        (ONCE, DROPPED, "stored_again_pct"),
        (MOST, ONCE, "requests"),
        (MOST, ONCE, "p99_ms"),
        (MOST, ONCE, "behind_pct"),
    ],
)
def test_the_answer_has_the_right_direction(less: str, more: str, measure: str) -> None:
    """Each variant's interval for itself: they do not overlap."""
    low, high = (
        confidence_interval([values(variant, repeat)[measure] for repeat in range(REPLICATIONS)])
        for variant in (less, more)
    )
    assert low.mean + low.half_width < high.mean - high.half_width


@pytest.mark.parametrize("repeat", range(REPLICATIONS))
def test_key_cursor_and_log_lose_nothing_and_double_nothing(repeat: int) -> None:
    once, dropped = values(ONCE, repeat), values(DROPPED, repeat)
    assert [once[name] for name in ("lost_pct", "doubled_pct", "unstored_pct", "stored_again_pct")] == [0, 0, 0, 0]
    assert (dropped["lost_pct"], dropped["doubled_pct"]) == (0, 0)
    assert once["requests"] == dropped["requests"] > 1


def test_who_tries_once_sends_once_and_sees_nothing_twice() -> None:
    assert [values(MOST, 0)[name] for name in ("requests", "doubled_pct", "stored_again_pct")] == [1, 0, 0]


def test_nothing_overtakes_on_its_way_from_the_broker_however_long_that_takes() -> None:
    late = COSTS | {"relay_hop_s": [0.001, 0.2]}
    assert DeliveryGuarantees().simulate(MOST, 0, late).values["behind_pct"] == 0


def test_a_repeat_is_the_same_again_and_another_is_not() -> None:
    assert dict(DeliveryGuarantees().simulate(LEAST, 1, COSTS).values) == values(LEAST, 1) != values(LEAST, 2)
    assert values(LEAST, 1).keys() == {measure.name for measure in MEASURES}


def test_all_variants_of_a_repeat_have_the_same_losses() -> None:
    cases = [Case(variant, 3) for variant in VARIANTS.values()]
    assert len({(tuple(each.cuts_s()), tuple(each.posts_s()), each.outage_at_s()) for each in cases}) == 1
    assert len({tuple(each.fate(number, 0) for number in range(240)) for each in cases}) == 1
    read = Case.read(json.loads('{"variant": "at-least-once", "repeat": 3, "size": {"seconds": 2.0}}'))
    assert read == Case(VARIANTS[LEAST], 3, Size(seconds=2.0))


def observed(*lost: float) -> list[Observation]:
    """A live run of each variant, in which nothing but what is lost differs."""
    names = [measure.name for measure in MEASURES]
    return [
        Observation(variant, "live", 0, dict.fromkeys(names, 1.0) | {"lost_pct": each})
        for variant, each in zip(VARIANTS, lost, strict=True)
    ]


def test_the_answer_is_two_sentences_and_goes_by_the_figures() -> None:
    said = DeliveryGuarantees().answer(observed(12.5, 3.0, 2.0, 7.5))
    assert said.count(". ") == 1
    assert said.startswith("Sent at most once, 12.5% of comments")
    assert "leave 7.5% not seen" in said


def test_the_picture_is_drawn_with_either_engine(tmp_path: Path) -> None:
    family = DeliveryGuarantees()
    simulated = [family.simulate(variant, 0, COSTS) for variant in VARIANTS]
    for name, seen in (("both", [*observed(9, 0, 0, 0), *simulated]), ("sim", simulated)):
        family.plot(document(family, seen, None), tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_screen_counts_what_comes_again_and_what_comes_behind() -> None:
    bare, dropping = Screen(drops=False), Screen(drops=True)
    for at_s, number in enumerate((1, 3, 2, 3, 4)):
        bare.show(number, at_s)
        dropping.show(number, at_s)
    assert (bare.again, bare.behind, sorted(bare.first_s)) == (1, 1, [1, 2, 3, 4])
    assert (dropping.again, dropping.behind) == (0, 1)


def test_a_record_tells_losses_of_the_log_from_losses_on_the_way() -> None:
    """Of four comments one was never stored, one is there twice, and one of two viewers lacks another."""
    receipts = np.array([(0, 1, 0.1), (1, 1, 0.1), (0, 2, 0.2), (0, 3, 0.4), (1, 3, 0.4), (0, 4, 0.5), (1, 4, 0.5)])
    found = Record(
        meant_s={0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3}, numbers={1: 0, 2: 1, 3: 2, 4: 0}, receipts=receipts, viewers=2,
        requests=6, cpu_s=0.02, received_bytes=800.0, drops=False,
    ).values()  # fmt: skip
    assert (found["lost_pct"], found["unstored_pct"], found["unseen_pct"]) == (37.5, 25, 0)
    assert found["stored_again_pct"] == 25
    assert (found["doubled_pct"], found["behind_pct"]) == (25, 25)
    assert (found["requests"], found["cpu_ms"], found["bytes"]) == (1.5, 5, 100)


def test_a_cursor_is_as_old_as_its_last_saving() -> None:
    saved, exact = SavedCursor(0, every_s=1.0, first_s=0.5), SavedCursor(0, every_s=0.0, first_s=0.0)
    assert saved.resume(0.4) == exact.resume(0.4) == 0
    for seq, at_s in ((1, 0.4), (2, 0.6), (3, 1.4), (4, 1.6)):
        saved.moved(seq, at_s)
        exact.moved(seq, at_s)
    assert (saved.resume(1.6), exact.resume(1.6)) == (3, 4)
    saved.moved(2, 1.7)  # it comes again
    assert (saved.resume(2.4), saved.resume(2.5)) == (3, 4)


def test_the_model_and_the_relay_go_by_the_servers_numbers() -> None:
    assert (plan.BROKER.base_s, plan.BROKER.cap_s) == (link.BACKOFF.base_s, link.BACKOFF.cap_s)
    assert HubConfig().heads_s == sim.HEADS_S
    assert client.REQUESTS == plan.POSTS
    assert plan.RECONNECTS.base_s == client.RECONNECTS.base_s
    assert broker.channel_of("final") == relay.channel_of("final")


def test_the_relay_reads_what_the_server_publishes() -> None:
    event = Event(stream="final", epoch=7, seq=3, kind=EventKind.COMMENT, id="x", at_ms=1, data={"text": "comment 0"})
    assert relay.events_in(encode(Batch("api", [Published(event, None)]))) == [event]


@asynccontextmanager
async def answering(way: Any) -> AsyncIterator[tuple[Any, list[bytes]]]:
    """A way to a server that writes down what it gets, and answers."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                got.append(data)
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, way("127.0.0.1", server.sockets[0].getsockname()[1]).running() as proxy:
        yield proxy, got


def asked(number: int) -> bytes:
    body = b'{"text": "comment %d"}' % number
    return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def answer(port: int, request: bytes) -> bytes:
    """b"": the connection was cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read(65_536)
    except OSError:
        return b""
    finally:
        writer.transport.abort()


def test_what_is_lost_of_a_request_is_told_to_nobody() -> None:
    fates = {(0, 0): Fate.REQUEST_LOST, (1, 0): Fate.ANSWER_LOST}

    async def main() -> None:
        way = lambda host, port: LosingProxy(host, port, lambda *which: fates.get(which, Fate.ANSWERED))  # noqa: E731
        async with answering(way) as (proxy, got):
            answers = [await answer(proxy.port, asked(number)) for number in (0, 1, 0, 1)]
            assert [each[9:12] for each in answers] == [b"", b"", b"201", b"201"]
            assert got == [asked(1), asked(0), asked(1)]
            assert proxy.requests == {0: 2, 1: 2}

    asyncio.run(main())


def test_a_way_that_is_down_cuts_and_refuses_until_it_is_back() -> None:
    async def main() -> None:
        async with answering(BrokenWay) as (way, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
            writer.write(asked(1))
            assert await reader.read(65_536)
            way.fail()
            with suppress(ConnectionError):
                assert await reader.read(65_536) == b""
            writer.transport.abort()
            assert await answer(way.port, asked(2)) == b""
            way.down = False
            assert await answer(way.port, asked(2))

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_real_processes_keep_what_they_promise() -> None:
    family = DeliveryGuarantees(Size(seconds=2.0, viewers=4, lasts_s=1.0, outage_s=0.5))
    once, most = (asyncio.run(family.live(variant, 0)) for variant in (ONCE, MOST))
    for live in (once, most):
        simulated = family.simulate(live.variant, 0, COSTS)
        for counted in ("requests", "unstored_pct", "stored_again_pct"):
            assert live.values[counted] == simulated.values[counted]
        assert live.facts["reconnects"] > 0
    assert [once.values[name] for name in ("lost_pct", "doubled_pct", "unstored_pct", "stored_again_pct")] == [0] * 4
    assert once.values["requests"] > 1 == most.values["requests"]
    assert most.values["lost_pct"] > most.values["unseen_pct"] > 0
    assert most.values["doubled_pct"] == 0
