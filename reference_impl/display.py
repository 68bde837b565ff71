"""What a stream's settings mean for what is shown of it: its budget, who is never shed, a sample from the log."""

from collections.abc import Iterable

from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.streams import Display, StreamSettings

MODE_PER_S = {Display.READABLE: 5.0, Display.CROWD: 20.0}


def budget_of(stream: str, settings: StreamSettings) -> DisplayBudgetConfig | None:
    """How much of a stream is shown; None is all of it."""
    if settings.display is Display.ALL:
        return None
    return DisplayBudgetConfig(per_s=settings.display_per_s or MODE_PER_S[settings.display], seed=stream)


def has_priority(event: Event) -> bool:
    """Everything but an ordinary viewer's comment is shown to everybody, whatever the budget and the room."""
    return event.kind is not EventKind.COMMENT or "role" in event.data


def candidate(event: Event) -> Candidate[Event]:
    return Candidate(event, event.seq, event.at_ms, event.id, has_priority(event))


def sample(events: Iterable[Event], config: DisplayBudgetConfig | None) -> list[Event]:
    """What is shown of a stretch of the log, by the same policy as on the live stream."""
    if config is None:
        return list(events)
    budget: DisplayBudget[Event] = DisplayBudget(config)
    shown = [each for event in events for each in budget.offer(candidate(event), 0.0)]
    return [each.item for each in (*shown, *budget.end())]
