"""The experiment on backpressure: its model goes the right way, by seeds alone, and loses nothing; a small live run."""

import asyncio
import json
import pickle
from dataclasses import replace
from functools import cache

import pytest

from reference_impl.policy.backpressure import Ending
from simulation.engines import processes
from simulation.experiments.backpressure.family import Backpressure
from simulation.experiments.backpressure.kernel import kernel_buffers
from simulation.experiments.backpressure.plan import LONG, SIZE, Size, cases, readings
from simulation.experiments.backpressure.readers import Dechunker
from simulation.experiments.backpressure.sim import Modelled, simulate
from simulation.replications import Streams
from simulation.statistics import confidence_interval

COMMON = {
    "kernel_bytes": 120_000, "resume_bytes": 47_000, "refuse_s": 120e-6, "connect_s": 500e-6, "comment_bytes": 2_300.0,
    "api_s": [80e-6], "answer_s": 80e-6, "hop_s": [20e-6], "commit_s": [1e-3, 1.5e-3, 4e-3],
    "commit_work_s": 0.6e-3, "row_s": 24e-6, "row_sync_s": 9e-6, "cold_s": 50e-6, "cold_send_s": 8e-6, "comment_s": 0.0,
    "slack_s": 0.0007, "lag_s": 0.0005,
}  # fmt: skip
COSTS = {
    "readers": COMMON | {"ingress_s": [0.5e-3, 1e-3], "send_s": 8e-6},
    "authors": COMMON | {"ingress_s": [0.0], "send_s": 6e-6},
}
HALF = Size(slow_s=3.5, crowded_s=2.5)
FAMILY = Backpressure(HALF)
CROWDED = ("everybody_admitted", "authors_limited")
ENDINGS = [ending.value for ending in Ending]


@cache
def simulated(variant: str, repeat: int):
    family = Backpressure(Size(slow_s=1.4, crowded_s=1.0)) if variant in CROWDED else FAMILY
    return family.simulate(variant, repeat, COSTS).values


def differ(measure: str, more: str, less: str, repeats: int = 3) -> None:
    """With the same authors in both, one variant has more of it than the other, with confidence."""
    pairs = [[simulated(variant, repeat)[measure] for variant in (more, less)] for repeat in range(repeats)]
    found = confidence_interval([many - few for many, few in pairs], 0.99)
    assert found.mean - found.half_width > 0, (measure, more, less, found)


def test_each_ending_gives_slow_viewers_what_its_name_says() -> None:
    differ("slow_skipped_pct", "skip_to_head", "disconnect")
    differ("slow_skipped_pct", "drop_oldest", "disconnect")
    differ("reconnects", "disconnect", "drop_oldest")
    differ("queued_peak_kb", "drop_oldest", "disconnect")


def test_too_many_authors_are_felt_by_all_until_each_is_limited() -> None:
    differ("fast_p99_ms", "everybody_admitted", "authors_limited")
    differ("append_p99_ms", "everybody_admitted", "authors_limited")
    differ("accepted_per_s", "everybody_admitted", "authors_limited")
    differ("refused_per_s", "authors_limited", "everybody_admitted")


@pytest.mark.parametrize("variant", FAMILY.variants)
def test_whatever_is_accepted_reaches_everybody_or_is_named(variant: str) -> None:
    case = FAMILY.case(variant, 1)
    model = Modelled(case, COSTS[case.kind], Streams(1, "test", 1))
    model.run()
    assert len(model.published) + model.refused == case.posts
    fast, slow = model.edge.viewers[: case.viewers - case.slow], model.edge.viewers[case.viewers - case.slow :]
    assert {viewer.delivered for viewer in fast} == {len(model.published)}
    for viewer in slow:
        assert viewer.delivered + viewer.skipped == viewer.position <= len(model.published)
    assert not any(viewer.lost or viewer.duplicated for viewer in model.edge.viewers)


def test_those_who_keep_up_notice_no_ending() -> None:
    p99s_ms = [simulated(ending, 1)["fast_p99_ms"] for ending in ENDINGS]
    assert max(p99s_ms) < 1.1 * min(p99s_ms)


def test_a_run_of_the_model_is_one_of_its_seed_and_can_be_sent_to_another_process() -> None:
    family = pickle.loads(pickle.dumps(FAMILY))
    first, again = (each.simulate("disconnect", 3, COSTS) for each in (FAMILY, family))
    assert first.values == again.values
    assert first.values != FAMILY.simulate("disconnect", 4, COSTS).values
    assert set(first.values) == {measure.name for measure in FAMILY.measures}
    json.dumps(dict(first.values))


def test_the_variants_differ_in_what_they_are_about_alone() -> None:
    made = cases(7)
    assert len({replace(made[ending], ending="") for ending in ENDINGS}) == 1
    assert len({replace(made[name], rate=(1, 1.0)) for name in ("everybody_admitted", "authors_limited")}) == 1
    assert sum(reading.stalls != () for reading in readings(made["disconnect"])) == SIZE.viewers // 40
    assert len(LONG) + len("@@1234567 1234567890123456 ") <= 500


def test_a_body_in_pieces_is_the_body() -> None:
    framed = b"5\r\nhello\r\nb\r\n, everybody\r\n"
    for size in range(1, len(framed) + 1):
        chunks = Dechunker()
        pieces = [chunks.feed(framed[at : at + size]) for at in range(0, len(framed), size)]
        assert b"".join(pieces) == b"hello, everybody"


def test_kernels_hold_more_than_nothing_and_take_more_before_they_are_empty() -> None:
    found = kernel_buffers()
    assert 0 < found["resume_bytes"] < found["kernel_bytes"] < 2_000_000


def test_the_answer_names_figures_of_every_side() -> None:
    observed = [FAMILY.simulate(variant, 1, COSTS) for variant in FAMILY.variants]
    said = FAMILY.answer(observed)
    assert "skip to the head" in said
    assert "limit each author" in said


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_a_small_live_run_loses_nothing_under_any_variant() -> None:
    if processes.cores().load is None:
        pytest.skip("needs two cores: one for the server, one for the load")

    async def run():
        small = Backpressure(HALF)
        return [await small.live(variant, 0) for variant in small.variants]

    by_variant = {each.variant: each.values for each in asyncio.run(run())}
    for values in by_variant.values():
        assert set(values) == {measure.name for measure in FAMILY.measures}
        assert values["lost"] == values["doubled"] == 0
    assert by_variant["authors_limited"]["refused_per_s"] > 0 == by_variant["everybody_admitted"]["refused_per_s"]
    assert by_variant["skip_to_head"]["slow_skipped_pct"] > 0 == by_variant["disconnect"]["slow_skipped_pct"]
    assert by_variant["disconnect"]["reconnects"] > 0 == by_variant["drop_oldest"]["reconnects"]


def test_the_model_says_the_same_as_the_load_does() -> None:
    found = simulate(FAMILY.case("disconnect", 1), COSTS["readers"], Streams(1, "test", 1))
    assert {"accepted", "refused", "lost", "doubled", "queued_peak_bytes"} <= set(found)
