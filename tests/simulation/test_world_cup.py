"""The final in small: which plan holds, books that balance, and the same figures for the same seed."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reference_impl.policy.display_budget import DisplayBudgetConfig
from simulation.docs.results import RESULTS
from simulation.experiments.running import document
from simulation.experiments.world_cup.bill import Prices, bill
from simulation.experiments.world_cup.crowd import rates_per_s
from simulation.experiments.world_cup.family import WorldCup
from simulation.experiments.world_cup.page import BARE, NARROW, UNSPREAD, Found, markdown, planned
from simulation.experiments.world_cup.plan import AS_PLANNED, OWN_REGION, VARIANTS, Plan, scaled
from simulation.replications import Streams

SHORT = {"seconds": 150.0, "goals_s": (20.0, 60.0), "cut_s": (100.0, 115.0)}
SMALL = {name: replace(scaled(plan, fewer=250, rooms=4), **SHORT) for name, plan in VARIANTS.items()}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    family = WorldCup(SMALL)
    return {name: family.simulate(name, 0, {}) for name in SMALL}


def test_every_book_balances(found: dict[str, Any]) -> None:
    assert {name: each.why_void for name, each in found.items()} == dict.fromkeys(SMALL, "")
    for each in found.values():
        books, posts = each.facts["books"], each.facts["posts"]
        assert books["delivered"] + books["shed"] + books["missed"] == pytest.approx(books["due"] + books["repeated"])
        assert sum(posts[name] for name in ("accepted", "limited", "crowded_out", "unsent")) == posts["offered"]


def test_what_was_planned_is_what_holds(found: dict[str, Any]) -> None:
    planned = found[AS_PLANNED].values
    assert planned["before_p99_ms"] < 1_000
    assert planned["lost_p99_ms"] < 1_000
    for worse in (OWN_REGION, "no jitter"):
        assert found[worse].values["gap_p50_s"] > 1.5 * planned["gap_p50_s"]
        assert found[worse].values["away"] > planned["away"]
    assert found["no display budget"].values["p50_ms"] > 5 * planned["p50_ms"]
    assert found["no display budget"].values["total_usd"] > 3 * planned["total_usd"]


def test_a_region_that_is_cut_off_sees_nothing_and_then_all_of_it(found: dict[str, Any]) -> None:
    phases = found[AS_PLANNED].facts["phases"]["region cut off"]
    assert phases["asia"]["p99_ms"] > 14_000
    assert phases["europe"]["p99_ms"] < 1_000
    assert phases["asia"]["shown_per_s"] == pytest.approx(phases["americas"]["shown_per_s"], rel=0.1)


def test_the_same_seed_gives_the_same_digest_and_another_repeat_another(found: dict[str, Any]) -> None:
    family = WorldCup(SMALL)
    again, other = (family.simulate(AS_PLANNED, repeat, {}) for repeat in (0, 1))
    assert again.facts["digest"] == found[AS_PLANNED].facts["digest"] != other.facts["digest"]


def test_the_goals_are_the_busiest_seconds() -> None:
    rates = rates_per_s(Plan(), Streams(1, "rates", 0))
    assert len(rates) == 300
    assert rates.max() == pytest.approx(50_000)
    assert 60 <= int(rates[:100].argmax()) <= 70
    assert 140 <= int(rates[100:].argmax()) + 100 <= 150


def test_spare_edges_are_as_many_as_hold_a_region_without_one_of_its_clusters() -> None:
    plan = Plan()
    for region in ("europe", "americas", "asia"):
        assert plan.edges_of(region) * 3 * plan.edge_viewers_max >= plan.viewers_of(region)
    assert replace(plan, spare=False).edges < 0.8 * plan.edges


def test_the_bill_is_cores_and_bytes_at_ones_own_prices() -> None:
    prices = Prices(core_hour_usd=1, egress_gb_usd=1, hours=1)
    asked = bill(Plan(), 1e9, prices)
    assert asked["egress_usd"] == 3_600
    assert asked["cores_usd"] == asked["edges"] + asked["api_processes"] + asked["partitions"]
    assert asked["total_usd"] == asked["egress_usd"] + asked["cores_usd"]


def test_the_match_is_drawn_and_answered(found: dict[str, Any], tmp_path: Path) -> None:
    family = WorldCup(SMALL)
    made = document(family, list(found.values()), {})
    family.plot(made, tmp_path / "cup.png")
    assert (tmp_path / "cup.png").read_bytes().startswith(b"\x89PNG")
    assert "no jitter" in made["answer"]


def test_it_says_that_no_machine_here_holds_it_live() -> None:
    command = [sys.executable, "-m", "simulation.cli", "run", "world_cup", "--engine", "both"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "cannot hold world_cup live" in done.stderr + done.stdout
    assert "--engine sim" in done.stderr + done.stdout


def test_a_small_final_is_as_busy_as_the_large_one() -> None:
    small, large = SMALL[AS_PLANNED], Plan()
    assert small.edges == pytest.approx(large.edges, rel=0.02)
    assert isinstance(small.budget, DisplayBudgetConfig)


@pytest.fixture(scope="module")
def committed() -> Any:
    return json.loads((RESULTS / "world_cup.json").read_text())


def test_what_the_page_says_beyond_its_figures_is_so(committed: Any) -> None:
    found = Found(committed)
    assert found.phase_s("first goal", "europe") < 1.1 * found.phase_s("before", "europe"), "a goal changes nothing"
    assert found.value("p99_ms", BARE) > 60_000, "without a budget it is lost"
    assert found.value("gap_p99_s", OWN_REGION) > found.value("gap_p99_s"), "spare edges and other regions help"
    assert found.value("away", UNSPREAD) > 0 == found.value("away"), "without jitter many are still outside"
    assert found.p99_ms("europe", NARROW).argmax() not in range(60, 160), "the hardest seconds are no goal's"
    bill = found.facts()["bill"]
    assert bill["egress_usd"] > 50 * bill["cores_usd"], "edges are the cheapest line of the bill"
    egress = found.series("egress_tbit_per_s")
    assert 240 <= int(egress.argmax()) < 250, "egress is for the catching up"


def test_the_page_has_the_figures_of_the_result(committed: Any) -> None:
    said = f"{planned(committed)} {markdown(committed)}"
    values = committed["observations"][0]["values"]
    assert f"{values['tries_peak_per_s']:,.0f} times" in said
    assert f"99 % after {values['gap_p99_s']:.0f} s" in said
    assert "10,000,000 viewers" in said
    doubled = json.loads(json.dumps(committed))
    doubled["observations"][0]["values"]["gap_p99_s"] *= 2
    assert markdown(doubled) != markdown(committed)
