"""The display benchmark, small: everybody accounts for everything, and its figures come out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from reference_impl.protocol.message import Message, Shedding, shown_of
from reference_impl.protocol.sse import sse_chunk
from simulation.bench.display import _gini
from simulation.bench.display_viewer import Viewer
from simulation.cli import app


def comment(seq):
    return Message("comment", json.dumps({"seq": seq, "text": "hello"}), f"1:{seq}", seq)


frames = st.lists(st.lists(st.booleans(), min_size=1, max_size=8), min_size=1, max_size=8)


def wire(stretches):
    """Frames as a server sends them, and the seqs that they show."""
    seq, sent, shown = 0, b"HTTP/1.1 200 OK\r\n\r\n", []
    for stretch in stretches:
        first, seq = seq + 1, seq + len(stretch)
        here = [first + place for place, kept in enumerate(stretch) if kept]
        sent += sse_chunk(shown_of(1, first, seq, [comment(each) for each in here], Shedding("budget", 200)))
        shown += here
    return sent, shown, seq


@given(frames, st.integers(1, 200))
def test_a_viewer_accounts_for_everything_however_the_bytes_are_cut(stretches, size):
    sent, shown, last = wire(stretches)
    heard = []
    viewer = Viewer(b"", 0, lambda viewer, piece: heard.extend(seq for seq, _, _ in piece.shown))
    for start in range(0, len(sent), size):
        viewer.data_received(sent[start : start + size])
    assert (viewer.wrong, viewer.position, heard) == (0, last, shown)


def test_a_viewer_notices_what_nobody_accounts_for():
    sent, _, _ = wire([[True], [False, True], [True]])
    missing = sse_chunk(shown_of(1, 2, 3, [comment(3)], Shedding("budget", 200)))
    viewer = Viewer(b"", 0, lambda viewer, piece: None)
    viewer.data_received(sent.replace(missing, b""))
    assert viewer.wrong == 1


def test_equal_chances_have_no_inequality_and_one_who_has_all_has_most():
    assert _gini([0.3, 0.3, 0.3]) == pytest.approx(0)
    assert _gini([0.0] * 99 + [1.0]) == pytest.approx(0.99)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_a_crowd_stays_within_its_budget_and_accounts_for_everything(tmp_path):
    file, picture = tmp_path / "run.json", tmp_path / "run.png"
    options = ["--viewers", "40", "--rate", "200", "--seconds", "6", "--json", str(file), "--plot", str(picture)]
    done = CliRunner().invoke(app, ["bench", "display", *options])
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    rows = json.loads(file.read_text())["rows"]
    assert [row["case"]["rooms"] for row in rows] == [False, True]
    for row in rows:
        assert row["posted"] == 1_200
        assert row["unaccounted"] == 0
        assert 0 < row["shown_per_s"] * 6 <= 20 * (6 + 4)  # bursts, and what waits when the clock stops
        assert row["bytes_per_s"] < row["everything_bytes_per_s"] / 4
        assert row["deletes"] > 0
