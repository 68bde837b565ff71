"""The model's own stations meet the closed forms of queueing theory, and the closed forms each other."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import simpy
from typer.testing import CliRunner

from simulation import theory
from simulation.cli import app
from simulation.docs.results import RESULTS
from simulation.laws import commands
from simulation.laws.checks import LAWS, REPLICATIONS, SEED, Check, Law, check, judge
from simulation.laws.observed import SERVICE_S, Draws, Load, Observed
from simulation.model.event_loop import EventLoop

COMMITTED = json.loads((RESULTS / "theory.json").read_text())


def checks_of(law: Law, replications: int = REPLICATIONS) -> list[Check]:
    return [done for some in check(law, replications) for done in some]


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_model_obeys_a_law(law: Law) -> None:
    """And does exactly what the committed result says it does: simulated time is the same on every machine."""
    checks = checks_of(law)
    assert [each for each in checks if not each.obeyed] == []
    committed = [Check(**row) for row in COMMITTED["checks"] if row["law"] == law.name]
    assert (COMMITTED["replications"], COMMITTED["seed"]) == (REPLICATIONS, SEED)
    for now, then in zip(checks, committed, strict=True):
        assert (now.quantity, now.mean) == (then.quantity, pytest.approx(then.mean))
        assert now.theory == pytest.approx(then.theory)


def test_at_least_a_dozen_laws_are_checked_and_all_are_in_the_committed_result() -> None:
    assert len(LAWS) >= 12
    assert [law.name for law in LAWS] == list(dict.fromkeys(row["law"] for row in COMMITTED["checks"]))


@pytest.mark.slow
def test_a_theory_that_is_a_little_wrong_is_not_obeyed() -> None:
    law = next(law for law in LAWS if law.name == "M/M/3")
    observed = [law.run(Draws(SEED, law.name, replication)) for replication in range(20)]
    for share in (0.97, 1.03):
        wrong = replace(law, expected={"mean sojourn": share * law.expected["mean sojourn"]})
        assert not judge(wrong, observed)[0].obeyed


def test_a_wide_interval_is_no_agreement() -> None:
    law = Law("wide", "none", lambda _: Observed({}), {"mean sojourn": 1.0})
    for spread, obeyed in ((0.005, True), (0.05, False)):
        observed = [Observed({"mean sojourn": 1 + spread * sign}) for sign in (-1, 1) * 10]
        assert judge(law, observed)[0].obeyed is obeyed


@pytest.mark.slow
def test_the_command_writes_what_it_found_and_does_not_let_a_wide_interval_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the law that takes the least time, with as many replications as it needs, and with half of them."""
    monkeypatch.setattr(commands, "LAWS", [law for law in LAWS if law.name == "M/M/4/4"])
    file = tmp_path / "theory.json"
    done = CliRunner().invoke(app, ["theory", "--json", str(file)])
    assert (done.exit_code, "20.611 %" in done.output) == (0, True), done.output
    assert done.output.startswith("theory: 1 of 1, M/M/4/4\n"), "a pipe, too, is told what is at work"
    row = next(row for row in COMMITTED["checks"] if row["law"] == "M/M/4/4")
    assert json.loads(file.read_text())["checks"][0] == pytest.approx(row)
    assert "too wide to tell" in CliRunner().invoke(app, ["theory", "--replications", "20"]).output


def test_costs_are_served_one_at_a_time_in_the_order_of_arrival() -> None:
    """Lindley's recursion, customer by customer: whoever comes waits until all before have gone."""
    env, load = simpy.Environment(), Load(Draws(SEED, "lindley", 0), 2_000, 0.8 / SERVICE_S)
    loop = EventLoop(env)
    sojourns_s = load.sojourns_s(env, lambda number: loop.run(load.services_s[number]))
    free_at_s = 0.0
    for arrived_s, service_s, sojourn_s in zip(np.cumsum(load.gaps_s), load.services_s, sojourns_s, strict=True):
        free_at_s = max(arrived_s, free_at_s) + service_s
        assert arrived_s + sojourn_s == pytest.approx(free_at_s, abs=1e-9)


