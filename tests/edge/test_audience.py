"""Budgets and rooms: whatever happens, each viewer can account for every event, and gets what is never shed."""

import asyncio
import json
from dataclasses import dataclass, field

from hypothesis import given, note, settings
from hypothesis import strategies as st

from reference_impl.auth.identity import Capability, Grant, Identity
from reference_impl.edge import Edge
from reference_impl.policy.rooms import RoomsConfig
from reference_impl.ports import Published
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind, author_data, comment_data
from reference_impl.protocol.message import Frame, Message
from reference_impl.protocol.streams import Display, StreamSettings
from reference_impl.stream_hub import HubConfig, StreamHub
from simulation.virtual_time import run

SMALL_ROOMS = RoomsConfig(split_at=7, merge_at=3)
MEMBERS = 24


@dataclass(eq=False)
class Witness:
    """A viewer that judges, as it is told of them, whether it can account for all events."""

    identity: Identity | None
    position: int = 0  # all up to here is accounted for
    shown: list[int] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    sheds: list[dict] = field(default_factory=list)
    _since: list[int] = field(default_factory=list)  # shown since the last frame's end, without a position yet

    def deliver(self, frame: Frame) -> None:
        for message in frame.messages:
            self._hear(message)

    def _hear(self, message: Message) -> None:
        data = json.loads(message.data)
        if message.event == "room":
            self.rooms.append(data["room"])
        elif message.event == "shed":
            assert data["from"] == self.position + 1
            assert data["shown"] == len(self._since)
            assert data["dropped"] == data["to"] - data["from"] + 1 - len(self._since) > 0
            assert all(data["from"] <= seq <= data["to"] for seq in self._since)
            self.sheds.append(data)
            self._go_to(data["to"])
        elif message.event != "gap":
            assert message.seq > max((self.position, *self._since))
            self.shown.append(message.seq)
            self._since.append(message.seq)
            if message.id:
                assert self._since == [self.position + 1]
                self._go_to(message.seq)

    def _go_to(self, seq: int) -> None:
        self.position, self._since = seq, []

    async def drained(self) -> None:
        pass

    def ping(self) -> None:
        pass

    def close(self, parting: object) -> None:
        pass


class Log:
    """The events so far."""

    epoch = 1

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def read(self, stream, *, first, last):
        return self.events[first - 1 : last]

    async def heads(self, streams):
        return dict.fromkeys(streams, len(self.events))


class Party:
    """A stream's hub with its log, under virtual time."""

    def __init__(self, display, rooms=False):
        self.log = Log()
        config, clock = HubConfig(rooms=SMALL_ROOMS), asyncio.get_running_loop().time
        wanted = StreamSettings(display=display, rooms=rooms)
        self.hub = StreamHub("match", 0, self.log, lambda: Edge(None), config, clock, wanted)

    def say(self, user, text="hello", kind=EventKind.COMMENT, **special):
        seq = len(self.log.events) + 1
        at_ms = round(asyncio.get_running_loop().time() * 1000)
        mentions = [word[1:] for word in text.split() if word.startswith("@")]
        data = comment_data(author_data(user, user), text, mentions, **special) if kind is EventKind.COMMENT else {}
        event = Event(stream="match", epoch=1, seq=seq, kind=kind, id=f"id{seq}", at_ms=at_ms, data=data)
        self.log.events.append(event)
        self.hub.receive(Published(event, None))
        return seq

    def set(self, **change):
        seq = len(self.log.events) + 1
        at_ms = round(asyncio.get_running_loop().time() * 1000)
        event = Event(
            stream="match", epoch=1, seq=seq, kind=EventKind.SETTINGS, id=f"id{seq}", at_ms=at_ms, data=change
        )
        self.log.events.append(event)
        self.hub.receive(Published(event, None))

    async def join(self, identity=None, cursor=None, room=None):
        witness = Witness(identity, cursor.seq if cursor else len(self.log.events))
        await self.hub.join(witness, cursor, identity, room)
        return witness

    async def settle(self):
        await asyncio.sleep(2)
        self.hub.account()
        self.hub.stop()


def member(user, capability=Capability.POST):
    grant = Grant(streams=frozenset({"*"}), highest=capability, roles=frozenset())
    return Identity(user=user, name=None, grants=(grant,), expires_at=1e9)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, MEMBERS), st.sampled_from(["hello", "@u1 hi", "hi @U2"])),
        st.tuples(st.just("host"), st.just(0), st.just("")),
        st.tuples(st.just("pin"), st.just(0), st.just("")),
        st.tuples(st.just("join"), st.integers(0, MEMBERS), st.sampled_from(["now", "behind"])),
        st.tuples(st.just("leave"), st.integers(0, MEMBERS), st.just("")),
        st.tuples(st.just("identify"), st.integers(0, MEMBERS), st.sampled_from(["post", "moderate"])),
        st.tuples(st.just("wait"), st.sampled_from([1, 30, 200, 1_000]), st.just("")),
        st.tuples(st.just("flood"), st.integers(5, 60), st.just("")),
        st.tuples(st.just("set"), st.booleans(), st.sampled_from(["all", "readable", "crowd"])),
        st.tuples(st.just("account"), st.just(0), st.just("")),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps, st.sampled_from(list(Display)), st.booleans())
