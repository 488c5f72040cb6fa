"""Many systems at once: intervals that all hold together, and not just each by itself.

With one comparison in twenty missing the truth, a table of ten comparisons is quite likely to hold a miss. These
intervals are wide enough that, in 95 of 100 experiments, *all* of them hold the truth.

*Bonferroni* divides the allowed error by the number of comparisons: simple, always safe, somewhat wide.
*max-t* takes into account that the comparisons share systems and luck: it asks how large the largest of all the
t values becomes by luck alone, in made-up experiments with the same correlations and no difference at all
(the single-step method of Westfall and Young 1993, Resampling-Based Multiple Testing, with a normal model).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.bootstrap import paired_bootstrap
from experiments.certainty.statistics import CONFIDENCE, estimate
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

#: Made-up experiments behind a critical value.
EXPERIMENTS = 4000
AT_ONCE = 500

#: With more replications than this the spread is as good as known: no more are made up (slightly wide, never narrow).
MANY = 60


def bonferroni_quantile(n_comparisons: int, n_replications: int) -> float:
    """Half width in standard errors with which ``n_comparisons`` intervals hold together in 95 of 100 experiments."""
    from scipy.special import stdtrit

    return float(stdtrit(n_replications - 1, 1 - (1 - CONFIDENCE) / (2 * n_comparisons)))


def max_t_quantile(differences: np.ndarray, seed: int = 1) -> float:
    """The same, with the correlations of the comparisons.

    Args:
        differences: paired differences, shape ``(n_replications, n_comparisons)``, no NaN, at least two
            replications. Comparisons that do not vary at all count for nothing.

    Returns:
        Never more than Bonferroni's, since that is always enough; NaN if nothing varies.
    """
    n, _ = differences.shape
    # not by the spread: rounding leaves a little of it in a column of equal numbers
    varies = np.ptp(differences, axis=0) > 0
    if not varies.any():
        return float("nan")
    count = int(varies.sum())
    if count == 1:
        return bonferroni_quantile(1, n)
    centred = differences[:, varies] - differences[:, varies].mean(axis=0)
    scaled = centred / centred.std(axis=0)
    # rows of normal numbers times these have the correlations found; only as many as there are independent ones
    _, sizes, axes = np.linalg.svd(scaled, full_matrices=False)
    keep = sizes > 1e-9 * sizes[0]
    roots = (sizes[keep, None] / np.sqrt(n)) * axes[keep]
    random = np.random.default_rng([seed, n, count])
    size = min(n, MANY)
    largest = [
        np.abs(made_up.mean(axis=1) / made_up.std(axis=1, ddof=1)).max(axis=1) * np.sqrt(size)
        for _ in range(EXPERIMENTS // AT_ONCE)
        for made_up in [random.standard_normal((AT_ONCE, size, len(roots))) @ roots]
    ]
    return min(float(np.quantile(largest, CONFIDENCE)), bonferroni_quantile(count, n))


def intervals_frame(
    summaries: Mapping[str, Mapping[str, np.ndarray]],
    measures: Sequence[str] = tuple(LABELS),
    seed: int = 1,
) -> pd.DataFrame:
    """Every pair of systems and every measure: the paired difference ``other - reference`` with its 95 % interval by
    Student's t, by the bootstrap (BCa), and such that the intervals of all pairs hold together.

    Args:
        summaries: system -> measure -> values, shape ``(n_replications,)``; the same position is the same luck.
        measures: which of them.
        seed: of the redraws.

    The simultaneous intervals (``all_low``, ``all_high``) of a measure use the replications in which all systems have a
    value; they are empty if fewer than two have.
    """
    import pandas as pd

    pairs = list(itertools.combinations(summaries, 2))
    rows: list[dict[str, Any]] = []
    for name in measures:
        columns = {system: np.asarray(values[name], float) for system, values in summaries.items()}
        complete = np.isfinite(np.column_stack(list(columns.values()))).all(axis=1)
        critical = float("nan")
        if complete.sum() > 1:
            together = np.column_stack([columns[b][complete] - columns[a][complete] for a, b in pairs])
            critical = max_t_quantile(together, seed)
        for reference, other in pairs:
            t = estimate(columns[other] - columns[reference])
            boot = paired_bootstrap(columns[reference], columns[other], seed)
            joint = estimate((columns[other] - columns[reference])[complete])
            half = 0.0 if joint.sd == 0 else critical * joint.sd / np.sqrt(max(joint.n, 1))
            rows.append(
                {
                    "reference": reference,
                    "other": other,
                    "measure": name,
                    "label": LABELS[name].label,
                    "unit": LABELS[name].stored_unit,
                    "difference": t.mean,
                    "n": t.n,
                    "low": t.low,
                    "high": t.high,
                    "bootstrap_low": boot.low,
                    "bootstrap_high": boot.high,
                    "all_n": joint.n,
                    "all_low": joint.mean - half,
                    "all_high": joint.mean + half,
                    "n_comparisons": len(pairs),
                }
            )
    return pd.DataFrame(rows)
