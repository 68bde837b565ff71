"""What a catalog looks up again after an event, and what not: counted at the store."""

import asyncio
from dataclasses import replace

import pytest

from reference_impl.catalog import ViewerCatalog
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.streams import State, Stream, StreamSettings
from simulation.virtual_time import run

STREAM = Stream(
    name="match", title="match", owner="", state=State.OPEN, settings=StreamSettings(), opened_at_ms=0, pinned="first"
)


class Store:
    """A stream with a pinned comment."""

    def __init__(self):
        self.asked = []

    async def stream(self, name):
        self.asked.append("stream")
        return STREAM

    async def bans(self, name):
        self.asked.append("bans")
        return {}

    async def pinned(self, name):
        self.asked.append("pinned")
        return


def event(kind, target=None):
    return Event(stream="match", epoch=1, seq=1, kind=kind, id="e", at_ms=0, data={}, target=target)


def after(*events):
    """What is looked up for a post and for who joins after these events, and the stream as it is known then."""

    async def main():
        clock, store = asyncio.get_running_loop().time, Store()
        catalog = ViewerCatalog(store, clock, clock)

        async def ask():
            stream = await catalog.stream("match")
            await catalog._bans.get("match")
            await catalog.pinned(stream)
            return stream

        await ask()
        store.asked.clear()
        for each in events:
            catalog.changed(each)
        return await ask(), store.asked

    return run(main())


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (EventKind.COMMENT, []),
        (EventKind.EDIT, ["pinned"]),
        (EventKind.DELETE, ["pinned"]),
        (EventKind.PIN, ["pinned"]),
        (EventKind.SETTINGS, ["stream"]),
        (EventKind.STATE, ["stream"]),
        (EventKind.BAN, ["bans"]),
        (EventKind.UNBAN, ["bans"]),
    ],
)
def test_an_event_has_looked_up_what_it_has_changed_and_nothing_else(kind, asked):
    assert after(event(kind, "another"))[1] == asked


@pytest.mark.parametrize(
    ("events", "pinned"),
    [
        ([event(EventKind.PIN, "second")], "second"),
        ([event(EventKind.UNPIN)], None),
        ([event(EventKind.DELETE, "first")], None),
        ([event(EventKind.DELETE, "second")], "first"),
        ([event(EventKind.EDIT, "first")], "first"),
        ([event(EventKind.PIN, "second"), event(EventKind.DELETE, "second")], None),
    ],
)
def test_what_is_pinned_is_known_without_asking(events, pinned):
    assert after(*events)[0] == replace(STREAM, pinned=pinned)
