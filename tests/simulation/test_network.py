"""Messages in simulated time: what a way takes, order, bandwidth, loss, and the end of a connection."""

from collections.abc import Sequence
from itertools import accumulate
from random import Random

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from simulation.link_faults import Fault, Impairment, LinkCut, RegionCut
from simulation.model.connection import ConnectionLost, TcpConfig
from simulation.model.event_loop import Steps
from simulation.model.network import Network
from simulation.model.topology import Topology
from simulation.topology import Network as Description
from tests.simulation.networks import API, EDGE, line, two_regions

UPLINK = {"source": "home", "target": "home/pop"}


class Run:
    """A network, and when each message came or was given up, in the order in which that happened."""

    def __init__(self, description: Description, tcp: TcpConfig | None = None, seed: int = 1) -> None:
        self.env = simpy.Environment()
        self.network = Network(self.env, Topology(description), lambda name: Random(f"{seed} {name}"), tcp)
        self.arrived: list[tuple[int, float]] = []
        self.lost: list[tuple[int, float, str]] = []

    def send(self, number: int, at_s: float, size_bytes: float = 0.0, source: str = API, target: str = EDGE) -> None:
        self.env.process(self._send(number, at_s, size_bytes, source, target))

    def _send(self, number: int, at_s: float, size_bytes: float, source: str, target: str) -> Steps:
        yield self.env.timeout(at_s)
        try:
            yield from self.network.send(source, target, size_bytes)
            self.arrived.append((number, self.env.now))
        except ConnectionLost as lost:
            self.lost.append((number, self.env.now, lost.reason))

    def fault(self, at_s: float, fault: Fault, duration_s: float) -> None:
        self.env.process(self._fault(at_s, fault, duration_s))

    def _fault(self, at_s: float, fault: Fault, duration_s: float) -> Steps:
        yield self.env.timeout(at_s)
        yield from self.network.during(fault, duration_s)

    def done(self) -> dict[int, float]:
        self.env.run()
        return dict(self.arrived)


def sent(run: Run, sizes_bytes: Sequence[float]) -> dict[int, float]:
    """All at once, in this order."""
    for number, size_bytes in enumerate(sizes_bytes):
        run.send(number, 0.0, size_bytes)
    return run.done()


def test_a_message_takes_the_delays_of_its_way_and_its_serialisation_on_each_limited_link() -> None:
    run = Run(two_regions(bandwidth_bytes_per_s=1000))
    run.send(0, 5.0, 100, target="us/nyc/1")
    assert run.done() == {0: pytest.approx(5 + 0.001 + (0.1 + 0.040) + 0.010 + 0.001)}


def test_a_message_to_oneself_is_there_at_once() -> None:
    run = Run(two_regions())
    run.send(0, 1.0, 100, source="us", target="us")
    assert run.done() == {0: 1.0}


def test_links_without_a_limit_cost_no_events() -> None:
    """A process begins, waits once, and ends; over one limited link it waits once more."""

    def events(run: Run) -> int:
        run.env.process(run.network.send("api", "us/nyc/1", 100))
        steps = 0
        while run.env.peek() < float("inf"):
            run.env.step()
            steps += 1
        return steps

    assert events(Run(two_regions())) == 3
    assert events(Run(two_regions(bandwidth_bytes_per_s=1000))) == 4


@given(st.lists(st.floats(1, 1e4), min_size=1, max_size=20))
def test_a_limited_link_serves_in_order_and_at_its_bandwidth(sizes_bytes: list[float]) -> None:
    arrived = sent(Run(line(bandwidth_bytes_per_s=1e5, delay_s=0.01)), sizes_bytes)
    expected = [0.01 + total / 1e5 for total in accumulate(sizes_bytes)]
    assert list(arrived) == list(range(len(sizes_bytes)))
    assert list(arrived.values()) == pytest.approx(expected)


def test_the_two_directions_of_a_link_do_not_wait_for_each_other() -> None:
    run = Run(line(bandwidth_bytes_per_s=1000))
    run.send(0, 0.0, 1000)
    run.send(1, 0.0, 1000, source=EDGE, target=API)
    assert run.done() == {0: pytest.approx(1.0), 1: pytest.approx(1.0)}


