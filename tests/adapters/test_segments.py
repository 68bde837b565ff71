"""Seconds of a stream's log, their revisions and what changes them, on every engine."""

import asyncio

from reference_impl.adapters.sql import segments as module
from reference_impl.protocol.events import EventKind
from reference_impl.protocol.segments import Revision, Span
from reference_impl.protocol.streams import Profile
from tests.adapters.conftest import draft


def at(second, text="hello", **more):
    """A comment of the middle of a second; the streams of these tests were opened at 0."""
    return draft(text, created_at_ms=second * 1000 + 500, **more)


def test_seconds_are_stretches_of_the_log_and_empty_ones_are_left_out(engine):
    async def work(store):
        await store.log.append([at(0), at(0), at(3), at(5), at(5), at(5)])
        found, last = await store.segments.spans("s", 0, 9, 9)
        assert found == [Span(0, 1, 2), Span(3, 3, 3), Span(5, 4, 6)]
        assert last == 6

    engine.use(work)


def test_a_range_of_seconds_begins_and_ends_where_it_should(engine):
    async def work(store):
        await store.log.append([at(second) for second in (0, 1, 2, 3, 4)])
        segments = store.segments
        assert [span.offset for span in (await segments.spans("s", 1, 4, 9))[0]] == [1, 2, 3]
        assert await segments.spans("s", 1, 4, 2) == ([Span(1, 2, 2), Span(2, 3, 3)], 4)
        assert await segments.spans("s", 9, 12, 9) == ([], 5)
        assert await segments.spans("none", 0, 9, 9) == ([], 0)

    engine.use(work)


def test_a_second_that_is_longer_than_a_slice_is_one_piece(engine, monkeypatch):
    monkeypatch.setattr(module, "SLICE", 4)

    async def work(store):
        await store.log.append([at(second) for second in (0, 0, 0, *[1] * 11, 2, 4)])
        found, _ = await store.segments.spans("s", 0, 9, 9)
        assert found == [Span(0, 1, 3), Span(1, 4, 14), Span(2, 15, 15), Span(4, 16, 16)]

    engine.use(work)


def test_a_second_is_read_with_its_events_and_no_others(engine):
    async def work(store):
        await store.log.append([at(0), at(1, "a"), at(1, "b"), at(2), at(1, "elsewhere", stream="t")])
        span, events = await store.segments.segment("s", 1)
        assert (span, [event.data["text"] for event in events]) == (Span(1, 2, 3), ["a", "b"])
        assert await store.segments.segment("s", 7) is None

    engine.use(work)


def test_an_event_that_comes_late_makes_another_revision(engine):
    async def work(store):
        await store.log.append([at(1)])
        assert (await store.segments.segment("s", 1))[0].revision == Revision(1, 0)
        await store.log.append([at(0)])  # dated before the last one: it counts for that one's second
        assert (await store.segments.segment("s", 1))[0].revision == Revision(2, 0)
        assert await store.segments.segment("s", 0) is None

    engine.use(work)


def test_every_change_of_a_comment_changes_every_second_that_shows_it(engine):
    async def work(store):
        comment, other = at(0, "frist"), at(0, stream="t")
        await store.log.append([comment, other, at(1)])
        edit = {"kind": EventKind.EDIT, "target": comment.id}
        await store.log.append([at(2, **edit, data={"text": "first", "edited": True})])
        await store.log.append([at(3, kind=EventKind.PIN, target=comment.id, data={})])
        await store.log.append([at(4, kind=EventKind.DELETE, target=comment.id, data={})])
        found, _ = await store.segments.spans("s", 0, 9, 9)
        assert [span.changes for span in found] == [2, 0, 1, 1, 0]
        assert [span.changes for span in (await store.segments.spans("t", 0, 9, 9))[0]] == [0]
        assert await store.segments.showing("s", comment.id) == [0, 2, 3]
        for second in (0, 2, 3):
            assert "first" not in str((await store.segments.segment("s", second))[1])

    engine.use(work)


def test_a_change_that_is_refused_changes_no_revision(engine):
    async def work(store):
        comment = at(0, author="ann")
        await store.log.append([comment])
        theirs = {"kind": EventKind.DELETE, "target": comment.id, "data": {}, "author": "bo", "own_only": True}
        await store.log.append([at(1, **theirs)])
        assert (await store.segments.segment("s", 0))[0].revision == Revision(1, 0)

    engine.use(work)


def test_a_changed_profile_changes_the_seconds_of_its_comments(engine):
    async def work(store):
        await store.log.append([at(0), at(1, author="bo"), at(2), at(2)])
        assert await store.profiles.spread(Profile(user="ann", name="Ann"), "s", 1, 4) == [0, 2]
        changes = [span.changes for span in (await store.segments.spans("s", 0, 9, 9))[0]]
        assert 1 <= changes[0] <= engine.partitions  # each partition changes its own
        assert 1 <= changes[2] <= engine.partitions
        assert changes[1] == 0

    engine.use(work)


def test_comments_and_profiles_that_change_at_once_count_every_change(engine):
    async def work(store):
        comments = [at(0) for _ in range(30)]
        await store.log.append(comments)
        other = await engine.open()
        profile = Profile(user="ann", name="Ann")
        await asyncio.gather(
            other.profiles.spread(profile, "s", 1, 30),
            *(store.log.append([at(9, kind=EventKind.DELETE, target=each.id, data={})]) for each in comments[:12]),
        )
        await other.log.close()
        found, _ = await store.segments.spans("s", 0, 9, 9)
        assert 12 + 1 <= sum(span.changes for span in found) <= 12 + engine.partitions

    engine.use(work)
