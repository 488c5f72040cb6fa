"""Functional score, and how it changes: closed form, so it is only worked out when something happens.

The score of a need is on the 0-5 activity and participation scale of Therapy Outcome Measures. Between events

    no support:    dy/dt = n                    n: natural drift, by kind and age, plus the child's own deviation
    with support:  dy/dt = n + r (p - y)        r: sum of the rates of the supports running, p: potential

A child at or above potential is not pulled down by support. Within one age band the score moves in one
direction only, so clipping to the scale at the end of a piece is exact, and so is its integral over time.
"""

from __future__ import annotations

import math

import numpy as np

from sim.jit import compiled
from sim.numerics import exp, log

LOWEST = 0.0
HIGHEST = 5.0
DAYS_PER_YEAR = 365.25


@compiled
def line(y: float, days: float, n: float) -> tuple[float, float]:
    """Score after ``days`` at drift ``n`` (points a day) and no support, and its integral (point-days)."""
    end = y + n * days
    if end > HIGHEST or end < LOWEST:
        bound = HIGHEST if end > HIGHEST else LOWEST
        reach = (bound - y) / n  # days until the end of the scale
        return bound, (y + bound) * 0.5 * reach + bound * (days - reach)
    return end, (y + end) * 0.5 * days


@compiled
def pull(y: float, days: float, n: float, r: float, p: float) -> tuple[float, float]:
    """As :func:`line`, with support ``r`` (per day, not 0) towards ``p`` all the time."""
    level = p + n / r  # where drift and support balance
    decay = exp(-r * days)
    end = level + (y - level) * decay
    if end > HIGHEST or end < LOWEST:
        bound = HIGHEST if end > HIGHEST else LOWEST
        share = (bound - level) / (y - level)
        reach = -log(share) / r
        return bound, level * reach + (y - level) * (1.0 - share) / r + bound * (days - reach)
    return end, level * days + (y - level) * (1.0 - decay) / r


@compiled
def piece(y: float, days: float, n: float, r: float, p: float) -> tuple[float, float]:
    """Score after ``days`` at drift ``n`` (points a day) and support ``r`` (per day), and its integral (point-days).

    Support acts below the potential ``p`` only; where the score passes it, the piece has two parts.
    """
    if r == 0.0 or (y >= p and n >= 0.0):
        return line(y, days, n)
    if y >= p:
        reach = (p - y) / n  # days until drift brings the child below its potential
        if reach >= days:
            return line(y, days, n)
        end, area = pull(p, days - reach, n, r, p)
        return end, (y + p) * 0.5 * reach + area
    end, area = pull(y, days, n, r, p)
    if end <= p:
        return end, area
    level = p + n / r
    reach = min(-log((p - level) / (y - level)) / r, days)  # days until drift carries the child past it
    _, before = pull(y, reach, n, r, p)
    end, area = line(p, days - reach, n)
    return end, before + area


@compiled
def advance(
    y: float,
    start: int,
    end: int,
    birth: int,
    band_from: np.ndarray,  # (n_bands,) days of age at which each drift band begins
    band_drift: np.ndarray,  # (n_bands,) points a day
    deviation: float,
    r: float,
    p: float,
) -> tuple[float, float]:
    """Score at day ``end`` from score ``y`` at day ``start``, through the age bands, and its integral.

    ``deviation`` (points a day) is added to every band's drift. Returns (score, point-days).
    """
    total = 0.0
    t = start
    for b in range(band_from.shape[0]):
        last = b + 1 == band_from.shape[0]
        upto = end if last else min(end, birth + band_from[b + 1])
        if upto > t:
            y, area = piece(y, float(upto - t), band_drift[b] + deviation, r, p)
            total += area
            t = upto
    return y, total


@compiled
def no_service(
    y: float,
    onset: int,
    end: int,
    window: int,
    escalates: int,
    step: float,
    normal: float,
    birth: int,
    band_from: np.ndarray,
    band_drift: np.ndarray,
    deviation: float,
) -> tuple[float, float]:
    """The same need with no service at all: score at ``end``, and its integral from day ``window`` on.

    At day ``escalates`` the score falls by ``step`` unless the need is within the normal range by then.
    """
    total = 0.0
    t = onset
    if onset <= escalates < end:
        y_then, area = windowed(y, t, escalates, window, birth, band_from, band_drift, deviation, 0.0, 0.0)
        if y_then < normal:  # only then is there a new starting point, as in a run
            total += area
            y = max(LOWEST, y_then - step)
            t = escalates
    y, area = windowed(y, t, end, window, birth, band_from, band_drift, deviation, 0.0, 0.0)
    return y, total + area


@compiled
def windowed(
    y: float,
    start: int,
    end: int,
    window: int,
    birth: int,
    band_from: np.ndarray,
    band_drift: np.ndarray,
    deviation: float,
    r: float,
    p: float,
) -> tuple[float, float]:
    """As :func:`advance`, with the integral counted from day ``window`` on only."""
    y_end, area = advance(y, start, end, birth, band_from, band_drift, deviation, r, p)
    if window <= start:
        return y_end, area
    if window >= end:
        return y_end, 0.0
    _, before = advance(y, start, window, birth, band_from, band_drift, deviation, r, p)
    return y_end, area - before


@compiled
def rate_of(gain: float, gap: float, days: float) -> float:
    """Rate per day at which a child ``gap`` below potential gains ``gain`` in ``days`` (no drift).

    Negative gains (harmful offers) give negative rates; a gain of the whole gap or more is capped at 95 % of it.
    """
    if days <= 0.0 or gap <= 0.0:
        return 0.0
    share = min(gain / gap, 0.95)
    return -log(1.0 - share) / days


@compiled
def age_years(birth: int, day: int) -> float:
    """Age on a day, years."""
    return (day - birth) / DAYS_PER_YEAR


@compiled
def level_of(y: float, targeted_below: float, specialist_below: float) -> int:
    """Level of support that a score calls for: 0 universal, 1 targeted, 2 specialist."""
    if y < specialist_below:
        return 2
    return 1 if y < targeted_below else 0


@compiled
def whole_days(years: float) -> int:
    """Years as a whole number of days."""
    return math.floor(years * DAYS_PER_YEAR)
