"""The moderation step as the settings have it: the rules alone, or a scorer behind them."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from reference_impl.adapters.http_scorer import HttpScorer
from reference_impl.catalog import Catalog
from reference_impl.config import Settings
from reference_impl.corrections import Corrections
from reference_impl.group_commit import Commits
from reference_impl.guard import Guard, GuardConfig
from reference_impl.moderation.rules import RulesLayer
from reference_impl.moderation.scoring import Scoring, ScoringConfig
from reference_impl.moderation.verdict import Moderation, Pipeline
from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.repetition import RepetitionConfig
from reference_impl.scored import Scored
from reference_impl.storage import Storage


@dataclass(frozen=True, slots=True)
class Moderating:
    step: Moderation
    guards: Sequence[Guard] = ()


@asynccontextmanager
async def moderating(
    settings: Settings, commits: Commits, catalog: Catalog, storage: Storage, new_id: Callable[[], str]
) -> AsyncIterator[Moderating]:
    """The step for as long as the block lasts."""
    rules, clock = Pipeline([RulesLayer(RepetitionConfig(window_s=settings.rate_period_s))]), time.monotonic
    if not settings.scorer:
        yield Moderating(rules)
        return
    config = ScoringConfig(
        waits=settings.scorer_waits, timeout_s=settings.scorer_timeout_ms / 1000, fallback=settings.scorer_fallback
    )
    of_guard = GuardConfig(deadline_s=config.timeout_s, breaker=BreakerConfig(slow_s=config.timeout_s))
    guard = Guard("scorer", of_guard, clock, Random())
    scorer = HttpScorer(settings.scorer)
    corrections = Corrections(commits, catalog, storage.review_queue, clock, time.time, new_id)
    scored = Scored(rules, scorer, Scoring(config), guard, corrections.apply, clock)
    try:
        yield Moderating(scored, (guard,))
    finally:
        await scored.close()
        scorer.close()