def test_a_link_is_kept_for_nobody_who_is_still_on_the_way() -> None:
    """The message from asia was sent first and reaches the uplink in us 60 ms later; the other one passes before it."""
    uplink = {"source": "us/nyc", "target": "us", "bandwidth_bytes_per_s": 1000}
    description = two_regions().model_dump()
    run = Run(Description.model_validate(description | {"links": [*description["links"], uplink]}))
    run.send(0, 0.000, 100, source="asia", target="us/nyc")
    run.send(1, 0.001, 50, source="us", target="us/nyc")
    assert run.done() == {1: pytest.approx(0.051), 0: pytest.approx(0.160)}


@given(
    st.lists(st.floats(0, 0.3), min_size=2, max_size=20),
    st.integers(0, 2**32),
    st.floats(0, 0.4),
    st.one_of(st.none(), st.floats(1e3, 1e6)),
)
def test_a_connection_keeps_the_order_and_nothing_comes_before_its_time(
    gaps_s: list[float], seed: int, loss: float, bandwidth: float | None
) -> None:
    quality = {"delay_s": 0.05, "jitter_s": 0.2, "loss": loss} | (
        {"bandwidth_bytes_per_s": bandwidth} if bandwidth else {}
    )
    run = Run(line(**quality), TcpConfig(tries_max=100), seed)
    times_s = list(accumulate(gaps_s))
    for number, at_s in enumerate(times_s):
        run.send(number, at_s, 100)
    arrived = run.done()
    assert list(arrived) == list(range(len(gaps_s)))
    assert all(arrived[number] >= at_s + 0.05 - 1e-9 for number, at_s in enumerate(times_s))


def test_other_connections_do_not_wait_for_a_lost_message() -> None:
    """The uplink swallows everything for 0.1 s; the next on the same connection waits, the other direction does not."""
    run = Run(line(delay_s=0.01))
    run.fault(0.0, Impairment(**UPLINK, loss=1), 0.1)
    run.send(0, 0.05)
    run.send(1, 0.15)
    run.send(2, 0.15, source=EDGE, target=API)
    again_s = 0.05 + (0.2 + 2 * 0.01) + 0.01
    assert run.done() == {2: pytest.approx(0.16), 0: pytest.approx(again_s), 1: pytest.approx(again_s)}
    assert run.network.sent_again == 1


def test_a_lone_message_comes_within_the_jitter() -> None:
    run = Run(line(delay_s=0.1, jitter_s=0.05))
    for number in range(200):
        run.send(number, number * 10.0)
    lags_s = [at_s - number * 10.0 for number, at_s in run.done().items()]
    assert 0.1 <= min(lags_s) < 0.102
    assert 0.148 < max(lags_s) <= 0.15


def test_the_waits_between_tries_double_until_the_link_carries_again() -> None:
    """Tries at 0, 0.22, 0.66, and 1.54, when the fault is over."""
    run = Run(line(delay_s=0.01))
    run.fault(0.0, Impairment(**UPLINK, loss=1), 1.0)
    run.send(0, 0.001)
    assert run.done() == {0: pytest.approx(0.001 + 0.22 * (1 + 2 + 4) + 0.01)}
    assert run.network.sent_again == 3


def test_as_many_are_sent_again_as_the_loss_says() -> None:
    run = Run(line(loss=0.2), seed=4)
    for number in range(4000):
        run.send(number, float(number))
    run.done()
    assert run.network.sent_again / 4000 == pytest.approx(0.2 / 0.8, abs=0.025)


@pytest.mark.parametrize(
    ("fault", "reason"), [(LinkCut(**UPLINK), "no way"), (Impairment(**UPLINK, loss=1), "loss")], ids=["cut", "loss"]
)
def test_a_connection_that_is_given_up_takes_all_behind_it_along_and_the_next_one_is_new(
    fault: Fault, reason: str
) -> None:
    run = Run(line(delay_s=0.01), TcpConfig(tries_max=3))
    run.fault(0.5, fault, 9.5)
    run.send(0, 0.0)
    run.send(1, 1.0)
    run.send(2, 2.0)
    run.send(3, 10.5)
    gone_s = pytest.approx(1.0 + 0.22 * (1 + 2 + 4))
    assert run.done() == {0: pytest.approx(0.01), 3: pytest.approx(10.51)}
    assert run.lost == [(1, gone_s, reason), (2, gone_s, reason)]
    assert run.network.connections_lost == 1