def test_every_viewer_accounts_for_every_event_and_gets_what_is_never_shed(schedule, display, rooms):
    note(f"{schedule} {display} {rooms}")

    async def main():
        party = Party(display, rooms)
        present, never_shed = {}, []
        for what, number, how in schedule:
            if what == "say":
                party.say(f"u{number}", how)
            elif what == "flood":
                for each in range(number):
                    party.say(f"u{each % 5}")
            elif what == "host":
                never_shed.append(party.say("host", role="host"))
            elif what == "pin":
                never_shed.append(party.say("host", kind=EventKind.PIN))
            elif what == "join" and number not in present:
                behind = Cursor(1, max(0, len(party.log.events) - 20)) if how == "behind" else None
                present[number] = await party.join(member(f"u{number}") if number % 3 else None, behind)
                present[number].began = present[number].position
            elif what == "leave" and number in present:
                party.hub.audience.leave(present.pop(number))
            elif what == "identify" and number in present:
                party.hub.audience.identify(present[number], member(f"u{number}", Capability(how)))
            elif what == "wait":
                await asyncio.sleep(number / 1000)
            elif what == "set":
                party.set(display=how, rooms=number)
            elif what == "account":
                party.hub.account()
        await party.settle()
        assert len(party.hub.audience) == len(present)
        for number, witness in present.items():
            assert witness.position == len(party.log.events)
            assert {seq for seq in never_shed if seq > witness.began} <= set(witness.shown)
            if number % 3:
                mine = {event.seq for event in party.log.events if concerns(event, f"u{number}")}
                assert {seq for seq in mine if seq > witness.began} <= set(witness.shown)

    run(main())


def concerns(event, user):
    names = [event.data.get("author", {}).get("id", ""), *event.data.get("mentions", ())]
    return event.kind is EventKind.COMMENT and user in [name.casefold() for name in names]


def test_a_crowd_is_shown_its_budget_and_a_moderator_everything():
    async def main():
        party = Party(Display.CROWD)
        viewer, writer = await party.join(), await party.join(member("u7"))
        moderator = await party.join(member("mod", Capability.MODERATE))
        for number in range(10_000):
            party.say(f"u{number % 100}")
            await asyncio.sleep(0.001)
        await party.settle()
        return viewer, writer, moderator

    viewer, writer, moderator = run(main())
    assert 20 * 10 - 10 <= len(viewer.shown) <= 20 * 12
    assert set(range(8, 10_001, 100)) <= set(writer.shown)
    assert len(writer.shown) <= len(viewer.shown) + 100
    assert moderator.shown == list(range(1, 10_001))
    assert moderator.sheds == []
    assert {shed["reason"] for shed in viewer.sheds} == {"budget"}


def test_a_comment_is_shown_in_its_authors_room_and_a_hosts_in_all():
    async def main():
        party = Party(Display.ALL, rooms=True)
        viewers = {number: await party.join(member(f"u{number}")) for number in range(40)}
        said = {number: party.say(f"u{number}") for number in viewers}
        hosts = party.say("host", role="host")
        await party.settle()
        return viewers, said, hosts

    viewers, said, hosts = run(main())
    room = {number: viewer.rooms[-1] for number, viewer in viewers.items()}
    assert len(set(room.values())) > 3
    for viewer in viewers:
        wanted = [seq for author, seq in said.items() if room[author] == room[viewer]]
        assert viewers[viewer].shown == [*wanted, hosts]
        assert {shed["reason"] for shed in viewers[viewer].sheds} == {"room"}


def test_friends_who_name_a_room_see_what_is_written_in_it():
    async def main():
        party = Party(Display.ALL, rooms=True)
        for number in range(40):
            await party.join(member(f"u{number}"))
        friends = [await party.join(member(f"friend{number}"), room="kitchen") for number in range(3)]
        seq = party.say("friend0", room="kitchen")
        await party.settle()
        return friends, seq

    friends, seq = run(main())
    assert {friend.rooms[-1] for friend in friends} == {friends[0].rooms[-1]}
    assert all(seq in friend.shown for friend in friends)


def test_who_comes_back_is_shown_the_sample_that_everybody_saw():
    async def main():
        party = Party(Display.CROWD)
        stayed = await party.join()
        for number in range(4_000):
            party.say(f"u{number % 100}")
            await asyncio.sleep(0.002)
        back = await party.join(cursor=Cursor(1, 1_000))
        await party.settle()
        return stayed, back

    stayed, back = run(main())
    assert back.shown == [seq for seq in stayed.shown if seq > 1_000]
    assert back.position == stayed.position == 4_000
