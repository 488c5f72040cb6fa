"""Which plan is ahead at one point, of which other, and how sure that is.

The one ahead has the largest mean worth over the replications in which every plan has a value. How far it is ahead of
another is a paired difference: both had the same children and the same luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.certainty.statistics import Estimate, estimate


@dataclass(frozen=True)
class Preferred:
    """The plan ahead (its number), the one next to it, and how far it is ahead of that."""

    plan: int
    next: int
    ahead: Estimate

    @property
    def clear(self) -> bool:
        """Whether the interval excludes no difference."""
        return self.ahead.n > 1 and not self.ahead.includes_zero


def complete(worths: np.ndarray) -> np.ndarray:
    """Only the replications in which every plan has a value; shape ``(n_plans, n)`` from ``(n_plans, n_replications)``."""
    known: np.ndarray = worths[:, np.isfinite(worths).all(axis=0)]
    return known


def preferred(worths: np.ndarray) -> Preferred | None:
    """The plan ahead; None if no replication has a value for every plan.

    Args:
        worths: larger is better, shape ``(n_plans, n_replications)``, at least two plans. Of plans that tie, the first
            is taken.
    """
    known = complete(worths)
    if not known.shape[1]:
        return None
    order = np.argsort(-known.mean(axis=1), kind="stable")
    first, second = int(order[0]), int(order[1])
    return Preferred(first, second, estimate(known[first] - known[second]))


def rival(worths: np.ndarray, plan: int) -> Preferred | None:
    """The best of the other plans, and how far it is ahead of ``plan`` (below nought: behind); None as above."""
    known = complete(worths)
    if not known.shape[1]:
        return None
    means = known.mean(axis=1)
    means[plan] = -np.inf
    other = int(means.argmax())
    return Preferred(other, plan, estimate(known[other] - known[plan]))
