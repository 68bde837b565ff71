"""Who the viewers are, and who is cut when."""

from reference_impl.auth.identity import Capability, Grant, Identity
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Frame, Parting
from reference_impl.readers import Readers


class Connection:
    """Remembers why it was closed."""

    def __init__(self) -> None:
        self.parting: Parting | None = None

    def deliver(self, frame: Frame) -> None:
        raise AssertionError(f"nothing is sent here, got {frame.messages}")

    async def drained(self) -> None:
        pass

    def ping(self) -> None:
        pass

    def close(self, parting: Parting) -> None:
        self.parting = self.parting or parting


def reader(user: str, expires_at: float = 100.0, stream: str = "*", *roles: str) -> Identity:
    grant = Grant(streams=frozenset({stream}), highest=Capability.READ, roles=frozenset(roles))
    return Identity(user=user, name=None, grants=(grant,), expires_at=expires_at)


def event(kind: EventKind, **data: str) -> Event:
    return Event(stream="match", epoch=1, seq=1, kind=kind, id="1", at_ms=0, data=data)


def test_each_is_cut_when_its_own_token_ends_and_a_later_token_counts() -> None:
    now = [0.0]
    readers = Readers(lambda: now[0])
    early, renewed, nobody, gone = (Connection() for _ in range(4))
    readers.enter(early, reader("a", 10))
    readers.enter(renewed, reader("b", 10))
    readers.enter(renewed, reader("b", 20))
    readers.enter(nobody, None)
    readers.enter(gone, reader("c", 10))
    readers.leave(gone)
    now[0] = 10.0
    readers.cut_expired()
    assert [each.parting for each in (early, renewed, nobody, gone)] == [Parting.TOKEN_EXPIRED, None, None, None]
    now[0] = 20.0
    readers.cut_expired()
    assert renewed.parting is Parting.TOKEN_EXPIRED


def test_a_token_sent_while_joining_is_later_than_the_one_that_came_with_the_request() -> None:
    readers = Readers(lambda: 10.0)
    viewer = Connection()
    readers.enter(viewer, reader("a", 20))
    readers.arrive(viewer, reader("a", 10))
    readers.cut_expired()
    assert viewer.parting is None


def test_a_crowd_that_comes_and_goes_is_not_kept_in_mind() -> None:
    readers = Readers(lambda: 0.0)
    for number in range(10_000):
        viewer = Connection()
        readers.enter(viewer, reader(f"user{number}", 3600.0))
        readers.leave(viewer)
    assert len(readers._expiries) <= 1_001


def test_a_ban_cuts_that_user_only() -> None:
    readers = Readers(lambda: 0.0)
    troll, ada, nobody = Connection(), Connection(), Connection()
    readers.enter(troll, reader("troll"))
    readers.enter(ada, reader("ada"))
    readers.heed(event(EventKind.BAN, user="troll"), [troll, ada, nobody])
    assert [each.parting for each in (troll, ada, nobody)] == [Parting.FORBIDDEN, None, None]


def test_a_stream_that_closes_itself_keeps_those_who_may_read_it() -> None:
    readers = Readers(lambda: 0.0)
    guest, member, vip, nobody = (Connection() for _ in range(4))
    readers.enter(guest, reader("guest", 100.0, "other"))
    readers.enter(member, reader("member"))
    readers.enter(vip, reader("vip", 100.0, "*", "vip"))
    everybody = [guest, member, vip, nobody]
    readers.heed(event(EventKind.SETTINGS, visibility="private"), everybody)
    assert [each.parting for each in everybody] == [Parting.FORBIDDEN, None, None, Parting.FORBIDDEN]
    readers.heed(event(EventKind.SETTINGS, visibility="vip"), [member, vip])
    assert [member.parting, vip.parting] == [Parting.FORBIDDEN, None]
