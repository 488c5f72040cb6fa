"""The process chart that NHS reports use: is this month news, or the usual ups and downs?

An XmR chart (individuals and moving range): the mean, and limits at 2.66 times the mean moving range from it. The
signals are those of NHS England's Making Data Count, as its tools apply them: a point beyond a limit; seven or more in a
row on one side of the mean; seven or more in a row that rise or fall all the way; two of three in a row in the outer
third next to the same limit, all three of them on that side of the mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Three sigma of the individual values, from the mean moving range: 3 / 1.128 (Shewhart; Wheeler 1993).
LIMIT_FACTOR = 2.66
SHIFT, TREND = 7, 7


def xmr(values: np.ndarray) -> pd.DataFrame:
    """The chart of a series; shape ``(n,)``, in time order.

    Returns:
        One row per value: value, mean, lower, upper (the lower limit not below nought, for counts), signal (``high``,
        ``low`` or nothing), rule (which, in words).
    """
    import pandas as pd

    y = np.asarray(values, float)
    mean = float(y.mean())
    reach = LIMIT_FACTOR * float(np.abs(np.diff(y)).mean()) if len(y) > 1 else 0.0
    lower, upper = mean - reach, mean + reach
    rules: list[tuple[str, np.ndarray, np.ndarray]] = [
        ("beyond a limit", y > upper, y < lower),
        (f"{SHIFT} or more on one side", _runs(y > mean, SHIFT), _runs(y < mean, SHIFT)),
        (f"{TREND} or more rising or falling", *_trends(y)),
        ("two of three near a limit", *_near(y, mean, reach)),
    ]
    signal = np.full(len(y), "", object)
    rule = np.full(len(y), "", object)
    for words, high, low in reversed(rules):  # the strongest rule is named
        signal[high], signal[low] = "high", "low"
        rule[high | low] = words
    return pd.DataFrame(
        {"value": y, "mean": mean, "lower": max(lower, 0.0), "upper": upper, "signal": signal, "rule": rule}
    )


def _runs(mask: np.ndarray, least: int) -> np.ndarray:
    """Members of runs of at least ``least`` true values."""
    out = np.zeros(len(mask), bool)
    start = 0
    for i in range(len(mask) + 1):
        if i == len(mask) or not mask[i]:
            if i - start >= least:
                out[start:i] = True
            start = i + 1
    return out


def _trends(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of runs of ``TREND`` or more values that rise (fall) all the way."""
    out = []
    for step in (np.diff(y) > 0, np.diff(y) < 0):
        steps = _runs(step, TREND - 1)
        points = np.zeros(len(y), bool)
        points[:-1] |= steps
        points[1:] |= steps
        out.append(points)
    return out[0], out[1]


def _near(y: np.ndarray, mean: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Points in the outer third on one side that are two of three in a row on that side of the mean."""
    out = []
    for side, outer in (
        (y > mean, y > mean + reach * 2 / 3),
        (y < mean, y < mean - reach * 2 / 3),
    ):
        points = np.zeros(len(y), bool)
        for i in range(len(y) - 2):
            three = slice(i, i + 3)
            if side[three].all() and outer[three].sum() >= 2:
                points[three] |= outer[three]
        out.append(points)
    return out[0], out[1]
