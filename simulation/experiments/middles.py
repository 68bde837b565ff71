"""What an answer is made of: each measure's middle by variant, as tables have it, of live runs where there are some."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

from simulation.experiments.family import Measure, Observation

Figures = Mapping[str, Mapping[str, float]]
CLEAR = 0.1  # of the larger figure: one run tells of no noise, and on a shared machine less than that is noise


def of_one_engine(observations: Sequence[Observation]) -> list[Observation]:
    """Those that count and are live; the model's if there are none."""
    good = [each for each in observations if not each.why_void]
    return [each for each in good if each.engine == "live"] or good


def live_where_run(observations: Sequence[Observation]) -> list[Observation]:
    """Of each variant those that count and are live; the model's of one that has not run live."""
    good = [each for each in observations if not each.why_void]
    live = {each.variant for each in good if each.engine == "live"}
    return [each for each in good if each.engine == ("live" if each.variant in live else "sim")]


def middle(observations: Sequence[Observation], variant: str, measure: str) -> float:
    """Of one engine's runs of a variant: the median of live ones, the mean of the model's; NaN if none has it."""
    mine = [each for each in observations if each.variant == variant and measure in each.values]
    if not mine:
        return float("nan")
    of = median if mine[0].engine == "live" else fmean
    return float(of(each.values[measure] for each in mine))


def middles(
    observations: Sequence[Observation], measures: Sequence[Measure], variants: Iterable[str] = ()
) -> dict[str, dict[str, float]]:
    """By variant and measure; of ``variants`` also those that nothing was seen of."""
    told = dict.fromkeys([*variants, *(each.variant for each in observations)])
    return {
        variant: {measure.name: middle(observations, variant, measure.name) for measure in measures} for variant in told
    }


def shows(observations: Sequence[Observation], measure: str, less: str, more: str) -> bool:
    """Whether every run of one variant has less of a measure than every run of another, and clearly so.

    ``observations`` are of the engine that answers; nothing is shown by a variant that has not run.
    """
    low, high = (
        [each.values[measure] for each in observations if each.variant == variant and measure in each.values]
        for variant in (less, more)
    )
    return bool(low and high) and max(low) < min(high) and median(low) < (1 - CLEAR) * median(high)


def not_shown(
    observations: Sequence[Observation], measures: Sequence[Measure], claims: Iterable[tuple[str, str, str]]
) -> list[str]:
    """Sentences for below an answer: of its claims (measure, less, more), those that variants which ran do not show."""
    titles, ran = {each.name: each.title for each in measures}, {each.variant for each in observations}
    return [
        f"These runs do not show that `{less}` is below `{more}` by {titles[measure]}."
        for measure, less, more in claims
        if {less, more} <= ran and not shows(observations, measure, less, more)
    ]
