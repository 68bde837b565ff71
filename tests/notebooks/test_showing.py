"""What notebooks say, draw and predict with."""

import base64
import io
import math

import pytest
from PIL import Image

from simulation.notebooks.charts import band, log_scale
from simulation.notebooks.modelling import model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import finding, number, paper, pictured, png, table


def drawn(text="The finding"):
    figure, (axis,) = paper()
    axis.plot([1, 2], [1, 2])
    finding(axis, text)
    return figure


def test_a_figure_is_a_small_picture_and_the_same_every_time():
    assert png(drawn()) == png(drawn())
    with Image.open(io.BytesIO(png(drawn()))) as image:
        assert image.mode == "P"
        assert len(png(drawn())) < 30_000


def test_a_figure_says_its_finding_where_it_is_not_seen():
    data, metadata = pictured(
        drawn("A finding that is so long that it needs two lines, which are one where they are read aloud")
    )
    assert data["text/plain"].startswith("Figure: A finding that is so long")
    assert "\n" not in metadata["image/png"]["alt"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_in_plain_python_text_is_printed(capsys):
    table(("", "ms"), [("fast", 1)])
    assert "| fast | 1 |" in capsys.readouterr().out


def test_a_figure_with_sliders_is_a_figure_where_nothing_runs(capsys):
    play(lambda speed: drawn(f"At {speed}"), speed=Slider((1, 2, 4), 2, "m/s"))
    said = capsys.readouterr().out
    assert "speed from 1 m/s to 4 m/s, here 2 m/s" in said
    assert "Figure: At 2" in said


def test_a_slider_is_named_with_its_unit_once(capsys):
    play(
        lambda **_: drawn(),
        comments_per_s=Slider((1, 2), 1),
        cap_s=Slider((1, 2), 1, "s"),
        room_viewers=Slider((3,), 3),
    )
    said = capsys.readouterr().out
    assert "comments/s from 1 to 2, here 1; cap from 1 s to 2 s, here 1 s; room viewers from 3 to 3, here 3" in said


@pytest.mark.parametrize(("value", "said"), [(10_000_000.0, "10,000,000"), (0.5, "0.5"), (3, "3")])
def test_a_number_is_written_out(value, said):
    assert number(value) == said


def test_a_slider_stands_at_one_of_its_values():
    with pytest.raises(ValueError, match="start must be one of"):
        Slider((1, 2), 3)


@pytest.mark.parametrize(
    ("guess", "outcome", "said"),
    [
        (None, 10.0, "You wrote no guess. It is **10 ms**"),
        (100, 10.0, "You said 100: 10 times too high. It is **10 ms**"),
        (5, 10.0, "2 times too low"),
        (9, 10.0, "near enough"),
        (0, 10.0, "You said 0."),
        ("left", "left", "You said left: right. It is **left**"),
        ("left", "right", "You said left: no. It is **right**"),
    ],
)
def test_a_prediction_is_held_against_what_came_out(guess, outcome, said, capsys):
    predict("How much?", guess, unit="ms" if not isinstance(outcome, str) else "").meets(outcome)
    assert said in capsys.readouterr().out


def test_a_guess_must_be_one_of_the_choices():
    with pytest.raises(ValueError, match="choose one of left, right"):
        predict("Where?", "up", choices=("left", "right"))


def test_a_band_is_the_interval_of_the_mean_and_on_a_log_scale_of_the_geometric_one():
    low, middle, high = band([1.0, 3.0], logarithmic=False)
    assert middle == 2.0
    assert high - middle == pytest.approx(middle - low)
    low, middle, high = band([1.0, 4.0], logarithmic=True)
    assert middle == pytest.approx(2.0)
    assert math.log(high / middle) == pytest.approx(math.log(middle / low))
    assert low > 0


def test_figures_on_a_log_scale_are_written_out():
    figure, (axis,) = paper()
    log_scale(axis, "y", (1, 1_000))
    axis.set_ylim(1, 1_000)
    figure.draw_without_rendering()
    assert [each.get_text() for each in axis.get_yticklabels()] == ["1", "1,000"]


@pytest.fixture(scope="module")
def failover():
    return model("failover", ("edge", "edge-no-jitter"), 3)


def test_the_model_gives_the_reports_own_replications(failover):
    from simulation.docs.results import result

    theirs = [row for row in result("failover")["observations"] if (row["variant"], row["engine"]) == ("edge", "sim")]
    assert failover.values("edge", "peak_joins") == [row["values"]["peak_joins"] for row in theirs[:3]]
    assert failover.mean("edge-no-jitter", "peak_joins") > failover.mean("edge", "peak_joins")


def test_what_was_not_run_is_missed_by_name(failover):
    with pytest.raises(KeyError, match="failover has no run of broker"):
        failover.values("broker", "gap_s")


def test_the_model_stands_beside_the_live_runs_and_their_noise(failover, capsys):
    failover.beside_live(("edge",), ("peak_joins",))
    head, _, row = capsys.readouterr().out.strip().splitlines()
    assert "noise of live runs" in head
    assert "±" in row
    assert row.rstrip(" |").endswith("%")


def test_another_size_is_another_question():
    small, large = (model("fan_out", ("write-20ms",), 2, viewers=viewers) for viewers in (100, 1_000))
    assert small.mean("write-20ms", "p99_ms") < large.mean("write-20ms", "p99_ms")
