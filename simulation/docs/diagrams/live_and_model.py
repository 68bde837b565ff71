"""Every scenario that the model is judged by: what viewers had live, and what the model had said."""

from statistics import median

from simulation.comparing import scored
from simulation.docs import spoken
from simulation.docs.results import result
from simulation.docs.scatter import NEAR, Dot, Scatter

SCORED = [row for name in ("fidelity", "fidelity-again") for row in scored(dict(result(name)))]
NEAR_ONES = sum(abs(row.error("forecast")) <= NEAR - 1 for row in SCORED)
WORST = max(SCORED, key=lambda row: abs(row.error("forecast")))


DIAGRAM = Scatter(
    title="The model against the server",
    says=(
        f"{len(SCORED)} dots, one for each scenario that was held out, from its p99 measured live (across) and the "
        f"model's forecast of it (up), from milliseconds to seconds. {NEAR_ONES} of them are within "
        f"{100 * (NEAR - 1):.0f} % of each other and lie on the diagonal; the worst is off by "
        f"{spoken.signed(WORST.error('forecast'))}."
    ),
    across="measured at the real server",
    up="said by the model",
    least=5,
    most=7_000,
    ticks=((10, "10 ms"), (100, "100 ms"), (1_000, "1 s")),
    dots=[
        Dot(
            median(row.live), min(row.live), max(row.live), median(row.model["forecast"]),
            "the worst of them" if row is WORST else "",
        )
        for row in SCORED
    ],
    notes=(
        "How late is a comment for all",
        "but one in a hundred?",
        "",
        "A dot is a scenario that the",
        "model had never seen; its line",
        "is the range of the live runs.",
        "",
        f"{NEAR_ONES} of {len(SCORED)} lie in the band:",
        f"they differ by less than {100 * (NEAR - 1):.0f} %.",
    ),
)  # fmt: skip
