"""The event loop under signals: stopped, continued and killed, with a core to share and without one."""

import pytest
import simpy

from simulation.model.core import Core
from simulation.model.event_loop import EventLoop, Steps
from tests.simulation.test_core import at

Made = tuple[simpy.Environment, EventLoop, dict[str, float]]


@pytest.fixture(params=["alone", "on a core"])
def made(request: pytest.FixtureRequest) -> Made:
    env = simpy.Environment()
    core = Core(env) if request.param == "on a core" else None
    return env, EventLoop(env, core=core), {}


def send(made: Made, name: str, comes_s: float, cost_s: float) -> None:
    """A callback of two holds, the first half as long."""
    env, loop, ends = made

    def callback() -> Steps:
        yield env.timeout(comes_s)
        with loop.turn() as turn:
            yield turn
            yield from loop.hold(cost_s / 3)
            yield from loop.hold(cost_s * 2 / 3)
        ends[name] = env.now

    env.process(callback())


def test_what_is_stopped_goes_on_where_it_left_off_and_what_came_meanwhile_waits(made: Made) -> None:
    env, loop, ends = made
    send(made, "running", 0, 3)
    send(made, "came", 2.5, 1)
    at(env, 2, loop.stop)
    at(env, 5, loop.resume)
    env.run()
    assert ends == pytest.approx({"running": 6.0, "came": 7.0})
    assert loop.busy_s == pytest.approx(4)
    assert loop.active_at == pytest.approx(7)


def test_a_loop_may_be_stopped_many_times_also_while_it_makes_up_for_the_last(made: Made) -> None:
    env, loop, ends = made
    send(made, "a", 0, 3)
    for stops_s, lasts_s in ((0.5, 1), (2, 1), (4.6, 0.2), (5.0, 1.5), (5.5, 0.1)):
        at(env, stops_s, loop.stop)
        at(env, stops_s + lasts_s, loop.resume)
    env.run()
    assert ends == pytest.approx({"a": 3 + 1 + 1 + 0.2 + 0.6})  # the inner resume ends the last stop at 5.6


def test_a_callback_does_not_begin_on_a_stopped_idle_loop(made: Made) -> None:
    env, loop, ends = made
    loop.stop()
    send(made, "first", 1, 1)
    send(made, "second", 2, 1)
    at(env, 4, loop.resume)
    env.run()
    assert ends == pytest.approx({"first": 5.0, "second": 6.0})


def test_a_killed_loop_never_continues_what_ran_or_waited_and_begins_nothing(made: Made) -> None:
    env, loop, ends = made
    send(made, "over", 0, 1)
    send(made, "running", 1, 2)
    send(made, "waiting", 1.5, 1)
    send(made, "later", 3, 1)
    at(env, 2, loop.kill)
    at(env, 2.5, loop.resume)
    env.run()
    assert ends == pytest.approx({"over": 1.0})
    assert not loop.alive


def test_a_stopped_loop_may_be_killed_and_an_idle_one_too(made: Made) -> None:
    env, loop, ends = made
    send(made, "running", 0, 2)
    at(env, 1, loop.stop)
    at(env, 2, loop.kill)
    at(env, 3, loop.resume)
    env.run()
    idle = EventLoop(env)
    idle.kill()
    send((env, idle, ends), "later", 0, 1)
    env.run()
    assert not ends


def test_a_callback_whose_last_instant_is_that_of_the_kill_has_not_ended(made: Made) -> None:
    env, loop, ends = made
    at(env, 3, loop.kill)  # before the end, which is scheduled later for the same instant
    send(made, "running", 0, 3)
    env.run()
    assert not ends


def test_the_dead_leave_the_core_to_the_living() -> None:
    env = simpy.Environment()
    core, ends = Core(env), {}
    dying, living = EventLoop(env, core=core), EventLoop(env, core=core)
    send((env, dying, ends), "dying", 0, 3)
    send((env, living, ends), "living", 0, 3)
    at(env, 2, dying.kill)
    env.run()
    assert ends == pytest.approx({"living": 4.0})
    assert core.busy_s == pytest.approx(4)


def test_whoever_waits_no_longer_is_left_out(made: Made) -> None:
    env, loop, ends = made

    def patient(patience_s: float) -> Steps:
        yield env.timeout(0)
        with loop.turn() as turn:
            yield turn | env.timeout(patience_s)
            if turn.triggered:
                yield from loop.hold(1)
                ends[f"patient {patience_s}"] = env.now

    send(made, "first", 0, 3)
    env.process(patient(1))
    env.process(patient(5))
    send(made, "last", 0, 1)
    assert (env.run(until=0.5), loop.inside) == (None, 4)
    env.run(until=2)
    assert loop.inside == 3
    env.run()
    assert ends == pytest.approx({"first": 3.0, "patient 5": 4.0, "last": 5.0})
    assert loop.inside == 0


def test_as_many_callbacks_run_at_once_as_there_are_loops() -> None:
    env = simpy.Environment()
    made = env, EventLoop(env, loops=2), {}
    for name in "abc":
        send(made, name, 0, 3)
    at(env, 1, made[1].stop)
    at(env, 2, made[1].resume)
    env.run()
    assert made[2] == pytest.approx({"a": 4.0, "b": 4.0, "c": 7.0})
    with pytest.raises(ValueError, match="loops must be"):
        EventLoop(env, loops=0)
