"""How many staff a target takes: the smallest multiple of today's staff at which it is met, and how sure that is.

The same children with the same luck are simulated with more or with fewer staff, halving the range in which the answer
lies until it is narrow enough. Luck makes the measure uncertain at every number of staff, so the answer has an interval
too: every multiple at which the 95 % interval of the measure still holds the target (the interval is turned round, as
in calibration: Brown 1993, Measurement, Regression, and Calibration, ch. 2).

It is taken for granted that more staff bring the measure nearer to its target. Whether they did, in what was simulated,
is looked at afterwards and told.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.certainty.statistics import Estimate, estimate

#: Of a multiple: the measure in each replication, shape ``(n_replications,)``.
Measure = Callable[[float], np.ndarray]


@dataclass(frozen=True)
class Needed:
    """What a target takes.

    Attributes:
        multiple: the least found that meets the target; infinite if even the most tried does not, and the least tried
            if that does already.
        low, high: multiples between which the answer lies, with the luck of the simulation; ``low`` is the least tried
            if its interval holds the target, ``high`` infinite if even the most tried may miss it.
        tried: multiple -> the measure there.
        rises: whether the measure moved towards the target with every step of staff tried; otherwise there may be
            more than one answer.
    """

    multiple: float
    low: float
    high: float
    tried: Mapping[float, Estimate]
    rises: bool


def least_staff(
    measure: Measure, target: float, at_least: bool, least: float, most: float, precision: float
) -> Needed:
    """The smallest multiple of the staff at which the mean of ``measure`` meets ``target``.

    Args:
        measure: of a multiple; replication for replication the same luck at every multiple.
        target: of the mean. at_least: whether it is to be reached from below, or else from above.
        least, most: multiples tried, 0 < least < most.
        precision: how far above the true answer the multiple found may be, as a share of it.

    Raises:
        ValueError: fewer than two replications have a value at some multiple.
    """
    sign = 1.0 if at_least else -1.0
    tried: dict[float, Estimate] = {}

    def at(multiple: float) -> Estimate:
        if multiple not in tried:
            tried[multiple] = estimate(np.asarray(measure(multiple)))
            if tried[multiple].n < 2:
                raise ValueError(
                    f"the measure is defined in {tried[multiple].n} replications at {multiple:g}"
                )
        return tried[multiple]

    def likely(e: Estimate) -> float:
        return sign * (e.mean - target)

    def at_best(e: Estimate) -> float:
        return max(sign * (e.low - target), sign * (e.high - target))

    def at_worst(e: Estimate) -> float:
        return min(sign * (e.low - target), sign * (e.high - target))

    found = [_crossing(at, tried, meets, least, most, precision) for meets in (likely, at_best, at_worst)]
    means = [sign * tried[m].mean for m in sorted(tried)]
    rises = all(b >= a for a, b in itertools.pairwise(means))
    return Needed(found[0], found[1], found[2], tried, rises)


@dataclass(frozen=True)
class Mix:
    """Staff band by band that meet a target: no single band can be cut any further.

    Attributes:
        multiples: band -> multiple of its staff now. measure: the measure with them.
    """

    multiples: Mapping[str, float]
    measure: Estimate


def cut_band_by_band(
    measure: Callable[[Mapping[str, float]], np.ndarray],
    bands: Sequence[str],
    start: float,
    target: float,
    at_least: bool,
    least: float,
    precision: float,
) -> Mix:
    """From as many times the staff of every band as meet the target, each band cut as far as its mean still meets it.

    The bands are cut in the order given, each once. Another order may end elsewhere: what is found is one mix without
    anybody to spare, not the only one.

    Args:
        measure: of the multiple of each band; replication for replication the same luck.
        start: of all bands; the target is met there.
    """
    sign = 1.0 if at_least else -1.0
    multiples = dict.fromkeys(bands, start)
    tried: dict[str, Estimate] = {}

    def at(mix: Mapping[str, float]) -> Estimate:
        key = repr(sorted(mix.items()))
        if key not in tried:
            tried[key] = estimate(np.asarray(measure(mix)))
        return tried[key]

    def likely(e: Estimate) -> float:
        return sign * (e.mean - target)

    for band in bands:
        known: dict[float, Estimate] = {}

        def alone(multiple: float, band: str = band, known: dict[float, Estimate] = known) -> Estimate:
            known[multiple] = at({**multiples, band: multiple})
            return known[multiple]

        multiples[band] = _crossing(alone, known, likely, least, start, precision)
    return Mix(multiples, at(multiples))


def _crossing(
    at: Callable[[float], Estimate],
    tried: Mapping[float, Estimate],
    distance: Callable[[Estimate], float],
    least: float,
    most: float,
    precision: float,
) -> float:
    """The smallest multiple known at which ``distance`` is not negative, by bisection of its logarithm; what has been
    tried already narrows the range at no cost."""
    if distance(at(least)) >= 0:
        return least
    if distance(at(most)) < 0:
        return math.inf
    high = min(m for m in tried if distance(tried[m]) >= 0)
    low = max(m for m in tried if m < high and distance(tried[m]) < 0)
    while high / low > 1.0 + precision:
        middle = math.sqrt(low * high)
        if distance(at(middle)) >= 0:
            high = middle
        else:
            low = middle
    return high


def scaled(quantity: Any, by: float) -> Any:
    """A quantity of the configuration, as plain values, times a number."""
    if quantity is None:
        return None
    if isinstance(quantity, int | float):
        return quantity * by
    if isinstance(quantity, str):
        return {"product": [quantity, by]}
    if "product" in quantity:
        return {"product": [*quantity["product"], by]}
    return {
        key: value
        if key == "dial"
        else {dial: scaled(part, by) for dial, part in value.items()}
        if key in ("plus", "minus")
        else scaled(value, by)
        for key, value in quantity.items()
    }