def test_an_interrupted_sender_breaks_its_connection_for_those_behind() -> None:
    run = Run(line(delay_s=0.5))
    sender = run.env.process(run.network.send(API, EDGE))
    run.send(1, 0.1)

    def interrupt() -> Steps:
        yield run.env.timeout(0.2)
        sender.interrupt()

    run.env.process(interrupt())
    with pytest.raises(simpy.Interrupt):
        run.env.run()
    assert run.done() == {}
    assert [(number, reason) for number, _, reason in run.lost] == [(1, "interrupted")]


def test_a_short_partition_is_a_delay_for_all_until_the_oldest_gets_through() -> None:
    """Message 5 tries at 1.1, and after 0.304, 0.912, 2.128, 4.56 and, at last, 9.424 s; the others do not try."""
    run = Run(two_regions())
    run.fault(1.0, RegionCut(region="us"), 8.0)
    for number in range(50):
        run.send(number, 0.1 + number * 0.2, target="us/nyc/1")
    arrived = run.done()
    assert list(arrived) == list(range(50))
    assert arrived[4] == pytest.approx(0.9 + 0.052)
    through_s = 1.1 + 9.424 + 0.052
    assert arrived[5] == pytest.approx(through_s)
    assert [arrived[number] for number in range(6, 45)] == pytest.approx([through_s + 0.104] * 39)
    assert run.network.connections_lost == 0


def test_what_is_under_way_on_a_link_that_is_cut_is_lost_and_goes_the_other_way() -> None:
    run = Run(two_regions())
    run.fault(0.02, LinkCut(source="eu", target="us"), 10.0)
    run.send(0, 0.0, source="eu", target="us")
    rto_s = 0.2 + 2 * 0.040  # by the way that it was sent on
    assert run.done() == {0: pytest.approx(rto_s + 0.150)}


def test_what_comes_to_a_limited_link_that_is_cut_meanwhile_is_lost() -> None:
    run = Run(two_regions(bandwidth_bytes_per_s=1000))
    run.fault(0.0005, LinkCut(source="eu", target="us"), 10.0)
    run.send(0, 0.0, 10, target="us")
    assert run.done() == {0: pytest.approx(0.2 + 2 * 0.041 + 0.151)}


def test_a_queue_that_is_too_long_drops_its_tail() -> None:
    """31 s of messages before it are too many; it is sent again when the queue is shorter."""
    run = Run(line(bandwidth_bytes_per_s=1000))
    arrived = sent(run, [31_000, 1000])
    assert arrived[1] == pytest.approx(32.0)
    assert run.network.sent_again > 0


def test_a_limit_for_a_while_slows_a_link_down_and_an_interrupt_ends_it_early() -> None:
    run = Run(line())
    fault = run.env.process(run.network.during(Impairment(**UPLINK, bandwidth_bytes_per_s=1000), 100.0))

    def interrupt() -> Steps:
        yield run.env.timeout(5.0)
        fault.interrupt()

    run.env.process(interrupt())
    run.send(0, 1.0, 500)
    run.send(1, 6.0, 500)
    with pytest.raises(simpy.Interrupt):
        run.env.run()
    assert run.done() == {0: pytest.approx(1.5), 1: pytest.approx(6.0)}


def test_a_seed_decides_and_the_traffic_of_other_links_does_not() -> None:
    def lags(seed: int, others: bool) -> list[float]:
        run = Run(two_regions(jitter_s=0.01, loss=0.1), seed=seed)
        for number in range(100):
            run.send(number, number * 2.0, source="eu", target="us")
            if others:
                run.send(1000 + number, number * 2.0 + 1, source="us", target="eu")
        arrived = run.done()
        return [arrived[number] for number in range(100)]

    assert lags(1, others=False) == lags(1, others=False) == lags(1, others=True)
    assert lags(1, others=False) != lags(2, others=False)


@pytest.mark.parametrize("wrong", [{"rto_min_s": 0.0}, {"tries_max": 0}, {"rto_min_s": 2.0, "rto_max_s": 1.0}])
def test_timeouts_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="need 0 < rto_min_s <= rto_max_s and tries_max >= 1, got"):
        TcpConfig(**wrong)
