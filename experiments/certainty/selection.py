"""Which of several plans is best, with 95 % certainty, and with as little simulation as that takes.

The procedure KN (Kim and Nelson 2001, ACM Transactions on Modeling and Computer Simulation 11:251-273) simulates all
plans side by side and drops a plan as soon as it is clearly behind another. It ends with one plan, which is the best
with a probability of at least 95 % whenever the best is ahead of the second by the *smallest difference that matters*;
where two are closer than that, either may be chosen, since it does not matter. The plans may share their luck
(common random numbers): the more they do, the sooner it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.certainty.statistics import CONFIDENCE

#: ``draw(plans, first, count)``: values of the plans named in replications ``first`` to ``first + count - 1``, shape
#: ``(count, len(plans))``, larger is better; NaN where there is none.
Draw = Callable[[Sequence[int], int, int], np.ndarray]


@dataclass(frozen=True)
class Selected:
    """What KN found.

    Attributes:
        best: the plan chosen (its number), or the one ahead if nothing was decided.
        decided: whether it is the only one left.
        left: plans still in contention.
        dropped_after: for each plan the number of replications after which it was dropped; 0 if it was not.
        means: mean of each plan over its replications, shape ``(n_plans,)``.
        used: replications used, by plan, shape ``(n_plans,)``.
        left_out: replications without a value for some plan in contention; they count for none.
    """

    best: int
    decided: bool
    left: tuple[int, ...]
    dropped_after: tuple[int, ...]
    means: np.ndarray
    used: np.ndarray
    left_out: int


def kn(draw: Draw, n_plans: int, indifference: float, first: int, most: int, batch: int = 1) -> Selected:
    """The procedure KN with c = 1, without assuming that plans are independent.

    Args:
        draw: see :data:`Draw`.
        n_plans: at least 2.
        indifference: the smallest difference that matters, above 0.
        first: replications of the first stage, at least 2, from which the spread of the differences is taken.
        most: replications at the most.
        batch: replications drawn at a time after the first stage; decisions are taken after each single one, so it
            changes only how much may be simulated in vain.

    Raises:
        RuntimeError: fewer than two replications of the first stage have values for all plans.
    """
    values = draw(range(n_plans), 0, first)
    complete = np.isfinite(values).all(axis=1)
    left_out = int((~complete).sum())
    values = values[complete]
    r = n0 = len(values)
    if n0 < 2:
        raise RuntimeError(f"of {first} replications only {n0} have values for all plans: nothing to compare")
    alpha = 1 - CONFIDENCE
    eta = 0.5 * ((2 * alpha / (n_plans - 1)) ** (-2 / (n0 - 1)) - 1)
    h2 = 2 * eta * (n0 - 1)
    spread = (values[:, :, None] - values[:, None, :]).var(axis=0, ddof=1)
    sums, used = values.sum(axis=0), np.full(n_plans, n0)
    dropped = [0] * n_plans
    left = list(range(n_plans))
    made, waiting = first, np.empty((0, n_plans))
    while True:
        left = _keep(left, sums / used, spread, h2, indifference, r, dropped)
        if len(left) == 1:
            break
        if not len(waiting):
            if made >= most:
                break
            count = min(batch, most - made)
            waiting = np.full((count, n_plans), np.nan)
            waiting[:, left] = draw(left, made, count)
            made += count
        row, waiting = waiting[0], waiting[1:]
        if not np.isfinite(row[left]).all():
            left_out += 1
            continue
        sums[left] += row[left]
        used[left] += 1
        r += 1
    best = max(left, key=lambda i: sums[i] / used[i])
    return Selected(best, len(left) == 1, tuple(left), tuple(dropped), sums / used, used, left_out)


def _keep(
    left: list[int],
    means: np.ndarray,
    spread: np.ndarray,
    h2: float,
    delta: float,
    r: int,
    dropped: list[int],
) -> list[int]:
    """The plans that no other plan is clearly ahead of after ``r`` replications."""
    out = []
    for i in left:
        slack = (max(0.0, delta / (2 * r) * (h2 * spread[i, j] / delta**2 - r)) for j in left)
        if all(means[i] >= means[j] - w for j, w in zip(left, slack, strict=True) if j != i):
            out.append(i)
        else:
            dropped[i] = r
    return out  # never empty: the one with the largest mean is behind nobody
