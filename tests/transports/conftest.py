"""Servers that all tests here share, each test on a stream of its own; and one for each way of delivery."""

import pytest

from tests.server.conftest import EdgeProcess, ServerProcess, start_server, stream
from tests.transports.observing import CASES, Case
from tests.transports.raw_websocket import RawWebSocket

__all__ = ["start_server", "stream"]

OPTIONS = ("--rate-burst", "100000")


@pytest.fixture(scope="session")
def raw_server(tmp_path_factory):
    started = ServerProcess(tmp_path_factory.mktemp("raw") / "data", *OPTIONS)
    yield started
    started.end()


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory):
    started = ServerProcess(tmp_path_factory.mktemp("plain") / "data", *OPTIONS, "--delivery", "plain")
    yield started
    started.end()


@pytest.fixture(scope="session")
def edge_server(raw_server):
    """An edge of the server that the raw cases have; what it does not serve itself it passes on."""
    started = EdgeProcess(raw_server.data, "--api", raw_server.url)
    yield started
    started.end()


@pytest.fixture(params=CASES, ids="-".join)
def case(request):
    """A server, and a transport of it."""
    delivery, transport = request.param
    return Case(request.getfixturevalue(f"{delivery}_server"), transport)


@pytest.fixture
def connect(raw_server, stream):
    """Open raw WebSockets; all of them are closed afterwards."""
    opened = []

    def open_(**options):
        opened.append(RawWebSocket(raw_server.port, stream, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def socket(connect):
    """A raw WebSocket that was let in."""
    opened = connect()
    assert opened.status == 101
    return opened
