"""What every engine's log must do: order, idempotency, all or nothing, and the effects of events."""

import asyncio

import pytest

from reference_impl.adapters.sql import log as log_module
from reference_impl.ports import Appended, Held, LogUnavailable, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.events import EventKind, Review
from reference_impl.protocol.streams import State
from tests.adapters.conftest import draft

EDIT = {"text": "better", "mentions": [], "edited": True}


def test_every_stream_has_a_contiguous_sequence_of_its_own(engine):
    async def work(store):
        answers = await store.log.append([draft("1"), draft("x", stream="t"), draft("2"), draft("3")])
        places = [(each.event.stream, each.event.seq) for each in answers]
        assert places == [("s", 1), ("t", 1), ("s", 2), ("s", 3)]
        assert await store.log.heads(["s", "t", "none"]) == {"s": 3, "t": 1, "none": 0}
        assert [each.data["text"] for each in await store.log.read("s", first=2, last=9)] == ["2", "3"]

    engine.use(work)


def test_what_is_read_is_what_was_answered(engine):
    async def work(store):
        parent = draft("parent")
        answers = await store.log.append([parent, draft("héllo 👋", stream="t")])
        (reply,) = await store.log.append([draft("reply", target=parent.id)])
        assert await store.log.read("t", first=1, last=1) == [answers[1].event]
        assert (await store.log.read("s", first=2, last=2)) == [reply.event]

    engine.use(work)


def test_a_log_that_is_opened_again_goes_on_in_its_epoch(engine):
    async def work(store):
        return store.log.epoch, (await store.log.append([draft()]))[0].event.seq

    first, second = engine.use(work), engine.use(work)
    assert (second[0], first[1], second[1]) == (first[0], 1, 2)


def test_two_writers_of_one_stream_keep_one_sequence(engine):
    async def work(store):
        other = await engine.open()
        batches = [each.log.append([draft(), draft()]) for _ in range(40) for each in (store, other)]
        answers = [answer for batch in await asyncio.gather(*batches) for answer in batch]
        await other.log.close()
        assert sorted(answer.event.seq for answer in answers) == list(range(1, 161))

    engine.use(work)


def test_two_writers_of_two_streams_in_opposite_order_do_not_deadlock(engine):
    async def work(store):
        other = await engine.open()
        forth, back = ("s", "t"), ("t", "s")
        pairs = [(store, forth), (other, back)] * 25
        await asyncio.gather(*(each.log.append([draft(stream=name) for name in names]) for each, names in pairs))
        await other.log.close()
        assert await store.log.heads(["s", "t"]) == {"s": 50, "t": 50}

    engine.use(work)


def test_the_time_of_events_never_goes_back(engine):
    async def work(store):
        times = (5, 3, 9, 1)
        answers = await store.log.append([draft(created_at_ms=at) for at in times])
        (late,) = await store.log.append([draft(created_at_ms=2)])
        assert [each.event.at_ms for each in (*answers, late)] == [5, 5, 9, 9, 9]

    engine.use(work)


def test_a_key_replays_its_comment_or_refuses_another(engine):
    async def work(store):
        (first,) = await store.log.append([draft("x", key="k")])
        again, other, elsewhere, nowhere = await store.log.append(
            [
                draft("x", key="k"),
                draft("y", key="k"),
                draft("y", key="k", author="bo"),
                draft("x", key="k", stream="t"),
            ]
        )
        assert again == Appended(first.event, replayed=True)
        assert other.kind is problem.KEY_REUSED
        assert (elsewhere.event.seq, nowhere.event.seq) == (2, 1)
        assert await store.log.replay(draft("x", key="k")) == again
        assert await store.log.replay(draft("x", key="unknown")) is None

    engine.use(work)


def test_a_key_twice_in_one_commit_stores_one_comment(engine):
    async def work(store):
        first, second = await store.log.append([draft("x", key="k"), draft("x", key="k")])
        assert second == Appended(first.event, replayed=True)
        assert await store.log.heads(["s"]) == {"s": 1}

    engine.use(work)


def test_two_writers_with_one_key_store_one_comment(engine):
    async def work(store):
        other = await engine.open()
        tries = [each.log.append([draft("x", key=f"k{n}")]) for n in range(30) for each in (store, other)]
        answers = [answer for (answer,) in await asyncio.gather(*tries)]
        await other.log.close()
        assert len([each for each in answers if not each.replayed]) == len({each.event.id for each in answers}) == 30
        events = await store.log.read("s", first=1, last=99)
        assert [each.seq for each in events] == list(range(1, len(events) + 1))
        assert sorted(each.id for each in events if each.kind is not EventKind.VOID) == sorted(
            {each.event.id for each in answers}
        )

    engine.use(work)


def test_a_key_is_known_for_an_hour_and_then_forgotten(in_sql, monkeypatch):
    hour = 3600.0

    async def work(store):
        for now, replayed in ((0.0, False), (hour * 1.99, True), (hour * 2, False), (hour * 9, False)):
            monkeypatch.setattr(log_module.time, "time", lambda now=now: now)
            (answer,) = await store.log.append([draft("x", key="k")])
            assert answer.replayed is replayed, now

    in_sql.use(work)


def test_a_commit_that_fails_half_way_stores_nothing(whole):
    async def work(store):
        taken = draft()
        await store.log.append([taken])
        with pytest.raises(LogUnavailable):
            await store.log.append([draft("good", key="k"), draft(id=taken.id)])
        assert await store.log.heads(["s"]) == {"s": 1}
        (answer,) = await store.log.append([draft("good", key="k")])
        assert (answer.event.seq, answer.replayed) == (2, False)

    whole.use(work)


