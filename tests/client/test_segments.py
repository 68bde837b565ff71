"""Segments as a follower reads them: what is fetched, in which order, and what becomes of what cannot be had."""

import asyncio
import json
from contextlib import aclosing, suppress
from random import Random
from typing import Any

import aiohttp
import pytest

from reference_impl.client.failures import ClientError, Lost, Refused
from reference_impl.client.http import Http
from reference_impl.client.message import Message
from reference_impl.client.segments import GONE_MAX, segments
from reference_impl.protocol.cursor import Cursor
from tests.client.conftest import answer, standing_in

PROBLEM = "application/problem+json"


def manifest(*listed: tuple[int, int, int], head: str = "", next_from: int | None = None, **fields: str) -> bytes:
    """Each second as (offset, first, last)."""
    told = [
        {"offset": offset, "revision": f"{last - first + 1}-0", "first": first, "last": last, "count": last - first + 1}
        for offset, first, last in listed
    ]
    head = head or f"7:{listed[-1][2]}"
    body: dict[str, Any] = {"epoch": 7, "head": head, "poll_after_ms": 1000, "next_from": next_from, "segments": told}
    return answer(200, json.dumps(body), **fields)


def segment(offset: int, first: int, last: int, epoch: int = 7) -> bytes:
    items = [
        {"event": "comment", "id": f"{epoch}:{seq}", "data": {"seq": seq, "cursor": f"{epoch}:{seq}"}}
        for seq in range(first, last + 1)
    ]
    return answer(200, json.dumps({"epoch": epoch, "offset": offset, "first": first, "last": last, "items": items}))


def refusal(status: int) -> bytes:
    return answer(status, json.dumps({"type": "/problems/segment-gone", "status": status}), PROBLEM)


