"""History, directory, moderators' queue and reactions on every engine."""

import asyncio

from reference_impl.ports import Reaction, Report
from reference_impl.profiles import ProfileRefresher
from reference_impl.protocol.events import EventKind
from reference_impl.protocol.streams import Profile, State
from tests.adapters.conftest import draft, stream


def test_history_reads_comments_both_ways_and_leaves_other_events_out(engine):
    async def work(store):
        comments = [draft(str(number)) for number in range(1, 7)]
        pin = draft(kind=EventKind.PIN, target=comments[0].id, data={})
        await store.log.append([*comments[:3], pin, *comments[3:]])
        assert [each.seq for each in await store.history.after("s", 2, 3)] == [3, 5, 6]
        assert [each.seq for each in await store.history.before("s", 6, 3)] == [2, 3, 5]
        assert await store.history.after("none", 0, 3) == []

    engine.use(work)


def test_the_position_of_a_moment_is_found_by_its_time(engine):
    async def work(store):
        await store.log.append([draft(created_at_ms=at) for at in (10, 10, 20, 30, 30, 30, 40)])
        found = [await store.history.seq_at("s", at) for at in (0, 10, 11, 20, 30, 31, 99)]
        assert found == [0, 0, 2, 2, 3, 6, 7]
        assert await store.history.seq_at("none", 5) == 0

    engine.use(work)


def test_a_stream_is_created_once_and_found_by_name(engine):
    async def work(store):
        new = stream("new", slow_mode_s=7)
        assert await store.directory.create(new)
        assert not await store.directory.create(stream("new", slow_mode_s=8))
        assert await store.directory.stream("new") == new
        assert await store.directory.stream("none") is None

    engine.use(work)


def test_streams_are_listed_by_name_in_pages_without_archived_ones(engine):
    async def work(store):
        await store.log.append([draft(kind=EventKind.STATE, data={"state": State.ARCHIVED})])
        for name in ("b", "a"):
            await store.directory.create(stream(name))
        assert [each.name for each in await store.directory.streams("", 2)] == ["a", "b"]
        assert [each.name for each in await store.directory.streams("b", 2)] == ["t"]

    engine.use(work)


def test_a_changed_profile_reaches_the_comments_that_were_written_before(engine):
    async def work(store):
        deleted = draft("x", author="ann")
        await store.log.append(
            [draft("1", author="ann"), draft("2", author="bo"), draft("3", author="ann", stream="t"), deleted]
        )
        await store.log.append([draft(kind=EventKind.DELETE, target=deleted.id, data={})])
        profile = Profile(user="ann", name="Ann the First", avatar="https://example.org/a.png", badges=("vip",))
        await store.directory.save(Profile(user="ann", name="Ann"))
        await store.directory.save(profile)
        assert await store.directory.profile("ann") == profile
        changed = []

        async def note(stream, seconds):
            changed.append((stream, seconds))

        refresher = ProfileRefresher(store.directory, store.profiles, note)
        (spread,) = await store.profiles.pending(9)
        await refresher.refresh(spread)
        assert await store.profiles.pending(9) == []
        assert changed == [("s", [0]), ("t", [0])]
        names = [each.data["author"]["name"] for each in await store.log.read("s", first=1, last=3)]
        assert names == ["Ann the First", "bo", ""]
        assert (await store.log.read("t", first=1, last=1))[0].data["author"]["badges"] == ["vip"]

    engine.use(work)


def test_whoever_is_late_with_an_earlier_profile_writes_the_present_one(whole):
    async def work(store):
        await store.log.append([draft("1", author="ann")])
        await store.directory.save(Profile(user="ann", name="One"))
        (late,) = await store.profiles.pending(9)
        await store.directory.save(Profile(user="ann", name="Two"))
        await store.profiles.spread(late.profile, "s", 1, 10)
        assert [each.data["author"]["name"] for each in await store.log.read("s", first=1, last=1)] == ["Two"]

    whole.use(work)


def test_a_profile_changed_while_it_spreads_is_spread_again(engine):
    async def work(store):
        for name in ("One", "Two", "Three"):
            await store.directory.save(Profile(user="ann", name=name))
            pending = await store.profiles.pending(9)
        await store.directory.save(Profile(user="ann", name="Four"))
        await store.profiles.done(pending[0])
        assert [each.profile.name for each in await store.profiles.pending(9)] == ["Four"]

    engine.use(work)


def test_a_report_counts_once_for_each_reporter(engine):
    async def work(store):
        comment = draft()
        await store.log.append([comment])

        def report(number, reporter):
            return Report(
                id=f"r{number}", stream="s", comment=comment.id, reporter=reporter, reason="spam", note="", at_ms=1
            )

        first = [await store.review_queue.report(report(n, who)) for n, who in enumerate(("bo", "bo", "cy"))]
        assert first == [True, False, True]
        assert [each.reporter for each in await store.review_queue.reports("s", "", 9)] == ["bo", "cy"]
        assert [each.reporter for each in await store.review_queue.reports("s", "r0", 9)] == ["cy"]

    engine.use(work)


def react(user, emoji="👍", target="", given=True):
    return Reaction("s", target, emoji, user, given)


def test_a_reaction_counts_once_and_can_be_taken_back(engine):
    async def work(store):
        comment = draft()
        await store.log.append([comment])
        await store.reactions.store([react("bo"), react("bo"), react("cy"), react("bo", "🔥", comment.id)])
        await store.reactions.store([react("bo"), react("cy", given=False), react("di", given=False)])
        assert await store.reactions.counts("s", ["", comment.id]) == {"": {"👍": 1}, comment.id: {"🔥": 1}}
        assert (await store.history.comment("s", comment.id)).data["reactions"] == {"🔥": 1}

    engine.use(work)


def test_reactions_to_what_does_not_exist_are_not_stored(engine):
    async def work(store):
        nothing = "00000000-0000-7000-8000-ffffffffffff"
        await store.reactions.store([react("bo", target=nothing), Reaction("none", "", "👍", "bo", True)])
        assert await store.reactions.counts("s", [nothing]) == {}

    engine.use(work)


def test_processes_that_count_at_once_lose_no_reaction(engine):
    async def work(store):
        other = await engine.open()
        users = [f"u{number}" for number in range(60)]
        halves = ((store, users[:40]), (other, users[20:]))
        await asyncio.gather(*(each.reactions.store([react(user) for user in some]) for each, some in halves))
        await other.log.close()
        assert await store.reactions.counts("s", [""]) == {"": {"👍": 60}}

    engine.use(work)
