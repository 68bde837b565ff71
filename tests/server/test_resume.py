"""A viewer that loses its connection again and again misses nothing, sees nothing twice, and keeps its order."""

import random
import threading
import time

import pytest

from tests.server.sse import Follower, seqs

DROPS = 100
COMMENTS = 1_200
SEED = 20_261_123


@pytest.mark.slow
@pytest.mark.parametrize("delivery", ["raw", "plain"])
def test_a_hundred_dropped_connections_lose_and_double_nothing(start_server, delivery):
    server = start_server("--delivery", delivery)
    position = server.request("GET", "/v1/streams/demo/comments")[1]["next_cursor"]
    posting = threading.Thread(target=_post_all, args=(server,))
    posting.start()
    rng = random.Random(SEED)
    drops = sorted(rng.sample(range(1, COMMENTS), DROPS))
    received: list[int] = []
    for stop in [*drops, COMMENTS]:
        follower = Follower(server.port, last_event_id=position)
        events = [event for event in follower.until(stop) if event.event == "comment"]
        follower.close()  # what else was on its way is lost with the connection
        received += seqs(events)
        position = events[-1].id if events else position
    posting.join()
    assert received == list(range(1, COMMENTS + 1)), f"seed {SEED}"


def _post_all(server):
    """Each until it is taken, under a key of its own: it is the viewer who is tested."""
    for number in range(COMMENTS):
        while server.post(str(number), key=f"k{number}")[0] != 201:
            time.sleep(0.1)
