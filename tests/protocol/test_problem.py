"""Problem details: one table of refusals, each with a stable address and a plain answer about certainty."""

import json
from http import HTTPStatus
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.protocol import problem
from reference_impl.protocol.problem import KINDS, Kind, Problem

kinds = st.sampled_from(KINDS)


def test_the_table_holds_every_kind_of_the_module_once() -> None:
    assert list(KINDS) == [value for value in vars(problem).values() if isinstance(value, Kind)]


def test_no_two_kinds_share_a_type_or_a_title() -> None:
    assert len({kind.type for kind in KINDS}) == len({kind.title for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_has_an_error_s_status_and_an_address_that_needs_no_quoting(kind: Kind) -> None:
    assert HTTPStatus(kind.status) >= 400
    assert kind.type == quote(f"/problems/{kind.name}")


def test_only_a_failure_of_the_server_or_its_log_leaves_the_outcome_open() -> None:
    assert {kind.name for kind in KINDS if not kind.definite} == {"internal", "log-unavailable"}


# Clients keep these in their code, so a change here breaks them.
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("invalid-request", 400),
        ("invalid-cursor", 400),
        ("not-found", 404),
        ("method-not-allowed", 405),
        ("idempotency-in-flight", 409),
        ("too-large", 413),
        ("invalid-text", 422),
        ("idempotency-key-reused", 422),
        ("rate-limited", 429),
        ("internal", 500),
        ("overloaded", 503),
        ("log-unavailable", 503),
    ],
)
def test_names_and_statuses_stay_what_clients_know(name: str, status: int) -> None:
    assert [kind.status for kind in KINDS if kind.name == name] == [status]


@given(kinds, st.text())
def test_a_problem_is_written_with_the_standard_s_members_and_nothing_to_wait_for(kind: Kind, detail: str) -> None:
    assert json.loads(json.dumps(Problem(kind, detail).as_dict())) == {
        "type": f"/problems/{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "definite": kind.definite,
    }


@given(kinds, st.floats(0, 3600))
def test_a_wait_is_written_to_the_millisecond(kind: Kind, retry_after_s: float) -> None:
    written = Problem(kind, "busy", retry_after_s).as_dict()
    assert written.pop("retry_after_s") == pytest.approx(retry_after_s, abs=0.0011)
    assert written == Problem(kind, "busy").as_dict()


@given(st.floats(0, 3600))
def test_who_waits_as_long_as_told_has_waited_long_enough(retry_after_s: float) -> None:
    told_s = Problem(problem.RATE_LIMITED, "busy", retry_after_s).as_dict()["retry_after_s"]
    assert told_s > retry_after_s - 1e-9  # finer than any clock


def test_a_wait_of_zero_is_still_a_wait() -> None:
    assert Problem(problem.OVERLOADED, "busy", 0.0).as_dict()["retry_after_s"] == 0


def test_a_raised_problem_carries_its_kind_its_detail_and_the_wait() -> None:
    with pytest.raises(Problem, match="11 comments in 30 s") as refusal:
        raise Problem(problem.RATE_LIMITED, "11 comments in 30 s", 2.5)
    assert (refusal.value.kind, refusal.value.retry_after_s) == (problem.RATE_LIMITED, 2.5)
    assert refusal.value.detail == str(refusal.value)
