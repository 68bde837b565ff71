"""What may be asked of a sweep, what is refused, and the points that come of it."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.experiments.hot_partition.family import HotPartition
from simulation.sweeping.grid import POINTS_MAX, Axis, SweepError, axes, points
from tests.simulation.swept import Lived


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("viewers=100,1000", (100, 1000)),
        ("viewers=1e3,5e2", (1000, 500)),
        ("viewers=100..10000x10", (100, 1000, 10_000)),
        ("viewers=100..1000x3", (100, 300, 900)),
        ("viewers=7..7x2", (7,)),
        ("per_s=0.5,2", (0.5, 2.0)),
        ("per_s=1..8x2", (1.0, 2.0, 4.0, 8.0)),
    ],
)
def test_values_are_listed_or_a_range(option: str, values: tuple[float, ...]) -> None:
    (axis,) = axes(Lived(), [option])
    assert axis.values == pytest.approx(values)
    assert all(type(value) is (int if axis.name == "viewers" else float) for value in axis.values)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["viewers"], "NAME=VALUE,… or NAME=FROM..TOxFACTOR is allowed"),
        (["viewers="], "got 'viewers='"),
        (["users=3"], r"lived has no 'users'. What may be swept, with its own value: viewers \(10\), per_s \(2\)"),
        (["seed=3"], "has no 'seed'"),
        (["viewers=1.5"], "whole numbers above 0 are allowed, got '1.5'"),
        (["viewers=many"], "got 'many'"),
        (["per_s=0"], "numbers above 0 are allowed, got '0'"),
        (["per_s=inf"], "got 'inf'"),
        (["viewers=10,20,10"], "10 is there twice"),
        (["viewers=10", "viewers=20"], "viewers is swept twice"),
        (["viewers=20..10x2"], r"FROM <= TO and FACTOR > 1 are allowed, got 20..10x2"),
        (["viewers=1..10x1"], "FACTOR > 1"),
        (["per_s=1..1e9x1.001"], "at most 1,000 values are allowed"),
        (
            [f"viewers={','.join(map(str, range(1, 41)))}", f"per_s={','.join(map(str, range(1, 41)))}"],
            "these are 1,600",
        ),
    ],
)
def test_what_cannot_be_swept_is_told_with_what_can(options: list[str], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        axes(Lived(), options)


def test_several_axes_are_a_grid() -> None:
    assert points([Axis("viewers", (1, 2)), Axis("per_s", (3.0, 4.0))]) == [
        {"viewers": 1, "per_s": 3.0}, {"viewers": 1, "per_s": 4.0}, {"viewers": 2, "per_s": 3.0},
        {"viewers": 2, "per_s": 4.0},
    ]  # fmt: skip
    assert POINTS_MAX >= 1_000


@pytest.mark.parametrize(
    ("values", "geometric"),
    [((100, 1000, 10_000), True), ((100, 300, 1000), True), ((4, 2, 1), True), ((1, 2, 3), False), ((1, 100), False)],
)
def test_values_that_multiply_are_drawn_on_a_logarithmic_axis(values: tuple[int, ...], geometric: bool) -> None:
    assert Axis("viewers", values).geometric is geometric


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["quick", "--sweep", "viewers=10"], "--sweep is for an experiment (fan_out,"),
        (["fan_out", "--dask", "local"], "--dask is for a sweep"),
        (["fan_out", "--sweep", "users=10"], "viewers (300), rate_per_s (50), seconds (4)"),
        (["hot_partition", "--sweep", "viral_share=1.5"], "viral_share must be above 0 and below 1, got 1.5"),
        (["fan_out", *(option for name in ("viewers", "rate_per_s")
                       for option in ("--sweep", f"{name}={','.join(map(str, range(1, 31)))}")),
          "--plot", "all.png"], "at most 60 panels are drawn, and this sweep has 90"),
    ],
)  # fmt: skip
def test_a_sweep_that_cannot_be_is_refused_by_the_command_line(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["run", *arguments])
    assert done.exit_code == 1
    assert told in done.output.replace("\n", " ")


def test_a_size_is_read_and_changed_by_name() -> None:
    family = HotPartition()
    assert "seed" not in family.sizes
    assert "strategy" not in family.sizes
    assert family.sized({"viral_share": 0.9}).case("by_stream", 3) == replace(
        family.case("by_stream", 3), viral_share=0.9
    )