class Reader:
    """Follows scripted answers until they are used up; pausing is noted, and takes no time."""

    def __init__(self, *answers: bytes, cursor: Cursor | None = Cursor(7, 0)) -> None:  # noqa: B008 - it is frozen
        self.slept: list[float] = []
        self.told: list[Message] = []
        self.error: ClientError | None = None
        self.requests: list[str] = []
        asyncio.run(self._read(answers, cursor))
        self.paths = [head.split(" ")[1].partition("/segments")[2] for head in self.requests]

    async def _pause(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self._left == 0:
            raise EOFError

    async def _read(self, answers: tuple[bytes, ...], cursor: Cursor | None) -> None:
        async with standing_in(*answers) as stand_in, aiohttp.ClientSession() as session:
            self._stand_in = stand_in
            self.requests = stand_in.requests
            source = segments(Http(session, stand_in.url, None), "demo", cursor, self._pause, Random(1))
            with suppress(EOFError):
                async with aclosing(source) as batches:
                    await self._collect(batches)

    async def _collect(self, batches: Any) -> None:
        try:
            async for batch in batches:
                self.told += batch
        except (Lost, Refused) as error:
            self.error = error

    @property
    def _left(self) -> int:
        return self._stand_in.left

    @property
    def seqs(self) -> list[int]:
        return [message.cursor.seq for message in self.told if message.cursor is not None]


def test_what_comes_after_the_position_is_read_in_order() -> None:
    reader = Reader(manifest((3, 1, 2), (4, 3, 5), (6, 6, 6)), segment(4, 3, 5), segment(6, 6, 6), cursor=Cursor(7, 3))
    assert reader.seqs == [4, 5, 6]
    assert reader.paths == ["", "/4/3-0", "/6/1-0"]


def test_who_follows_from_now_on_is_told_nothing_of_what_was() -> None:
    reader = Reader(manifest((3, 1, 2)), manifest((3, 1, 2), (4, 3, 3)), segment(4, 3, 3), cursor=None)
    assert reader.seqs == [3]


def test_a_second_to_which_something_was_added_brings_only_that() -> None:
    reader = Reader(manifest((3, 1, 2)), segment(3, 1, 2), manifest((3, 1, 3)), segment(3, 1, 3))
    assert reader.seqs == [1, 2, 3]


def test_a_second_that_was_read_is_not_read_again_for_a_change() -> None:
    reader = Reader(manifest((3, 1, 2)), segment(3, 1, 2), manifest((3, 1, 2)))
    assert reader.paths == ["", "/3/2-0", ""]


def test_manifests_are_asked_for_at_a_pace_about_that_of_the_server() -> None:
    reader = Reader(*[manifest((3, 1, 2))] * 20, cursor=Cursor(7, 2))
    assert all(0.5 <= pause_s <= 1.5 for pause_s in reader.slept)
    assert len(set(reader.slept)) == 20


def test_a_manifest_that_has_not_changed_need_not_be_sent_again() -> None:
    unchanged = answer(304, "", ETag='"a"')
    reader = Reader(manifest((3, 1, 2), ETag='"a"'), unchanged, unchanged, cursor=Cursor(7, 2))
    assert (reader.seqs, reader.error) == ([], None)
    assert ['If-None-Match: "a"' in request for request in reader.requests] == [False, True, True]


@pytest.mark.parametrize("status", [404, 410])
def test_when_a_segment_is_gone_the_manifest_is_read_again(status: int) -> None:
    again = manifest((3, 1, 2), (4, 3, 4))
    reader = Reader(manifest((3, 1, 2), (4, 3, 3)), segment(3, 1, 2), refusal(status), again, segment(4, 3, 4))
    assert reader.seqs == [1, 2, 3, 4]
    assert reader.paths == ["", "/3/2-0", "/4/1-0", "", "/4/2-0"]
    assert len(reader.slept) == 2


def test_segments_that_are_always_gone_are_given_up() -> None:
    reader = Reader(*[manifest((3, 1, 2)), refusal(410)] * (GONE_MAX + 1))
    assert isinstance(reader.error, Refused)
    assert reader.error.status == 410


def test_what_is_older_than_the_manifest_is_a_gap_for_one_who_begins() -> None:
    reader = Reader(manifest((30, 11, 12)), segment(30, 11, 12), cursor=Cursor(7, 4))
    gap, *rest = reader.told
    assert (gap.event, gap.id, gap.data) == ("gap", "7:10", {"from": 5, "to": 10, "count": 6, "reason": "too_old"})
    assert [message.id for message in rest] == ["7:11", "7:12"]


def test_what_is_older_than_an_empty_manifest_is_a_gap_too() -> None:
    (gap,) = Reader(manifest(head="7:9"), cursor=Cursor(7, 4)).told
    assert (gap.id, gap.data["count"]) == ("7:9", 5)


def test_one_who_was_away_catches_up_from_the_last_second_that_was_read() -> None:
    reader = Reader(
        manifest((3, 1, 2)), segment(3, 1, 2),
        manifest((90, 7, 7)),
        manifest((3, 1, 2), (40, 3, 4), next_from=41), segment(40, 3, 4),
        manifest((50, 5, 6), (90, 7, 7)), segment(50, 5, 6), segment(90, 7, 7),
    )  # fmt: skip
    assert reader.seqs == list(range(1, 8))
    assert [path for path in reader.paths if not path.startswith("/")] == ["", "", "?from=3", "?from=41"]
    assert len(reader.slept) == 2


def test_what_is_not_there_after_all_is_a_gap() -> None:
    reader = Reader(
        manifest((3, 1, 2)), segment(3, 1, 2), manifest((90, 7, 7)), manifest((90, 7, 7)), segment(90, 7, 7)
    )
    assert [(message.event, message.id) for message in reader.told[2:]] == [("gap", "7:6"), ("comment", "7:7")]


def test_a_position_that_is_ahead_of_the_last_complete_second_waits() -> None:
    reader = Reader(manifest((3, 1, 2)), manifest((3, 1, 2), (4, 3, 6)), segment(4, 3, 6), cursor=Cursor(7, 5))
    assert reader.seqs == [6]


def test_a_log_begun_anew_is_a_gap_over_everything_and_then_the_present() -> None:
    reader = Reader(manifest(head="8:3"), manifest((0, 1, 4), head="8:4"), segment(0, 1, 4, epoch=8))
    gap, comment = reader.told
    assert (gap.id, gap.data) == ("8:3", {"from": 1, "to": 3, "count": 3, "reason": "epoch"})
    assert comment.id == "8:4"


def test_a_manifest_of_the_log_before_is_a_cache_that_is_late() -> None:
    reader = Reader(manifest(head="6:900"), manifest((0, 1, 1)), segment(0, 1, 1))
    assert reader.seqs == [1]


def test_what_a_crowded_second_shows_is_told_with_its_shed() -> None:
    items = [
        {"event": "comment", "data": {"seq": 2, "cursor": "7:2"}},
        {"event": "comment", "data": {"seq": 4, "cursor": "7:4"}},
        {"event": "shed", "id": "7:9", "data": {"from": 1, "to": 9, "shown": 2, "dropped": 7}},
    ]
    crowded = answer(200, json.dumps({"epoch": 7, "items": items}))
    reader = Reader(manifest((0, 1, 9)), crowded, cursor=Cursor(7, 2))
    assert [(message.event, str(message.place)) for message in reader.told] == [("comment", "7:4"), ("shed", "7:9")]


NONE = [answer(200, "{}"), answer(200, "[]"), answer(200, '{"segments":[{}]}'), manifest(head="x")]


@pytest.mark.parametrize("nonsense", NONE)
def test_a_manifest_that_cannot_be_read_counts_as_a_loss(nonsense: bytes) -> None:
    assert isinstance(Reader(nonsense).error, Lost)


@pytest.mark.parametrize(
    "nonsense", [answer(200, "{}"), segment(3, 1, 2, epoch=6), answer(200, '{"epoch":7,"items":[5]}')]
)
def test_a_segment_that_cannot_be_read_or_is_of_another_log_counts_as_a_loss(nonsense: bytes) -> None:
    assert isinstance(Reader(manifest((3, 1, 2)), nonsense).error, Lost)


def test_a_stream_without_segments_is_refused_with_the_problem() -> None:
    error = Reader(refusal(404)).error
    assert isinstance(error, Refused)
    assert error.kind == "segment-gone"
