"""How sure we can be of a number that comes from a handful of simulated replications.

Two numbers matter. The *mean over replications* with its 95 % interval says what to expect, luck aside.
The *paired difference* says how far one system is from another: both meet the same children with the same
luck in each replication, so the difference is taken inside each replication and the luck they share drops
out. That is why twenty replications are often enough (Law, Simulation Modeling and Analysis, 5th ed.,
sections 9.4.1 and 10.2.1).

An interval covers the luck of the simulation only; what the evidence leaves open it does not cover.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over replications.

    Attributes:
        mean: NaN if no replication has a value.
        sd: standard deviation between replications; NaN with fewer than two.
        n: replications that have a value.
        low, high: ends of the 95 % interval of the mean (Student's t); NaN with fewer than two.
    """

    mean: float
    sd: float
    n: int
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        """Whether nought lies in the interval. With no interval nothing is excluded."""
        return not (self.low > 0 or self.high < 0)


def estimate(values: np.ndarray) -> Estimate:
    """Mean of ``values`` (shape ``(n_replications,)``) with its interval; NaN values are left out and not
    counted."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    n = len(known)
    if n == 0:
        return Estimate(math.nan, math.nan, 0, math.nan, math.nan)
    mean = float(known.mean())
    if n == 1:
        return Estimate(mean, math.nan, 1, math.nan, math.nan)
    # identical values have no spread, whatever rounding leaves behind
    sd = 0.0 if (known == known[0]).all() else float(known.std(ddof=1))
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    return Estimate(mean, sd, n, mean - half, mean + half)


@dataclass(frozen=True)
class Estimates:
    """Many means over replications at once; the arrays are as those of :class:`Estimate`, each of shape (m,)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def estimates(values: np.ndarray) -> Estimates:
    """:func:`estimate` of each column of ``values`` (shape ``(n_replications, m)``)."""
    found = [estimate(column) for column in np.asarray(values, dtype=np.float64).T]
    mean, low, high = (np.array([getattr(e, name) for e in found]) for name in ("mean", "low", "high"))
    return Estimates(mean, low, high, np.array([e.n for e in found], dtype=np.int64))


def paired_difference(reference: np.ndarray, other: np.ndarray) -> Estimate:
    """Mean of ``other - reference`` within replications, with its interval.

    Args:
        reference, other: shape ``(n_replications,)``; the same position is the same luck. A replication
        in which
            either is NaN is left out.
    """
    return estimate(np.asarray(other, dtype=np.float64) - np.asarray(reference, dtype=np.float64))


def t_quantile(degrees_of_freedom: int) -> float:
    """Half width of the 95 % interval in standard errors: 2.09 for 20 replications, 1.96 for very many."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, 0.5 + CONFIDENCE / 2))
