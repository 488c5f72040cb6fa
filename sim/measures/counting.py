"""Counting and dividing: the few statistics all measures are made of.

A share of nobody is NaN. Waits are whole days, so medians, percentiles and survival curves are worked out
from the number of needs at each day: exact, and fast for millions of needs.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
Number = float | np.integer


def divide(part: Number, whole: Number) -> float:
    """``part / whole``; NaN when there is no whole."""
    return float(part) / float(whole) if whole > 0 else math.nan


def share(hit: Bools, among: Bools) -> float:
    """Share of ``among`` that also ``hit``; both shape (n,)."""
    return divide(np.count_nonzero(hit & among), np.count_nonzero(among))


def count_by(mask: Bools, group: Ints, n: int) -> Floats:
    """How many of ``mask`` are in each group 0..n-1; shape (n,)."""
    return np.bincount(group[mask], minlength=n).astype(np.float64)


def sum_by(value: npt.NDArray[np.number], mask: Bools, group: Ints, n: int) -> Floats:
    """Sum of ``value`` over ``mask`` in each group 0..n-1; shape (n,)."""
    return np.bincount(group[mask], weights=value[mask], minlength=n).astype(np.float64, copy=False)


def ratios(parts: Floats, wholes: Floats) -> Floats:
    """``parts / wholes`` group by group; NaN where there is no whole."""
    out = np.full(np.shape(wholes), math.nan)
    np.divide(parts, wholes, out=out, where=wholes > 0)
    return out


def day_counts(days: Ints, group: Ints | None = None, n: int = 1) -> Floats:
    """How many waits last exactly 0, 1, 2, ... days, in each group; shape (n, longest + 1).

    ``days`` must not be negative.
    """
    longest = int(days.max()) if days.size else 0
    row = 0 if group is None else group.astype(np.int64) * (longest + 1)
    flat = np.bincount(row + days.astype(np.int64), minlength=n * (longest + 1))
    return flat.reshape(n, longest + 1).astype(np.float64)


def quantile(counts: Floats, q: float) -> Floats:
    """The day below which a share ``q`` of the waits lies, by group, from :func:`day_counts`; shape (n,).

    Linear interpolation between neighbouring waits (type 7 of Hyndman and Fan 1996, numpy's default).
    """
    out = np.full(len(counts), math.nan)
    for i, row in enumerate(counts):
        total = row.sum()
        if total > 0:
            up_to = np.cumsum(row)
            position = (total - 1) * q
            below, above = np.searchsorted(up_to, [math.floor(position), math.ceil(position)], side="right")
            out[i] = below + (above - below) * (position - math.floor(position))
    return out


def mean_day(counts: Floats) -> Floats:
    """Mean wait in days by group, from :func:`day_counts`; shape (n,)."""
    return ratios(counts @ np.arange(counts.shape[1], dtype=np.float64), counts.sum(axis=1))


def still_waiting(events: Floats, censored: Floats) -> Floats:
    """Kaplan-Meier: share still waiting after each day; shapes (n, days).

    ``events`` and ``censored`` are :func:`day_counts` of the waits that ended, and of those cut short by the
    end of what could be seen; whoever is cut short on a day was still at risk on that day (Kaplan and Meier
    1958). After the last day on which anybody of a group was watched the curve is NaN, unless it has
    reached nought.
    """
    gone = np.cumsum(events + censored, axis=1)
    everybody = gone[:, -1:]
    at_risk = everybody - np.hstack([np.zeros_like(everybody), gone[:, :-1]])
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    still = np.cumprod(1.0 - hazard, axis=1)
    return np.where((at_risk > 0) | ((everybody > 0) & (still == 0.0)), still, math.nan)


def median_days(still: Floats) -> Floats:
    """First day by which at most half are still waiting, by group; NaN if that is never seen."""
    # the product of many factors may stop a rounding error short of exactly one half
    half = still <= 0.5 + 1e-12
    return np.where(half.any(axis=1), half.argmax(axis=1).astype(np.float64), math.nan)


def mean_days_up_to(still: Floats, limit_days: int) -> Floats:
    """Mean days waited in the first ``limit_days``, by group: the area under the curve, in which those who
    are still waiting count with the days they have waited (restricted mean survival time).

    NaN if nobody was watched for that long and some were still waiting when last seen.
    """
    watched = still[:, :limit_days]
    missing = limit_days - watched.shape[1]
    rest = np.where((watched[:, -1] == 0.0) | (missing <= 0), 0.0, math.nan)
    return watched.sum(axis=1) + rest


def gap(values: Floats) -> float:
    """Most deprived fifth less least deprived fifth; ``values`` shape (5,), quintile 1 first."""
    return float(values[0] - values[-1])


def slope_index(values: Floats, weights: Floats) -> float:
    """Slope index of inequality: most deprived end less least deprived end of the fitted line.

    Groups are ordered from most to least deprived and placed at the midpoint of the share of ``weights`` they
    cover (their ridit); a line is fitted through their ``values`` by least squares weighted with ``weights``.
    All groups enter, not only the two ends, and a group counts for as many as it holds. Positive: the value
    is higher among the most deprived. NaN with fewer than two groups that hold anybody.

    Source: Low and Low 2004 (Journal of Public Health 26:388-395), as used in the public health technical
    guidance of the Office for Health Improvement and Disparities.
    """
    held = weights > 0
    if np.count_nonzero(held) < 2:
        return math.nan
    w = weights[held] / weights[held].sum()
    y = values[held]
    rank = np.cumsum(w) - w / 2.0
    x = rank - np.sum(w * rank)
    return -float(np.sum(w * x * (y - np.sum(w * y))) / np.sum(w * x * x))