def test_the_closed_forms_agree_where_they_describe_the_same_queue() -> None:
    assert theory.mg1_mean_s(30, 0.02, 0.02**2) == pytest.approx(theory.mm1_mean_s(30, 0.02))
    assert theory.mmc_mean_s(30, 0.02, 1) == pytest.approx(theory.mm1_mean_s(30, 0.02))
    assert theory.erlang_c(0.6, 1) == pytest.approx(0.6)
    assert theory.batch_md1_mean_s(30, 0.02, 1, 0) == pytest.approx(theory.md1_mean_s(30, 0.02))
    assert theory.priority_means_s([30], 0.02) == pytest.approx([theory.mm1_mean_s(30, 0.02)])
    assert theory.shared_mean_s(30, 0.02) == pytest.approx(theory.mm1_mean_s(30, 0.02))
    assert theory.mm1k_mean_s(30, 0.02, 200) == pytest.approx(theory.mm1_mean_s(30, 0.02))
    assert theory.mm1k_lost(30, 0.02, 1) == pytest.approx(theory.erlang_b(0.6, 1))


def test_whoever_has_no_patience_is_lost_and_whoever_has_all_of_it_never_goes() -> None:
    assert theory.gives_up(2, 1, 1e-12, 3) == pytest.approx(theory.erlang_b(2, 3))
    assert theory.gives_up(2, 1, 1e12, 3) == pytest.approx(0, abs=1e-9)
    assert theory.gives_up(10, 1, 1e3, 3) == pytest.approx(0.7, abs=1e-6), "overload must go somewhere"


def test_classes_share_out_what_one_queue_would_wait() -> None:
    first, second = theory.priority_means_s([10, 20], 0.02)
    assert first < second
    assert (10 * first + 20 * second) / 30 == pytest.approx(theory.mm1_mean_s(30, 0.02))


def test_the_tail_of_m_d_1_begins_with_those_who_do_not_wait() -> None:
    assert theory.md1_quantile_s(0.5, 1, 0.5) == pytest.approx(1)
    assert theory.md1_quantile_s(0.5, 1, 0.8) == pytest.approx(1 + 2 * math.log(1.6))


def test_the_closed_forms_have_the_values_of_hand_calculations() -> None:
    assert theory.mm1_mean_s(8, 0.1) == pytest.approx(0.5)
    assert theory.mm1_quantile_s(8, 0.1, 0.99) == pytest.approx(2.302585, abs=1e-6)
    assert theory.md1_mean_s(8, 0.1) == pytest.approx(0.3)
    assert theory.erlang_c(2, 3) == pytest.approx(4 / 9)
    assert theory.mmc_mean_s(2, 1, 3) == pytest.approx(1 + 4 / 9)
    assert theory.erlang_b(2, 3) == pytest.approx(4 / 19)
    assert theory.mm1k_lost(5, 0.2, 4) == pytest.approx(1 / 5)
    assert theory.mm1k_mean_s(5, 0.2, 4) == pytest.approx(2 / 4)
    assert theory.group_commit_mean_s(1, 1) == pytest.approx(5 / 3)
    assert theory.batch_md1_mean_s(0.25, 1, 2, 0) == pytest.approx(2.5)
    assert theory.tandem_mean_s(8, (0.1, 0.05)) == pytest.approx(0.5 + 1 / 12)
    assert theory.two_choices_mean_s(0.5, 1) == pytest.approx(1.265686, abs=1e-6)


def test_a_thousand_servers_do_not_overflow() -> None:
    assert 0 < theory.erlang_c(950, 1_000) < theory.erlang_c(990, 1_000) < 1


@pytest.mark.parametrize(("arrivals_per_s", "service_s", "servers"), [(10, 0.1, 1), (30, 0.1, 3), (0, 1, 1), (1, 1, 0)])
def test_a_queue_without_a_steady_state_is_refused(arrivals_per_s: float, service_s: float, servers: int) -> None:
    with pytest.raises(ValueError, match=r"no steady state|rates must"):
        theory.mmc_mean_s(arrivals_per_s, service_s, servers)


def test_shares_and_sizes_that_make_no_sense_are_refused() -> None:
    for quantile in (theory.mm1_quantile_s, theory.md1_quantile_s):
        with pytest.raises(ValueError, match="share must be"):
            quantile(1, 0.5, 1.0)
    with pytest.raises(ValueError, match="offered must be"):
        theory.erlang_b(0, 1)
