"""Whoever was let in just before he was shut out does not stay, whenever the two meet."""

import asyncio

import pytest

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.hub import Hub
from reference_impl.ports import Published
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Parting
from reference_impl.stream_hub import HubConfig
from tests.edge.test_readers import Connection, reader
from tests.parity.hubs import SHOW_ALL, STREAM, MemoryLog


def event(seq, kind, **data):
    return Event(stream=STREAM, epoch=1, seq=seq, kind=kind, id=str(seq), at_ms=0, data=data)


async def show_all(stream):
    return SHOW_ALL


class Silent(Connection):
    """Takes whatever it is sent."""

    def deliver(self, frame):
        pass


def joined_after(events, identity, now_s=0.0):
    """Why a viewer is cut that joins when these events have been, if it is."""

    async def main():
        log = MemoryLog(len(events))
        loop = asyncio.get_running_loop()
        hub = Hub(MemoryLog(0), HubConfig(), loop.time, lambda: now_s, settings_of=show_all, broker=MemoryBroker(loop))
        first = Silent()
        await hub.join(STREAM, first, None, reader("first", 100.0, "*", "vip"))
        hub._log = log
        for each in events:
            hub.receive(Published(each, None))
        late = Silent()
        await hub.join(STREAM, late, None, identity)
        hub.close()
        return late.parting

    return asyncio.run(main())


BAN = event(1, EventKind.BAN, user="troll", until_ms=None)
STAYS = Parting.SHUTDOWN  # until the hub itself is closed


@pytest.mark.parametrize(
    ("events", "identity", "parting"),
    [
        ([BAN], reader("troll"), Parting.FORBIDDEN),
        ([BAN], reader("ada"), STAYS),
        ([BAN, event(2, EventKind.UNBAN, user="troll")], reader("troll"), STAYS),
        ([event(1, EventKind.BAN, user="troll", until_ms=-1)], reader("troll"), STAYS),
        ([event(1, EventKind.SETTINGS, visibility="private")], None, Parting.FORBIDDEN),
        ([event(1, EventKind.SETTINGS, visibility="private")], reader("ada"), STAYS),
        (
            [event(1, EventKind.SETTINGS, visibility="private"), event(2, EventKind.SETTINGS, visibility="public")],
            None,
            STAYS,
        ),
    ],
)
def test_what_stands_counts_for_those_who_join_late(events, identity, parting):
    late = joined_after(events, identity)
    assert late is parting