def test_an_unknown_stream_refuses_only_its_own_drafts(engine):
    async def work(store):
        nowhere, somewhere = await store.log.append([draft(stream="none"), draft()])
        assert nowhere.kind is problem.NOT_FOUND
        assert somewhere.event.seq == 1

    engine.use(work)


def test_a_closed_stream_takes_no_comments_but_can_be_tidied(engine):
    async def work(store):
        comment = draft()
        closing = draft(kind=EventKind.STATE, data={"state": "closed"})
        answers = await store.log.append(
            [comment, closing, draft("late"), draft(kind=EventKind.DELETE, target=comment.id, data={})]
        )
        assert answers[2].kind is problem.STREAM_CLOSED
        assert [each.event.seq for each in answers if isinstance(each, Appended)] == [1, 2, 3]
        assert (await store.directory.stream("s")).state is State.CLOSED

    engine.use(work)


def test_an_edit_changes_the_comment_everywhere_and_keeps_no_older_text(engine):
    async def work(store):
        comment = draft("worse")
        _, edited = await store.log.append([comment, draft(kind=EventKind.EDIT, target=comment.id, data=EDIT)])
        assert edited.event.data["comment"]["text"] == "better"
        first, second = await store.log.read("s", first=1, last=2)
        assert (first.data["text"], second.data["comment"]["text"]) == ("better", "better")

    engine.use(work)


def test_a_deleted_comment_is_gone_from_the_log_from_its_edits_and_from_the_pin(engine):
    async def work(store):
        comment = draft("secret")
        about = {"target": comment.id, "data": {}}
        await store.log.append(
            [
                comment,
                draft(kind=EventKind.EDIT, target=comment.id, data={"text": "secret too", "mentions": []}),
                draft(kind=EventKind.PIN, **about),
                draft(kind=EventKind.DELETE, **about),
            ]
        )
        events = await store.log.read("s", first=1, last=4)
        assert [event.kind for event in events] == ["comment", "edit", "pin", "delete"]
        assert "secret" not in str([event.as_dict() for event in events])
        assert (await store.directory.stream("s")).pinned is None
        assert (await store.history.comment("s", comment.id)).data["deleted"]

    engine.use(work)


@pytest.mark.parametrize("kind", [EventKind.EDIT, EventKind.DELETE, EventKind.PIN])
def test_what_is_deleted_or_elsewhere_can_be_the_target_of_nothing(engine, kind):
    async def work(store):
        gone, elsewhere = draft(), draft(stream="t")
        await store.log.append([gone, elsewhere, draft(kind=EventKind.DELETE, target=gone.id, data={})])
        for target in (gone.id, elsewhere.id, "00000000-0000-7000-8000-ffffffffffff"):
            (answer,) = await store.log.append([draft(kind=kind, target=target, data=EDIT)])
            assert answer.kind is problem.NOT_FOUND
        assert (await store.log.heads(["s"])) == {"s": 2}

    engine.use(work)


def test_only_the_author_has_an_own_comment(engine):
    async def work(store):
        comment = draft(author="ann")
        change = {"kind": EventKind.EDIT, "target": comment.id, "data": EDIT, "own_only": True}
        _, other, own = await store.log.append([comment, draft(author="bo", **change), draft(author="ann", **change)])
        assert other.kind is problem.FORBIDDEN
        assert isinstance(own, Appended)

    engine.use(work)


def test_replies_are_counted_and_have_no_replies(engine):
    async def work(store):
        parent = draft()
        replies = [draft(target=parent.id) for _ in range(3)]
        await store.log.append([parent, *replies])
        await store.log.append([draft(kind=EventKind.DELETE, target=replies[0].id, data={})])
        (deeper,) = await store.log.append([draft(target=replies[1].id)])
        assert deeper.kind is problem.NOT_A_THREAD
        assert (await store.history.comment("s", parent.id)).data["reply_count"] == 2
        found = await store.history.replies("s", parent.id, 0, 10)
        assert [each.id for each in found] == [each.id for each in replies]

    engine.use(work)


def test_two_changes_of_settings_at_once_are_both_kept(engine):
    async def work(store):
        other = await engine.open()
        changes = [{"slow_mode_s": 9}, {"rules": {"links": "deny"}}]
        await asyncio.gather(
            *(
                each.log.append([draft(kind=EventKind.SETTINGS, data=change)])
                for each, change in zip((store, other), changes, strict=True)
            )
        )
        await other.log.close()
        settings = (await store.directory.stream("s")).settings
        assert (settings.slow_mode_s, settings.rules.links) == (9, "deny")

    engine.use(work)


def test_a_held_comment_takes_no_place_until_it_is_released(engine):
    async def work(store):
        held = draft("doubtful", key="k", review=Review.HOLD)
        asked = {**held.data, "reason": "blocked-term"}
        held = draft("doubtful", id=held.id, key="k", review=Review.HOLD, data=asked)
        answers = await store.log.append([held, draft("plain")])
        assert (answers[0], answers[1].event.seq) == (Held(held.id), 1)
        assert (await store.log.append([held])) == [Held(held.id, replayed=True)]
        (waiting,) = await store.review_queue.held("s", "", 9)
        release = draft(id=waiting.id, data=waiting.data, author=waiting.author, review=Review.RELEASE)
        (released,) = await store.log.append([release])
        assert (released.event.seq, released.event.data["text"], waiting.reason) == (2, "doubtful", "blocked-term")
        assert "reason" not in released.event.data
        (again,) = await store.log.append([release])
        assert isinstance(again, Refused)
        assert await store.review_queue.held("s", "", 9) == []

    engine.use(work)
