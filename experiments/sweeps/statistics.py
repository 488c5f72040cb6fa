"""What a sweep says about each of its points: the mean of each measure, and how far it is from the base.

Both come with 95 % intervals over the replications. The difference from the base is taken within replications,
which share their luck (see :mod:`experiments.certainty.statistics`); this is the same arithmetic for many points at once.
A run that failed, or in which a measure is not defined, is left out and not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.certainty.statistics import CONFIDENCE
from experiments.sweeps.ledger import Runs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Intervals:
    """Means over replications; each array has the shape of the values without their last axis.

    ``n`` counts values. ``mean`` is NaN with none, ``sd``, ``low`` and ``high`` with fewer than two.
    """

    mean: np.ndarray
    sd: np.ndarray
    n: np.ndarray
    low: np.ndarray
    high: np.ndarray


def intervals(values: np.ndarray) -> Intervals:
    """Means over the last axis, shape ``(..., n_replications)``, with 95 % intervals (Student's t)."""
    from scipy.special import stdtrit

    known = np.isfinite(values)
    n = known.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        filled = np.where(known, values, 0.0)
        mean = filled.sum(axis=-1) / n
        spread = np.where(known, values - mean[..., None], 0.0)
        sd = np.sqrt((spread * spread).sum(axis=-1) / (n - 1))
        # identical values have no spread, whatever rounding leaves behind
        lowest = np.where(known, values, np.inf).min(axis=-1, initial=np.inf)
        highest = np.where(known, values, -np.inf).max(axis=-1, initial=-np.inf)
        same = (lowest == highest) & (n > 0)
        mean = np.where(same, lowest, mean)
        sd = np.where(n < 2, np.nan, np.where(same, 0.0, sd))
        half = stdtrit(np.maximum(n - 1, 1), 0.5 + CONFIDENCE / 2) * sd / np.sqrt(n)
    return Intervals(mean, sd, n, mean - half, mean + half)


def by_point(runs: Runs, n_points: int, replications: int) -> np.ndarray:
    """Values, shape ``(n_points, n_measures, replications)``; NaN where a run failed or has not ended."""
    out = np.full((n_points, len(runs.measures), replications), np.nan)
    out[runs.point, :, runs.replication] = runs.values
    return out


def statistics_frame(runs: Runs, references: Sequence[int], replications: int) -> pd.DataFrame:
    """One row per point and measure: ``mean``, ``sd``, ``low``, ``high``, ``n``; the same of the difference from
    the point's reference within replications; and how many runs of the point ``failed``."""
    import pandas as pd

    n_points = len(references)
    values = by_point(runs, n_points, replications)
    found, difference = intervals(values), intervals(values - values[list(references)])
    n_measures = len(runs.measures)
    failed = np.bincount(runs.point[runs.failed], minlength=n_points)
    columns = {
        "point": np.repeat(np.arange(n_points), n_measures),
        "measure": np.tile(np.array(runs.measures, dtype=object), n_points),
        "reference": np.repeat(np.array(references, dtype=np.int64), n_measures),
    }
    for prefix, part in (("", found), ("difference_", difference)):
        for name in ("mean", "sd", "low", "high", "n"):
            columns[prefix + name] = getattr(part, name).ravel()
    columns["failed"] = np.repeat(failed, n_measures)
    return pd.DataFrame(columns)
