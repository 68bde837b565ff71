"""Exercise 01 sampler: which comments of a crowded window are shown, and how nobody is deceived about the rest.

A stream gets more comments than anybody can read. Its display budget allows so many in each window of 200 ms; what else
was posted is stored, counted, and not shown. Edges do not ask each other, and must show the same. A `Comment` has `seq`
(its place in the log), `id` (a UUIDv7, which begins with the time), `author`, and `priority`: that of the host, say.

- `choose(window, budget, seed)`: of the comments of a window, in the log's order, those that everybody is shown, in the
  same order. All of priority are shown, and they take nothing of the budget. `seed` is the stream's own.
- `shown_to(viewer, window, chosen)`: what this viewer is shown of it: besides what was chosen his own comments, or he
  would think that they were lost, and post again.
- `account(first, last, shown)`: what is told about the log's numbers `first` to `last` after those of `shown` (numbers,
  too): {"from": ..., "to": ..., "shown": how many, "dropped": how many}; None when all were shown.

The checks:

1. priority is always shown; of the others as many as the budget allows, in order;
2. every edge chooses the same, in a process of its own; one that is overloaded, and has a smaller budget, shows a part
   of what the others show;
3. every comment has the same chance, wherever in the window it came and whoever wrote it;
4. whoever wrote is shown his own;
5. the counts add up.
"""

from collections.abc import Sequence

from simulation.course.exercises.sampler import Comment


def choose(window: Sequence[Comment], budget: int, seed: str) -> list[Comment]:
    raise NotImplementedError


def shown_to(viewer: str, window: Sequence[Comment], chosen: Sequence[Comment]) -> list[Comment]:
    raise NotImplementedError


def account(first: int, last: int, shown: Sequence[int]) -> dict[str, int] | None:
    raise NotImplementedError
