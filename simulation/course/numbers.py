"""Judges a number that an answer gives: right, or wrong in a way that has a name."""

import math
from collections.abc import Sequence
from numbers import Real

from simulation.course.exercise import Misconception

NEAR = 1e-6  # relative: whoever adds in another order is right too


def expect(
    asked: str,
    seen: object,
    right: float,
    ideas: Sequence[tuple[float, str]],
    *,
    near: float = NEAR,
    otherwise: str = "",
) -> None:
    """Misconception unless ``seen`` is ``right``; the idea behind it is the first whose value it is, or ``otherwise``.

    ``asked`` says what was asked for, as the beginning of a sentence. ``near`` is relative.
    """
    if isinstance(seen, Real) and is_near(float(seen), right, near):
        return
    said = f"{float(seen):,.6g}" if isinstance(seen, Real) else f"{seen!r}"
    found = [idea for value, idea in ideas if isinstance(seen, Real) and is_near(float(seen), value, near)]
    raise Misconception(
        f"{asked} is {right:,.6g}, and the answer is {said}. {found[0] if found else otherwise}".strip()
    )


def is_near(seen: float, value: float, near: float = NEAR) -> bool:
    return seen == value or math.isclose(seen, value, rel_tol=near)
