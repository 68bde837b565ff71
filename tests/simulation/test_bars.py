"""What was promised of the model, held against documents whose figures are known."""

from simulation.bars import bars
from tests.simulation.test_comparing import document

GOOD = {"live": [100.0, 110.0, 120.0], "forecast": [109.0, 112.0, 113.0], "replay": [110.0, 110.0, 110.0]}
BAD = {"live": [10.0, 10.0, 10.0], "forecast": [5.0, 5.0, 5.0], "replay": [11.0, 11.0, 11.0]}


def kept(**p99s: dict[str, list[float]]) -> dict[str, bool]:
    return {bar.what: bar.met for bar in bars(document(**p99s))}


def test_a_model_that_is_near_enough_keeps_every_bar() -> None:
    found = kept(a_w20=GOOD, b_w20={engine: [2 * p99 for p99 in p99s] for engine, p99s in GOOD.items()})
    assert len(found) == 6
    assert all(found.values())


def test_one_that_is_not_breaks_them() -> None:
    found = kept(a_w20=BAD)
    assert not found["window: forecast p99"]
    assert not found["window: forecast p99, better than one live run"]
    assert not found["window: replay p99"]
    assert found["throughput, forecast"]


def test_between_060_and_085_it_is_enough_to_lie_within_the_live_runs() -> None:
    wide = {"live": [10.0, 20.0, 40.0], "forecast": [39.0, 39.0, 39.0], "replay": [20.0, 20.0, 20.0]}
    fields = document(a_w0=wide)
    for run in fields["runs"]:
        run["facts"]["server_busy"] = 0.7
    (bar,) = [bar for bar in bars(fields) if bar.what == "at once, 0.6 to 0.85: forecast p99"]
    assert bar.got > bar.allowed
    assert bar.met


def test_no_scenario_with_two_runs_that_count_has_no_bars() -> None:
    assert bars(document(a_w20={"live": [1.0], "forecast": [1.0], "replay": [1.0]})) == []
