"""The checker itself: it finds what is planted, and nothing where all is well."""

from dataclasses import replace

import pytest

from simulation.chaos.record import Acknowledged, Record, Seen, Viewed, broken

HEAD = (7, 4)


def well() -> tuple[Record, list[dict]]:
    """Three comments, the second of which is deleted by the fourth event; one viewer who saw all of it."""
    told = [Acknowledged(f"c{seq}", f"comment {seq}", (7, seq), 0.0, 0.1, 1) for seq in (1, 2, 3)]
    seen = [Seen("comment", (7, seq), seq / 10, id=f"c{seq}") for seq in (1, 2, 3)]
    seen.append(Seen("delete", (7, 4), 0.5, id="c2"))
    history = [{"id": f"c{seq}", "seq": seq, "text": f"comment {seq}"} for seq in (1, 2, 3)]
    history[1] |= {"text": "", "deleted": True}
    return Record(told, {"c2"}, viewers=[Viewed("a", (7, 0), seen)]), history


def test_all_is_well():
    assert broken(*well(), HEAD) == []


def test_a_lost_comment_is_found():
    record, history = well()
    assert "c3 (7, 3) was acknowledged and is not stored" in broken(record, history[:2], HEAD)


def test_a_comment_that_is_stored_elsewhere_is_found():
    record, history = well()
    history[2]["seq"] = 9
    assert "c3 was acknowledged at (7, 3) and is at 9" in broken(record, history, HEAD)


def test_reactions_that_are_lost_or_doubled_are_found():
    record, history = well()
    record.reactions = {"c1": 2, "c2": 5, "c3": 0}  # c2 is deleted
    history[0]["reactions"], history[2]["reactions"] = {"x": 1, "y": 1}, {}
    assert broken(record, history, HEAD) == []
    history[0]["reactions"], history[2]["reactions"] = {"x": 1}, {"x": 1}
    assert broken(record, history, HEAD) == [
        "c1 has 1 reactions, and 2 were accepted",
        "c3 has 1 reactions, and 0 were accepted",
    ]


def test_a_doubled_comment_is_found():
    record, history = well()
    assert "'comment 3' is stored 2 times" in broken(record, [*history, history[2] | {"id": "c9", "seq": 5}], HEAD)


def test_a_deleted_comment_that_can_be_read_is_found():
    record, history = well()
    history[1].pop("deleted")
    assert "c2 was deleted and can be read" in broken(record, history, HEAD)


@pytest.mark.parametrize(
    ("order", "what"),
    [
        ([0, 2, 1, 3], "a: comment (7, 2) came after comment (7, 3)"),
        ([0, 1, 1, 2, 3], "a: comment (7, 2) came after comment (7, 2)"),
        ([0, 2, 3], "a: nothing was said of 2 to 2"),
        ([0, 1, 2], "a: saw nothing after (7, 3), and the head is (7, 4)"),
    ],
    ids=["reordered", "doubled", "silent gap", "behind"],
)
def test_what_a_viewer_saw_is_checked(order, what):
    record, history = well()
    viewer = record.viewers[0]
    viewer.seen = [viewer.seen[number] for number in order]
    assert what in broken(record, history, HEAD)


def test_a_gap_that_is_told_is_no_silent_one():
    record, history = well()
    viewer = record.viewers[0]
    viewer.seen[1:3] = [Seen("gap", (7, 3), 0.3, first=2, reason="slow")]
    assert broken(record, history, HEAD) == []


def test_a_gap_that_begins_too_late_leaves_some_unsaid():
    record, history = well()
    viewer = record.viewers[0]
    viewer.seen[1:3] = [Seen("gap", (7, 3), 0.3, first=3, reason="slow")]
    assert broken(record, history, HEAD) == ["a: nothing was said of 2 to 2"]


def test_a_deleted_comment_that_an_edit_brings_back_is_found():
    record, history = well()
    viewer = record.viewers[0]
    viewer.seen.append(Seen("edit", (7, 5), 0.6, id="c2"))
    assert broken(record, history, (7, 5)) == ["a: edit (7, 5) shows c2, which was deleted before"]
    viewer.seen[-1] = replace(viewer.seen[-1], deleted=True)
    assert broken(record, history, (7, 5)) == []


def test_a_viewer_that_stopped_following_is_found():
    record, history = well()
    record.viewers[0].ended = "Refused(403)"
    assert broken(record, history, HEAD) == ["a: stopped following: Refused(403)"]
